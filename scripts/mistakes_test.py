"""Inputs that a person gets wrong: each is one line on standard error and exit status 2.

Nearly all of them in this process; command_test.py has those of a process of its own.
"""

import json
import re

import pytest

from experiments.studies.testing import leave
from experiments.training.config import run_id_of
from scripts.testing import refused

EXAMPLE = "configs/studies/one_large_dcn_clippy.gin"
CASES = "{'a': {'model': 'small', 'rate_multiple': -2}}"
FILES = {
    "word.gin": f"include '{EXAMPLE}'\nwords\n",
    "zero.gin": f"include '{EXAMPLE}'\nTrainerConfig.batch_size = 0\n",
    "own.gin": f"\nCasesConfig.title = 'Own'\nCasesConfig.runs = 1\nCasesConfig.cases = {CASES}\n",
}
# One mistake for each way out: a script, its flags, what the line says. {here} is a folder with
# FILES and made-up runs. The tests of gin files, studies and records have the other mistakes.
MISTAKES = [
    # the command line
    ("calibrate", "--profile=smok", r"configs/profiles: no 'smok': .*\(did you mean smoke\?\)"),
    ("reproduce_table2", "--workers=1.5", "flag --workers=1.5: expected a positive integer"),
    ("run", "--data_seed=-1", "flag --data_seed=-1: expected a non-negative integer"),
    ("replay", "--run=small-gc --rate=fast", "flag --rate=fast: expected number >= 1e-12"),
    ("reproduce_table2", "--wokers=2", "Unknown command line flag 'wokers'. Did you mean: workers"),
    ("reproduce_table2", "extra", "command line: 'extra': expected flags only"),
    ("table1", "--data_seed=3", "DATA_SEED: this command does not read it"),
    ("run", f"--config={EXAMPLE} --cluster=tcp://a:1", "CLUSTER: this command does not read it"),
    ("calibrate", "--cluster=dask", "CLUSTER = 'dask': "),
    ("reproduce_table2", "--cluster=tcp://a:1 --workers=3", "WORKERS = 3: expected no WORKERS"),
    ("reproduce_table2", "--seeds=101", "Table2Config.repeats = 101: "),
    ("chaos", "--seeds=0", "flag --seeds=0: expected a positive integer"),
    ("plan", "--memory=80", "MEMORY = 80.0: "),
    ("figures", "--figure=9", r"FIGURE = '9': expected one of 1, .*, 7, 8, labels, onset"),
    ("figures", "--figure=7", r"figure7: \d+ runs are not recorded, as .*smoke_translation/runs"),
    ("figures", "--figure=7 --data_seed=12", "DATA_SEED = 12: expected none on a corpus"),
    ("reproduce_figure7", "--profile=movielens", "configs/profiles: no 'movielens_translation'"),
    ("plants", "--profile=flights", "PROFILE = 'flights': a log, in which nothing is planted: "),
    ("plants", "", "PlantsConfig.last_day = 20: expected at most 6 on profile smoke, of 8 days"),
    ("fetch.__main__", "--stream=flight", r"STREAM = 'flight': .*did you mean flights\?"),
    # gin files, and what overrides them
    ("run", "", "CONFIG = '': expected a gin file"),
    ("run", "--config=nowhere.gin", "nowhere.gin: cannot be read: No such file"),
    ("run", "--config={here}/word.gin", "word.gin:2: not gin: words"),
    ("run", "--config={here}/zero.gin", "zero.gin:2: TrainerConfig.batch_size = 0: "),
    ("run", f"--config={EXAMPLE} --set=learning_rate=0", "run.learning_rate = 0: "),
    ("run", f"--config={EXAMPLE} --set=learning_rat=1", r"did you mean learning_rate\?"),
    ("run", f"--config={EXAMPLE} --set=data_seed=2 --data_seed=3", "data_seed is bound twice"),
    ("run", f"--config={EXAMPLE} --devices=3", "DEVICES = 3: .* TrainerConfig.batch_size = 256"),
    ("run", f"--config={EXAMPLE} --devices=2 --telemetry=1", "TELEMETRY = 1: "),
    ("run", "--config=warmup", "warmup.gin: binds CasesConfig: expected the file of one run"),
    ("study", "", "STUDY = '': "),
    ("study", "--study={here}/own.gin", r"own.gin:4: .*\['rate_multiple'\] = -2: "),
    # recorded runs
    ("replay", "", "RUN = '': .*the name of a record"),
    ("replay", "--run=../x", "RUN = '../x': .*the name of a record"),
    ("replay", "--run=small-gc --rate=nan", "RATE = nan: expected a finite number, above 0"),
    ("replay", "--run=nobody", "RUN = 'nobody': no record in"),
    ("doctor", "--run=small-naive", "the run crashed: "),
    ("compare", "", "RUNS = '': expected 2 to 8 ids"),
    ("compare", "--runs=a,b,c,d,e,f,g,h,i", "expected 2 to 8 ids"),
    ("compare", "--runs=small-gc,small-clipy-x", "RUNS = 'small-clipy-x': no record in"),
    ("compare", "--runs=small-gc,small-gc-", "expected each run once"),
    ("list", "--method=clipy", r"METHOD = 'clipy': .*\(did you mean clippy\?\)"),
    ("list", "--status=helthy", r"STATUS = 'helthy': .*did you mean healthy\?"),
    ("list", "--study=warmup", "STUDY = 'warmup': has no runs: "),
    ("list", "--data_seed=5", "smoke-data5: no run: expected a results folder with some"),
    ("tensorboard", "--noserve --model=huge,small", "MODEL = 'huge': expected one of small"),
    ("report", "--data_seed=5", "smoke-data5: no results to report: expected a profile"),
    ("verify.__main__", "--data_seed=5", "smoke-data5: no results to verify: expected a profile"),
    ("prove", "--data_seed=5", "smoke-data5: no results: expected a profile and DATA_SEED with"),
    ("rescues", "--data_seed=5", "smoke: not calibrated: expected the runs of make calibrate"),
    ("detector", "--data_seed=5", "smoke-data5/runs: no runs with telemetry: "),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with FILES, and results/smoke with three runs, one of which crashed."""
    folder = tmp_path_factory.mktemp("here")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    for method, status in {"gc": "finished", "clippy": "finished", "naive": "crashed"}.items():
        leave(folder / "results" / "smoke", method=method, status=status)
    return folder


@pytest.mark.parametrize("script, arguments, said", MISTAKES)
def test_a_mistake_is_one_line_and_exit_status_2(here, capfd, script, arguments, said):
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    words = arguments.format(here=here).split()
    error = refused(script, words, capfd, here / "results", here / "cache")
    assert re.search(said, error), error
    assert not (here / "cache").exists()
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


HOSTS = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'


@pytest.mark.parametrize(
    "tf_config, flags, said",
    [("{'cluster': {}}", [], "TF_CONFIG: not JSON"), (HOSTS, ["--devices=2"], "DEVICES = 2: ")],
)
def test_a_bad_tf_config_is_a_mistake_too(monkeypatch, tmp_path, capfd, tf_config, flags, said):
    monkeypatch.setenv("TF_CONFIG", tf_config)
    arguments = [f"--config={EXAMPLE}", *flags]
    assert said in refused("run", arguments, capfd, tmp_path / "results", tmp_path / "cache")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "file, text, said",
    [
        ("runs/{id}.csv.gz", "", ""),
        ("calibration.json", '{"base_rate": "fast"}', "not a calibration"),
        ("own_runs.csv", "name\n1\n", "not the runs of a study"),
    ],
)
def test_results_that_are_not_whole_are_named(tmp_path, capfd, file, text, said):
    path = tmp_path / "smoke" / file.format(id=leave(tmp_path / "smoke").run_id)
    path.write_text(text)
    assert f"{path}: {said}" in refused("list", [], capfd, tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("renamed", [True, False])
def test_a_record_of_another_version_is_named(tmp_path, capfd, renamed):
    """Whether its id is that of its configuration, as of another version, or not."""
    record = leave(tmp_path / "smoke")
    path = tmp_path / "smoke" / "runs" / f"{record.run_id}.json"
    fields = json.loads(path.read_text())
    del fields["config"]["trainer"]["warmup_days"], fields["own_sha256"]
    if renamed:
        fields["run_id"] = run_id_of(fields["config"])
        path = path.with_stem(fields["run_id"])
    path.write_text(json.dumps(fields))
    said = "not a configuration of this version" if renamed else "the configuration of small-gc-"
    for script in ("doctor", "replay"):
        arguments = [f"--run={fields['run_id']}"]
        error = refused(script, arguments, capfd, tmp_path, tmp_path / "cache")
        assert f"{path}: {said}" in error


@pytest.mark.parametrize(
    "script, folder",
    [(script, folder) for script in ("run", "reproduce_table2") for folder in ("results", "cache")]
    + [("table1", "results")],  # it makes no days
)
def test_a_folder_that_is_a_file_is_named(tmp_path, capfd, script, folder):
    (tmp_path / folder).write_text("a file in the way")
    arguments = [f"--config={EXAMPLE}"] if script == "run" else []
    error = refused(script, arguments, capfd, tmp_path / "results", tmp_path / "cache")
    assert re.search(rf"{tmp_path}/{folder}.* cannot be written", error)

"""Inputs that a person gets wrong: each is one line on standard error and exit status 2.

Nearly all of them in this process; command_test.py has those of a process of its own.
"""

import importlib
import json
import re
import sys

import pytest
from absl.testing import flagsaver

from experiments.studies.testing import leave
from experiments.training.config import run_id_of
from scripts import command

EXAMPLE = "configs/studies/one_large_dcn_clippy.gin"
STUDY = """
CasesConfig.title = 'Own'
CasesConfig.runs = 1
CasesConfig.cases = {'a': {'model': 'small', 'rate_multiple': 1}}
"""
FILES = {
    "empty.gin": "",
    "binary.gin": b"\xff\xfe\x00",
    "page.gin": "# A page\nwith words in it\n",
    "open.gin": f"include '{EXAMPLE}'\nTrainerConfig.batch_size = (1,\n",
    "loop.gin": "include '{here}/back.gin'\n",
    "back.gin": "include '{here}/loop.gin'\n",
    "nowhere.gin": "include 'configs/modls/small.gin'\n",
    "float.gin": f"include '{EXAMPLE}'\nTrainerConfig.batch_size = 64.0\n",
    "zero.gin": f"include '{EXAMPLE}'\nTrainerConfig.batch_size = 0\n",
    "rates.gin": f"include '{EXAMPLE}'\nrun.learning_rate = [0.1, '0.2']\n",
    "macro.gin": f"include '{EXAMPLE}'\nTrainerConfig.batch_size = %BATCH\n",
    "dots.gin": f"include '{EXAMPLE}'\nrun.stream.days = 9\n",
    "class.gin": f"include '{EXAMPLE}'\nTranerConfig.batch_size = 64\n",
    "own.gin": STUDY,
    "no_cases.gin": STUDY.replace("{'a'", "{} #"),
    "key.gin": STUDY.replace("'rate_multiple'", "'rate_multipl': 1, 'rate_multiple'"),
    "no_rate.gin": STUDY.replace("'rate_multiple': 1", "'method': 'gc'"),
    "string.gin": STUDY.replace("'rate_multiple': 1", "'rate_multiple': '0.4'"),
    "negative.gin": STUDY.replace("'rate_multiple': 1", "'rate_multiple': -2"),
    "model.gin": STUDY.replace("'small'", "'smal'"),
    "models.gin": STUDY.replace("'small'", "['small', 'large']"),
    "method.gin": STUDY.replace("'small'", "'small', 'method': 'clipy'"),
    "threshold.gin": STUDY.replace("'small'", "'small', 'threshold': 0.1"),
    "against.gin": STUDY.replace("'small'", "'small', 'against': 'b'"),
    "set.gin": STUDY.replace("'small'", "'small', 'set': ['TrainerConfig.batch = 9']"),
    "seeds.gin": STUDY.replace("CasesConfig.runs = 1", "CasesConfig.runs = [0, 1, 1]"),
}
# Name of a script, its flags, what the line says. {here} is a folder with FILES and made-up runs.
MISTAKES = [
    # the command line
    (
        "run",
        f"--config={EXAMPLE} --profile=smok",
        "configs/profiles: no 'smok': allowed is one of laptop, paper, smoke",
    ),
    ("reproduce_table2", "--profile=smok", r"no 'smok': .*\(did you mean smoke\?\)"),
    ("calibrate", "--profile=smok", "no 'smok': allowed is one of laptop"),
    ("claims", "--profile=smok", "no 'smok': allowed is one of laptop"),
    ("report", "--profile=smok", "no 'smok': allowed is one of laptop"),
    ("report", "--data_seed=5", "smoke-data5: no results to report: allowed is a"),
    ("chaos", "--profile=typo", "no 'typo': allowed is one of laptop"),
    ("chaos", "--kills=0", "flag --kills=0: allowed is a positive integer"),
    ("table1", "--profile=typo", "no 'typo': allowed is one of laptop"),
    ("bench", "--profile=typo", "no 'typo': allowed is one of laptop"),
    ("plan", "--profile=typo", "no 'typo': allowed is one of laptop"),
    ("plan", "--flops=fast", "command line: flag --flops=fast: allowed is a number"),
    ("plan", "--flops=0", "FLOPS = 0.0: allowed is a finite number, above 0"),
    ("plan", "--flops=inf", "FLOPS = inf: allowed is a finite number, above 0"),
    ("plan", "--flops=1e14 --memory=-8", "MEMORY = -8.0: allowed is a finite number, above 0"),
    ("plan", "--memory=80", "MEMORY = 80.0: allowed is MEMORY beside FLOPS"),
    ("plan", "--profile=smoke --repeats=0", "Table2Config.repeats = 0: allowed is a whole"),
    ("list", "--profile=typo", "no 'typo': allowed is one of laptop"),
    (
        "reproduce_table2",
        "--workers=0",
        "command line: flag --workers=0: allowed is a positive int",
    ),
    ("reproduce_table2", "--workers=abc", "flag --workers=abc: allowed is a positive integer"),
    ("calibrate", "--workers=1.5", "flag --workers=1.5: allowed is a positive integer"),
    ("study", "--study={here}/own.gin --cluster=10.0.0.5:8786", "CLUSTER = '10.0.0.5:8786': allow"),
    ("calibrate", "--cluster=dask", "CLUSTER = 'dask': allowed is the address of a Dask scheduler"),
    ("calibrate", "--cluster=", "CLUSTER = '': allowed is the address of a Dask scheduler"),
    ("reproduce_table2", "--cluster=tcp://a:1 --workers=3", "WORKERS = 3: allowed is none with"),
    ("calibrate", "--cluster=tls://127.0.0.1:9", "'tls://127.0.0.1:9': no certificates: allowed"),
    ("run", f"--config={EXAMPLE} --cluster=tcp://a:1", "CLUSTER: allowed is none: one run"),
    ("run", "--data_seed=-1", "flag --data_seed=-1: allowed is a non-negative integer"),
    ("run", "--data_seed=1.5", "flag --data_seed=1.5: allowed is a non-negative integer"),
    ("run", "--devices=0", "flag --devices=0: allowed is a positive integer"),
    ("run", "--devices=two", "flag --devices=two: allowed is a positive integer"),
    (
        "run",
        f"--config={EXAMPLE} --devices=3",
        "DEVICES = 3: allowed is a divisor of TrainerConfig.batch_size = 256",
    ),
    ("run", f"--config={EXAMPLE} --devices=2 --telemetry", "TELEMETRY = 1: allowed is one device"),
    ("reproduce_table2", "--repeats=0", "Table2Config.repeats = 0: allowed is a whole number"),
    ("reproduce_table2", "--repeats=-3", "Table2Config.repeats = -3: allowed is a whole number"),
    ("reproduce_table2", "--repeats=999", "Table2Config.repeats = 999: .* at most 100"),
    ("reproduce_table3", "--repeats=0", "CasesConfig.runs = 0: allowed is a"),
    ("claims", "--repeats=x", "flag --repeats=x: allowed is an integer"),
    ("reproduce_table2", "--repeat=x", "command line: Unknown command line flag 'repeat'. Did you"),
    ("reproduce_table2", "extra", "command line: 'extra': allowed are flags only"),
    ("figures", "--figure=7", "FIGURE = 7: allowed is one of 1, 2, 3, 4, 5, 6, 8"),
    ("figures", "--figure=x", "command line: flag --figure=x: allowed is an integer"),
    ("verify", "--profile=smok", "no 'smok': allowed is one of laptop"),
    ("verify", "--data_seed=5", "smoke-data5: no results to verify: allowed is a profile and"),
    ("verify", "--again=-1", "flag --again=-1: allowed is a non-negative integer"),
    ("verify", "--again=all", "flag --again=all: allowed is a non-negative integer"),
    ("verify", "--draw=x", "flag --draw=x: allowed is a non-negative integer"),
    # the file of a run
    ("run", "", "CONFIG = '': allowed is a gin file"),
    ("run", "--config=nowhere.gin", "nowhere.gin: cannot be read: No such file"),
    ("run", "--config=configs", "configs: cannot be read: Is a directory"),
    ("run", "--config={here}/empty.gin", "empty.gin: ModelConfig.name has no value: allowed is a"),
    ("run", "--config=configs/models/small.gin", "small.gin: MethodConfig.name has no value"),
    ("run", "--config={here}/binary.gin", "binary.gin: cannot be read: not text"),
    ("run", "--config={here}/page.gin", "page.gin:2: not gin: with words in it: allowed is name"),
    ("run", "--config={here}/open.gin", "open.gin: an open bracket or quote: allowed are closed"),
    ("run", "--config={here}/loop.gin", "loop.gin: includes itself: allowed are files that do not"),
    ("run", "--config={here}/nowhere.gin", "configs/modls/small.gin: cannot be read: No such"),
    ("run", "--config={here}/float.gin", "float.gin:2: TrainerConfig.batch_size = 64.0: allowed"),
    ("run", "--config={here}/zero.gin", "zero.gin:2: TrainerConfig.batch_size = 0: allowed is a"),
    ("run", "--config={here}/rates.gin", r"rates.gin:2: run.learning_rate = \[0.1, '0.2'\]: allow"),
    ("run", "--config={here}/macro.gin", "macro.gin:2: %BATCH has no value: allowed is a file"),
    ("run", "--config={here}/dots.gin", "dots.gin:2: run.stream has no parts: allowed is as St"),
    ("run", "--config={here}/class.gin", r"class.gin:2: TranerConfig .*mean TrainerConfig\?"),
    # what overrides it
    ("run", f"--config={EXAMPLE} --set=learning_rate", "'learning_rate': allowed is name=value"),
    ("run", f"--config={EXAMPLE} --set=learning_rate=0", "run.learning_rate = 0: allowed is a fin"),
    ("run", f"--config={EXAMPLE} --set=learning_rate=nan", "command line: not gin: "),
    ("run", f"--config={EXAMPLE} --set=learning_rate=O.1", "not gin: run.learning_rate = O.1"),
    ("run", f"--config={EXAMPLE} --set=learning_rate=0,1", "not gin: run.learning_rate = 0,1"),
    ("run", f"--config={EXAMPLE} --set=learning_rat=1", r"did you mean learning_rate\?"),
    ("run", f"--config={EXAMPLE} --set=StreamConfig.days='8'", "days = '8': allowed is a whole"),
    (
        "run",
        f"--config={EXAMPLE} --set=TrainerConfig.window_days=99",
        "= 99: allowed is at most the",
    ),
    ("run", f"--config={EXAMPLE} --set=THRESHOLD=0.1", "THRESHOLD has no effect"),
    ("run", f"--config={EXAMPLE} --set=ModelConfig.tasks=('clik',)", "tasks = 'clik': allowed is"),
    ("run", f"--config={EXAMPLE} --set=MethodConfig.rule='clip'", "rule = 'clip': allowed is one"),
    ("run", f"--config={EXAMPLE} --set=run_seed=1\trun_seed=2", "run.run_seed is bound twice"),
    ("run", f"--config={EXAMPLE} --set=data_seed=2 --data_seed=3", "data_seed is bound twice"),
    # the file of a study
    ("study", "", "STUDY = '': allowed is a gin file"),
    ("study", "--study=nowhere.gin", "nowhere.gin: cannot be read"),
    ("study", "--study=configs/studies", "configs/studies: cannot be read: Is a directory"),
    ("study", f"--study={EXAMPLE}", "CasesConfig.title has no value"),
    ("study", "--study={here}/no_cases.gin", r"no_cases.gin:4: CasesConfig.cases = \{\}: allowed"),
    ("study", "--study={here}/key.gin", r"key.gin:4: .*'rate_multipl': .*mean rate_multiple\?"),
    ("study", "--study={here}/no_rate.gin", "no_rate.gin:4: .*a dict with 'rate_multiple'"),
    ("study", "--study={here}/string.gin", r"'\]\['rate_multiple'\] = '0.4': allowed is a finite"),
    ("study", "--study={here}/negative.gin", r"\['rate_multiple'\] = -2: allowed is a finite"),
    ("study", "--study={here}/model.gin", r"model.gin: .*\['a'\]: .*no 'smal': .*mean small\?"),
    (
        "study",
        "--study={here}/models.gin",
        r"\['model'\] = \['small', 'large'\]: allowed is a name",
    ),
    ("study", "--study={here}/method.gin", r"no 'clipy': allowed .*\(did you mean clippy\?\)"),
    ("study", "--study={here}/threshold.gin", r"\['a'\]: THRESHOLD has no effect: allowed are"),
    (
        "study",
        "--study={here}/against.gin",
        r"\['against'\] = 'b': allowed is '' in a study of one",
    ),
    ("study", "--study={here}/set.gin", r"batch is unknown: .*\(did you mean batch_size\?\)"),
    ("study", "--study={here}/seeds.gin", r"seeds.gin:3: CasesConfig.runs = \[0, 1, 1\]: allowed"),
    # recorded runs
    ("replay", "", "RUN = '': allowed is the name of a record"),
    ("replay", "--run=nobody", "RUN = 'nobody': no record in"),
    ("replay", "--run=small-gc --steps=0", "flag --steps=0: allowed is a positive integer"),
    ("replay", "--run=small-gc --rate=fast", "flag --rate=fast: allowed is number >= 1e-12"),
    ("replay", "--run=small-gc --rate=-1", "flag --rate=-1: allowed is number >= 1e-12"),
    ("doctor", "--run=../small", "RUN = '../small': allowed is the name of a record"),
    ("doctor", "--run=small-naive", "the run crashed: allowed is one that ended"),
    ("compare", "", "RUNS = '': allowed are 2 to 8 ids"),
    ("compare", "--runs=small-gc\tsmall-gcc", "RUNS = 'small-gcc': no record in"),
    ("list", "--method=clipy", r"METHOD = 'clipy': allowed .*\(did you mean clippy\?\)"),
    ("list", "--status=divergd", "STATUS = 'divergd': allowed is one of"),
    ("list", "--study=warmup", "STUDY = 'warmup': no runs of it: allowed is a study once"),
    ("list", "--data_seed=5", "smoke-data5: no run: allowed is a results folder with some"),
    ("detector", "--data_seed=5", "smoke-data5/runs: no run: make run or a study leaves some"),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with FILES, and results/smoke with three runs, one of which crashed."""
    folder = tmp_path_factory.mktemp("here")
    for name, content in FILES.items():
        content = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(content.replace(b"{here}", str(folder).encode()))
    for method, status in {"gc": "finished", "clippy": "finished", "naive": "crashed"}.items():
        leave(folder / "results" / "smoke", method=method, status=status)
    return folder


def attempt(script, arguments, capfd, results, cache):
    """(exit status, standard output, standard error) of a command in this process."""
    flags = ["--profile=smoke", f"--results={results}", f"--cache={cache}", *arguments]
    sys.modules.pop(f"scripts.{script}", None)  # its flags are gone with the last attempt
    with flagsaver.flagsaver():
        module = importlib.import_module(f"scripts.{script}")
        status = command.exit_status(module.main, [script, *flags])
        sys.modules.pop(f"scripts.{script}")
    return status, *capfd.readouterr()


def refused(script, arguments, capfd, results, cache):
    """The one line of a command that exits with 2."""
    status, out, error = attempt(script, arguments, capfd, results, cache)
    assert (status, out) == (2, ""), error
    assert error.startswith("error: ")
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize("script, arguments, said", MISTAKES)
def test_a_mistake_is_one_line_and_exit_status_2(here, capfd, script, arguments, said):
    results, arguments = here / "results", arguments.format(here=here).split(" ")
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    cache = here / "cache"
    error = refused(script, [part for part in arguments if part], capfd, results, cache)
    assert re.search(said, error), error
    assert not cache.exists()
    after = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    "tf_config, flags, said",
    [
        ("{'cluster': {}}", [], "TF_CONFIG: not JSON"),
        ('{"cluster": {"worker": ["a:1"]}}', [], "TF_CONFIG: task = None: allowed is a dict"),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
            [],
            "TF_CONFIG: task.index = 2: allowed is a whole number from 0 to 1",
        ),
        (
            '{"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"]}, '
            '"task": {"type": "chief", "index": 0}}',
            [],
            "TF_CONFIG: workers = 3: allowed is a divisor of TrainerConfig.batch_size = 256",
        ),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}',
            ["--devices=2"],
            "DEVICES = 2: allowed is none with TF_CONFIG",
        ),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}',
            ["--telemetry"],
            "TELEMETRY = 1: allowed is one device",
        ),
    ],
)
def test_a_bad_tf_config_is_a_mistake_too(monkeypatch, tmp_path, capfd, tf_config, flags, said):
    monkeypatch.setenv("TF_CONFIG", tf_config)
    arguments = [f"--config={EXAMPLE}", *flags]
    assert said in refused("run", arguments, capfd, tmp_path / "results", tmp_path / "cache")
    assert not (tmp_path / "results").exists()


def broken(root, what):
    """Spoils the records of a results folder; returns what is said of it."""
    record = leave(root)
    path, curves = (root / "runs" / f"{record.run_id}{end}" for end in (".json", ".csv.gz"))
    if what == "not JSON":
        path.write_text(path.read_text()[:99])
        return f"{path}: not a record"
    if what == "JSON of something else":
        path.write_text("[1, 2]")
        return f"{path}: not a record"
    if what == "another schema":
        path.write_text(json.dumps({"schema": 99, "fields": "of the future"}))
        return f"{path}: schema 99: allowed is schema 1"
    if what == "another run":
        path.write_text(json.dumps(json.loads(path.read_text()) | {"run_id": "small-gc-0"}))
        return f"{path}: schema 1, run small-gc-0: allowed is schema 1, run {record.run_id}"
    if what == "truncated curves":
        curves.write_bytes(curves.read_bytes()[:50])
        return f"{curves}: not the curves of its record"
    if what == "no curves":
        curves.unlink()
        return f"{curves}: cannot be read (No such file or directory): delete its record"
    if what == "calibration":
        (root / "calibration.json").write_text('{"base_rate": "fast"}')
        return f"{root}/calibration.json: not a calibration"
    (root / "own_runs.csv").write_text("name\n1\n")
    return f"{root}/own_runs.csv: not the runs of a study"


@pytest.mark.parametrize(
    "what",
    [
        "not JSON",
        "JSON of something else",
        "another schema",
        "another run",
        "truncated curves",
        "no curves",
        "calibration",
        "study",
    ],
)
def test_results_that_are_not_whole_are_named(tmp_path, capfd, what):
    said = broken(tmp_path / "smoke", what)
    assert said in refused("list", [], capfd, tmp_path, tmp_path / "cache")


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
    "script, arguments",
    [
        ("run", [f"--config={EXAMPLE}"]),
        ("reproduce_table2", []),
        ("table1", []),
        ("detector", []),
        ("claims", []),
    ],
)
def test_a_results_folder_that_is_a_file_is_named(tmp_path, capfd, script, arguments):
    (tmp_path / "results").write_text("a file in the way")
    error = refused(script, arguments, capfd, tmp_path / "results", tmp_path / "cache")
    assert f"{tmp_path}/results/smoke" in error
    assert "cannot be written (Not a directory)" in error


@pytest.mark.parametrize(
    "script, arguments", [("run", [f"--config={EXAMPLE}"]), ("reproduce_table2", [])]
)
def test_a_cache_that_is_a_file_is_named(tmp_path, capfd, script, arguments):
    (tmp_path / "cache").write_text("a file in the way")
    error = refused(script, arguments, capfd, tmp_path / "results", tmp_path / "cache")
    assert f"{tmp_path}/cache: the cache folder cannot be written" in error

"""Commands as a person types them: exit status, one line, nothing half-written."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from experiments.errors import BadInput, CannotWrite, Differs, RunsCrashed, RunStopped
from experiments.machinery.gin_files import named_file
from experiments.studies.calibration import configs_at
from experiments.studies.registry import resolve
from scripts import command
from scripts.command import ROOT
from scripts.testing import attempt, outside_make, start

EXAMPLE = "--config=configs/studies/one_large_dcn_clippy.gin"
SCRIPTS = sorted(
    path.stem
    for path in (ROOT / "scripts").glob("*.py")
    if "command.main(main, FLAGS)" in path.read_text() and path.stem != "command_test"
)


@pytest.mark.parametrize(
    "error, status, said",
    [
        (BadInput("x = 1: expected 2"), 2, "error: x = 1: expected 2\n"),
        (CannotWrite("disk: full"), 2, "error: disk: full\n"),
        (OSError(28, "No space left", "/x"), 2, "error: /x: cannot be written (No space left): "),
        (OSError(116, "Stale file", "/x"), 2, "error: /x: Stale file; finished runs are kept\n"),
        (Differs("1 of 2 differ"), 1, "error: 1 of 2 differ\n"),
        (RunsCrashed({"small": "small.log"}), 3, "error: 1 runs crashed; the rest is recorded:\n"),
        (RunStopped("a worker is gone"), 3, "error: a worker is gone\n"),
        (KeyboardInterrupt(), 130, "interrupted: finished runs are kept; the same command goes"),
        (None, 0, ""),
    ],
)
def test_each_way_out_has_its_status_and_line(capsys, error, status, said):
    def main():
        if error is not None:
            raise error

    assert command.exit_status(main, command.flags_of(), ["main"]) == status
    assert capsys.readouterr().err.startswith(said)


def test_bad_input_is_one_line_and_leaves_nothing_behind(tmp_path):
    """In a process of its own; mistakes_test.py has many more, in one."""
    folders = (f"--results={tmp_path / 'results'}", f"--cache={tmp_path / 'cache'}")
    process = start("scripts.run", "--profile=smoke", EXAMPLE, "--set=learning_rate=0", *folders)
    out, error = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert re.fullmatch(r"error: .*run.learning_rate = 0: .*\n", error)
    assert not list(tmp_path.iterdir())


def test_a_measured_run_is_looked_at_by_the_doctor_and_the_detector(tmp_path, capfd):
    folders = (tmp_path, tmp_path / "cache")
    status, out, error = attempt("run", [EXAMPLE, "--telemetry"], capfd, *folders)
    assert status == 0
    assert error.splitlines()[-1].startswith("step     42/42  day   6  loss ")
    assert "click/auc" in out
    (file,) = (tmp_path / "smoke" / "runs").glob("large_dcn-clippy-*.telemetry.csv.gz")
    assert str(file) in out
    run_id = file.name.split(".")[0]
    status, out, error = attempt("doctor", [f"--run={run_id}"], capfd, *folders)
    assert (status, error) == (0, "")
    assert out.startswith(f"{run_id}: ")
    assert (tmp_path / "smoke" / "runs" / f"{run_id}.doctor.txt").read_text() == out
    status, out, error = attempt("detector", [], capfd, *folders)
    assert (status, error) == (0, "")
    assert (tmp_path / "smoke" / "detector.md").read_text().strip() == out.strip()


def test_another_data_seed_has_a_folder_of_its_own(tmp_path, capfd):
    arguments = [EXAMPLE, "--data_seed=3", "--set=TrainerConfig.steps_per_day=1"]
    status, out, _ = attempt("run", arguments, capfd, tmp_path, tmp_path / "cache")
    (record,) = (tmp_path / "smoke-data3" / "runs").glob("large_dcn-clippy-*.json")
    assert status == 0
    assert str(record) in out


@pytest.mark.slow
def test_crashed_runs_are_exit_status_3_and_name_their_logs(tmp_path):
    (edge,) = resolve([named_file("studies", "calibration")], (), ("CalibrationConfig",))
    bad = configs_at(edge, "smoke", edge.first_rate)[3].run_id
    # A folder where the curves should go makes that run crash, and no other.
    (tmp_path / "smoke" / "runs" / f"{bad}.csv.gz").mkdir(parents=True)
    folders = (f"--results={tmp_path}", f"--cache={tmp_path / 'cache'}")
    process = start("scripts.reproduce_table2", "--profile=smoke", *folders)
    _, error = process.communicate(timeout=180)
    assert process.returncode == 3, error
    assert f"{bad}: see {tmp_path}/smoke/logs/{bad}.log" in error
    assert "Traceback" not in error
    finished = list((tmp_path / "smoke" / "runs").glob("*.csv.gz"))
    assert len(finished) == 5  # the folder among them


def make(*arguments):
    """What make did; the environment counts as installed, whatever the time of its files."""
    return subprocess.run(
        ["make", "--no-print-directory", "--old-file=.venv/.installed", *arguments],
        cwd=ROOT,
        env=outside_make(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_blanks_and_quotes_survive_make():
    wanted = "SET=learning_rate=0.1  MethodConfig.rule='clip' ModelConfig.tasks=('click', 'like')"
    done = make("run", "PROFILE=smoke", EXAMPLE.replace("--config", "CONFIG"), wanted)
    assert done.returncode == 2
    assert "MethodConfig.rule = 'clip': expected one of naive" in done.stderr
    done = make("list", "PROFILE=smoke;echo laptop")
    assert (done.returncode, done.stdout) == (2, "")
    assert "configs/profiles: no 'smoke;echo laptop'" in done.stderr


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("reproduce-table2", "PROFLE=smoke"), "no variable PROFLE: expected one of PROFILE DATA"),
        (("table1", "DATA_SEED=3"), "make table1 does not read DATA_SEED: expected PROFILE"),
        (("doctor", "RUN=x", "WORKERS=2"), "make doctor does not read WORKERS: expected RUN"),
    ],
)
def test_make_refuses_a_variable_that_is_misspelt_or_not_read(arguments, said):
    done = make(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_make_help_lists_every_command_and_variable_in_80_columns():
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    lists = {
        name: text.split(name, 1)[1].split("\n", 1)[0].split()
        for name in (".PHONY:", "VARIABLES :=")
    }
    shown = make("help").stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    commands, _, variables = shown.partition("variables of every command that trains:\n")
    targets = {line.split()[0] for line in commands.splitlines()}
    assert targets == set(lists[".PHONY:"]) - {"$(FIGURES)"} | {"figure1"}
    assert len({re.match(r"\S+ +", line).end() for line in commands.splitlines()}) == 1
    assert set(re.findall(r"\b[A-Z_]{3,}\b", variables)) == set(lists["VARIABLES :="])


def test_each_command_is_a_target_of_its_name():
    makefile = (ROOT / "Makefile").read_text()
    for script in [*SCRIPTS, "bench", "verify"]:
        assert re.search(rf"^{script.replace('_', '-')}: .*## ", makefile, re.M), script


def test_a_reader_that_stops_early_is_no_error():
    process = start("scripts.plan", "--profile=smoke")
    process.stdout.close()  # long before the table is printed
    assert process.wait(timeout=180) == 0
    assert process.stderr.read() == ""


def test_help_bad_input_and_plan_do_not_wait_for_tensorflow():
    code = f"""
import importlib, sys
from scripts import command
def do(script, *arguments):
    module = importlib.import_module("scripts." + script)
    return command.exit_status(module.main, module.FLAGS, [script, *arguments])
for script in {SCRIPTS!r}:
    assert do(script, "--help") == 0, script
assert do("reproduce_table2", "--seeds=0") == 2
assert do("study", "--study=nowhere.gin") == 2
assert do("run", "{EXAMPLE}", "--profile=smoke", "--set=StreamConfig.dayz=8") == 2
assert do("doctor", "--run=nobody") == 2
assert do("list", "--profile=smoke", "--results=nowhere") == 2
assert do("plan", "--profile=paper") == 0
assert "tensorflow" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("--results") >= len(SCRIPTS)
    assert "Large+DCN: devices, hours of a run" in done.stdout


@pytest.mark.slow
def test_an_interrupted_study_keeps_its_records_and_leaves_no_process(tmp_path):
    folders = (f"--results={tmp_path}", f"--cache={tmp_path / 'cache'}")
    study = ("scripts.reproduce_table2", "--profile=smoke", "--workers=2", *folders)
    process = start(*study)
    runs = tmp_path / "smoke" / "runs"
    wait_for(lambda: len(list(runs.glob("*.json"))) >= 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted: finished runs are kept" in error
    assert "Traceback" not in error
    wait_for(lambda: not group_alive(process.pid))
    finished = {path: path.read_bytes() for path in runs.glob("*.json")}

    process = start(*study)
    wait_for(lambda: len(list(runs.glob("*.json"))) > len(finished))
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert f"runs, {len(finished)} done" in error.splitlines()[0]
    assert all(path.read_bytes() == content for path, content in finished.items())


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def group_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

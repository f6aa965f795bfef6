"""Commands as a person types them: exit status, one line, nothing half-written."""

import os
import pathlib
import re
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor
from unittest import mock

import pytest

from experiments.errors import BadInput, CannotWrite, Differs, RunsCrashed, RunStopped
from experiments.findings.figures.catalogue import FIGURES, asked_as, is_ours
from experiments.machinery.workers.testing import wait_for
from scripts import command
from scripts.command import ROOT
from scripts.testing import attempt, ended, start

CONFIG = "CONFIG=configs/studies/one_large_dcn_clippy.gin"
EXAMPLE = CONFIG.replace("CONFIG", "--config")
GROUPS = ("Reproduce the paper", "Look at runs", "Experiments of your own", "Operate", "Develop")
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
        (BrokenExecutor(), 3, "error: a worker process died: the same command starts over\n"),
        (KeyboardInterrupt(), 130, "interrupted: finished runs are kept; the same command goes"),
        (None, 0, ""),
    ],
)
def test_each_way_out_has_its_status_and_line(capsys, error, status, said):
    main = mock.Mock(side_effect=error)
    assert command.exit_status(main, command.flags_of(), ["main"]) == status
    assert capsys.readouterr().err.startswith(said)


def test_a_measured_run_is_looked_at_by_the_doctor_and_the_detector(tmp_path, capfd):
    folders, results = (tmp_path, tmp_path / "cache"), tmp_path / "smoke-data3"
    given = [EXAMPLE, "--telemetry=1", "--data_seed=3"]
    status, out, error = attempt("run", given, capfd, *folders)
    assert status == 0
    assert error.splitlines()[-1].startswith("step     42/42  day   6  loss ")
    assert "click/auc" in out
    (file,) = (results / "runs").glob("large_dcn-clippy-*.telemetry.csv.gz")
    assert str(file) in out
    run_id = file.name.split(".")[0]
    status, out, error = attempt("doctor", [f"--run={run_id}"], capfd, *folders)
    assert (status, error) == (0, "")
    assert out.startswith(f"{run_id}: ")
    assert (results / "runs" / f"{run_id}.doctor.txt").read_text() == out
    status, out, error = attempt("detector", ["--data_seed=3"], capfd, *folders)
    assert (status, error) == (0, "")
    title, *_, written = out.splitlines()
    assert title == (results / "detector.md").read_text().splitlines()[0].lstrip("# ")
    assert written == f"written to {results}/detector.{{csv,md}}"


def make(*arguments, file="Makefile", **environment):
    """What make did; the environment counts as installed, whatever the time of its files."""
    old = "--old-file=.venv/.installed"
    return ended("make", "-f", file, "--no-print-directory", old, *arguments, **environment)


OPTIONS = "SET=learning_rate=0.1  MethodConfig.rule='clip' ModelConfig.tasks=('click', 'like')"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("reproduce-table2", "PROFLE=smoke"), "no variable PROFLE: expected one of PROFILE DATA"),
        (("table1", "DATA_SEED=3"), "make table1 does not read DATA_SEED: expected PROFILE"),
        # Blanks and quotes survive make.
        (("run", "PROFILE=smoke", CONFIG, OPTIONS), "MethodConfig.rule = 'clip': expected one of "),
        (("list", "PROFILE=smoke;echo laptop"), "configs/profiles: no 'smoke;echo laptop'"),
        (("smoke", "PROFILE=laptop"), "make smoke PROFILE=laptop: expected no PROFILE"),
        (("run", CONFIG, "TELEMETRY=yes"), "flag --telemetry=yes: expected an integer in the ra"),
    ],
)
def test_make_refuses_in_a_line_what_it_or_the_command_does_not_read(arguments, said):
    refuses(make(*arguments), said)


def refuses(done, said):
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len([line for line in done.stderr.splitlines() if "] Error 2" not in line]) == 1


def test_every_target_refuses_a_variable_that_it_does_not_read_before_it_installs(tmp_path):
    for lock in ROOT.glob("requirements*.lock"):
        (tmp_path / lock.name).touch()
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ").replace("$(FIGURES)", "figure1")
    (targets,) = re.findall(r"(?m)^\.PHONY:(.*)", text)
    for target in targets.split():
        variable = "CONFIG" if target == "replay" else "STEPS"
        line = ["make", "-f", str(ROOT / "Makefile"), target, f"{variable}=3", "--dry-run"]
        done = ended(*line, cwd=tmp_path)
        assert f"does not read {variable}: expected " in done.stderr, target
        assert (done.returncode, done.stdout) == (2, ""), target


def test_make_refuses_a_variable_of_the_environment_unless_it_is_empty_or_read():
    said = "make run does not read SEEDS METHOD of the environment: expected PROFILE DATA_SEED"
    refuses(make("run", CONFIG, METHOD="gc", SEEDS="3", MODEL=""), said)
    read = {"PROFILE": "smoke", "SET": "learning_rate=0"}
    refuses(make("run", CONFIG, **read), "run.learning_rate = 0: expected")


@pytest.mark.parametrize(
    "given, measured", [([], False), (["--telemetry=0"], False), (["--telemetry=1"], True)]
)
def test_telemetry_is_on_at_1_alone(tmp_path, capfd, monkeypatch, given, measured):
    stopped = mock.Mock(side_effect=BadInput("stopped"))
    monkeypatch.setattr("experiments.studies.single.run_single", stopped)
    attempt("run", [EXAMPLE, *given], capfd, tmp_path / "results", tmp_path / "cache")
    (call,) = stopped.call_args_list
    assert (call.kwargs["telemetry"] is not None) == measured


def test_make_help_lists_every_command_and_variable_in_groups_and_80_columns(tmp_path):
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    lists = {name: words.split() for name, words in re.findall(r"(?m)^(\S+ ?:=|.PHONY:)(.*)", text)}
    shown = make("help").stdout
    assert max(map(len, shown.splitlines())) <= 80
    *groups, variables = (group.splitlines() for group in shown.strip().split("\n\n"))
    assert [head for head, *_ in groups] == [f"{name}:" for name in GROUPS]
    lines = [line for _, *lines in groups for line in lines]
    targets = [line.split()[0] for line in lines]
    ours = {f"figure-{name}" for name in FIGURES if is_ours(name)}
    paper = {f"figure{asked_as(name)}" for name in FIGURES if not is_ours(name)}
    assert set(lists["FIGURES :="]) == ours | paper
    assert sorted(targets) == sorted({*lists[".PHONY:"], "figure1", *ours} - {"$(FIGURES)"})
    assert {re.match(r"  \S+ +", line).end() for line in lines} == {20}
    assert set(re.findall(r"\b[A-Z_]{3,}\b", " ".join(variables))) == set(lists["VARIABLES :="])
    commands = {name.replace("_", "-") for name in [*SCRIPTS, "bench", "verify"]}
    assert commands <= set(targets)
    blank = tmp_path / "a blank's  folder" / "Makefile"
    blank.parent.mkdir()
    blank.symlink_to(ROOT / "Makefile")
    assert make("help", file=str(blank), PORT="80").stdout == shown


def test_a_reader_that_stops_early_is_no_error():
    process = start("-m", "scripts.plan", "--profile=smoke")
    process.stdout.close()  # long before the table is printed
    assert process.wait(timeout=180) == 0
    assert process.stderr.read() == ""


def test_help_waits_for_nothing_and_bad_input_and_plan_do_not_wait_for_tensorflow():
    code = f"""
import importlib, sys
from scripts import command
def do(script, *arguments):
    module = importlib.import_module("scripts." + script)
    return command.exit_status(module.main, module.FLAGS, [script, *arguments])
packages = [name + ".__main__" for name in ("bench", "fetch", "verify")]
for script in [*{SCRIPTS!r}, *packages]:
    assert do(script, "--help") == 0, script
    assert do(script, "--hlep") == 2, script
    assert not {{"gin", "numpy", "pandas", "rich", "scipy"}} & set(sys.modules), script
assert do("reproduce_table2", "--seeds=101") == 2
assert do("study", "--study=nowhere.gin") == 2
assert do("run", "{EXAMPLE}", "--profile=smoke", "--set=StreamConfig.dayz=8") == 2
assert do("doctor", "--run=nobody") == 2
assert do("list", "--profile=smoke", "--results=nowhere") == 2
assert do("plan", "--profile=paper") == 0
assert "tensorflow" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("--results") >= len(SCRIPTS) + 3
    assert "Large+DCN: devices, hours of a run" in done.stdout


def test_no_process_of_a_pool_outlives_its_command():
    code = """
import os, time
from scripts import command
with command.pool(1) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600).result()
"""
    process = start("-c", code)
    worker = pathlib.Path("/proc", process.stdout.readline().strip())
    assert worker.exists()
    process.kill()
    process.wait()
    wait_for(lambda: not worker.exists(), seconds=60)


@pytest.mark.slow
def test_an_interrupted_study_keeps_its_records_and_leaves_no_process(tmp_path):
    folders = (f"--results={tmp_path}", f"--cache={tmp_path / 'cache'}")
    study = ("-m", "scripts.reproduce_table2", "--profile=smoke", "--workers=2", *folders)
    process = start(*study)
    runs = tmp_path / "smoke" / "runs"
    wait_for(lambda: len(list(runs.glob("*.json"))) >= 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted: finished runs are kept" in error
    assert "Traceback" not in error
    with pytest.raises(ProcessLookupError):
        wait_for(lambda: os.killpg(process.pid, 0))  # which says nothing as long as one is there
    finished = {path: path.read_bytes() for path in runs.glob("*.json")}

    process = start(*study)
    wait_for(lambda: len(list(runs.glob("*.json"))) > len(finished))
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert f"runs, {len(finished)} done" in error.splitlines()[0]
    assert all(path.read_bytes() == content for path, content in finished.items())

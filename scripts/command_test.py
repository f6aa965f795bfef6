"""Commands as a person types them: exit status, one line, nothing half-written."""

import os
import re
import resource
import signal
import subprocess
import sys
import time

import pytest

from scripts.command import ROOT
from scripts.testing import outside_make, start

RUN = ("scripts.run", "--profile=smoke")
EXAMPLE = "--config=configs/studies/one_large_dcn_clippy.gin"


def refused(tmp_path, *arguments):
    """The one line on stderr of a command that exits with 2 and leaves nothing behind."""
    results = tmp_path / "results"
    process = start(*arguments, f"--results={results}", f"--cache={tmp_path / 'cache'}")
    out, error = process.communicate(timeout=120)
    assert process.returncode == 2, error
    assert out == ""
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not results.exists()
    return error


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("scripts.reproduce_table2", "--profile=smok"), "no 'smok': allowed is one of laptop"),
        (("scripts.reproduce_table2", "--workers=0"), "command line: flag --workers=0"),
        (("scripts.study", EXAMPLE.replace("--config", "--study")), "CasesConfig"),
        ((*RUN, EXAMPLE, "--set=MethodConfig.rule='clip'"), "MethodConfig.rule = 'clip': allowed"),
        (("scripts.replay", "--run=nobody"), "RUN = 'nobody': no record in"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_one_line_and_exit_status_2(tmp_path, arguments, said):
    """A process each; mistakes_test.py has many more, in one."""
    assert said in refused(tmp_path, *arguments)


def test_a_results_folder_that_cannot_be_written_is_bad_input(tmp_path):
    (tmp_path / "results").write_text("a file in the way")
    process = start(*RUN, EXAMPLE, f"--results={tmp_path / 'results'}", f"--cache={tmp_path}")
    _, error = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "the results folder cannot be written" in error
    assert error.count("\n") == 1


def test_a_run_with_telemetry_is_looked_at_by_the_doctor_and_the_detector(tmp_path):
    folders = (f"--results={tmp_path}", f"--cache={tmp_path / 'cache'}")
    out, _ = start(*RUN, EXAMPLE, "--telemetry", *folders).communicate(timeout=120)
    (file,) = (tmp_path / "smoke" / "runs").glob("*.telemetry.csv.gz")
    assert str(file) in out
    run_id = file.name.split(".")[0]
    doctor = start("scripts.doctor", f"--run={run_id}", *folders)
    detector = start("scripts.detector", "--profile=smoke", *folders)
    out, error = doctor.communicate(timeout=120)
    assert (doctor.returncode, error) == (0, "")
    assert out.startswith(f"{run_id}: ")
    assert (tmp_path / "smoke" / "runs" / f"{run_id}.doctor.txt").read_text() == out
    out, error = detector.communicate(timeout=120)
    assert (detector.returncode, error) == (0, "")
    assert (tmp_path / "smoke" / "detector.md").read_text().strip() == out.strip()


def test_one_run_prints_its_curve_and_leaves_its_record(tmp_path):
    folders = (f"--results={tmp_path}", f"--cache={tmp_path / 'cache'}", "--data_seed=3")
    process = start(*RUN, EXAMPLE, *folders)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert error.splitlines()[-1].startswith("step     42/42  day   6  loss ")
    (record,) = (tmp_path / "smoke-data3" / "runs").glob("large_dcn-clippy-*.json")
    assert str(record) in out
    assert "click/auc" in out


def test_crashed_runs_are_exit_status_3_and_name_their_logs(tmp_path):
    from experiments.machinery.gin_files import named_file
    from experiments.studies.calibration import configs_at
    from experiments.studies.registry import resolve

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


def test_quotes_in_set_survive_make():
    run = make(
        "run",
        "PROFILE=smoke",
        "CONFIG=configs/studies/one_large_dcn_clippy.gin",
        "SET=learning_rate=0.1  MethodConfig.rule='clip' ModelConfig.tasks=('click', 'like')",
    )
    assert run.returncode == 2
    assert "MethodConfig.rule = 'clip': allowed is one of naive" in run.stderr


@pytest.mark.parametrize("profile", ["smok", "smoke laptop", "smoke;echo", "smoke&"])
def test_make_adds_one_line_of_its_own_to_a_mistake(profile):
    done = make("list", f"PROFILE={profile}")
    assert (done.returncode, done.stdout) == (2, "")
    ours, of_make = done.stderr.splitlines()
    assert f"configs/profiles: no {profile!r}" in ours
    assert of_make.startswith("make: ***")


def test_a_misspelt_variable_of_make_is_refused():
    done = make("reproduce-table2", "PROFLE=smoke")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no variable PROFLE: allowed is one of PROFILE DATA_SEED" in done.stderr
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
    commands, _, variables = shown.partition("variables of every command:\n")
    assert {line.split()[0] for line in commands.splitlines()} == set(lists[".PHONY:"]) - {
        "$(FIGURES)"
    } | {"figure1"}
    assert all(re.match(r"[a-z0-9-]+ +\S", line) for line in commands.splitlines())
    assert len({re.match(r"\S+ +", line).end() for line in commands.splitlines()}) == 1
    assert set(re.findall(r"\b[A-Z_]{3,}\b", variables)) == set(lists["VARIABLES :="])


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.table1", "--profile=smoke", f"--results={tmp_path}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()  # long before the table is printed
    assert process.wait(timeout=180) == 0
    assert process.stderr.read() == ""


SCRIPTS = sorted(
    path.stem
    for path in (ROOT / "scripts").glob("*.py")
    if "command.main(main)" in path.read_text() and path.stem != "command_test"
)


def heard(script, *arguments):
    """(exit status, standard output) of a command in a process that ends without TensorFlow."""
    code = (
        f"import sys; from scripts import command, {script} as script\n"
        f"status = command.exit_status(script.main, script.FLAGS, {['script', *arguments]!r})\n"
        "print(status, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *out, last = done.stdout.splitlines()
    status, imported = last.split()
    assert imported == "False"
    return int(status), "\n".join(out)


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_does_not_wait_for_tensorflow(script):
    status, out = heard(script, "--help")
    assert status == 0
    assert "--profile" in out
    assert "--workers" in out


@pytest.mark.parametrize(
    "script, arguments",
    [
        ("reproduce_table2", ["--profile=smok"]),
        ("reproduce_table2", ["--repeats=0"]),
        ("study", ["--study=nowhere.gin"]),
        ("study", ["--study=configs/studies/one_large_dcn_clippy.gin"]),
        ("run", [EXAMPLE, "--profile=smoke", "--set=StreamConfig.dayz=8"]),
        ("doctor", ["--run=nobody"]),
        ("compare", ["--runs=nobody nothing"]),
        ("list", ["--profile=smoke", "--results=nowhere"]),
    ],
)
def test_bad_input_does_not_wait_for_tensorflow(script, arguments):
    assert heard(script, *arguments) == (2, "")


def test_a_plan_does_not_need_tensorflow():
    status, out = heard("plan", "--profile=paper")
    assert status == 0
    assert "Large+DCN: devices, hours of a run" in out


def test_help_takes_less_than_a_second():
    def used():
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime

    before = used()
    heard("reproduce_table2", "--help")
    assert used() - before < 1  # of a core: what else the machine does is not counted


def test_an_interrupted_study_keeps_its_records_and_leaves_no_process(tmp_path):
    folders = (f"--results={tmp_path}", f"--cache={tmp_path / 'cache'}")
    command = ("scripts.reproduce_table2", "--profile=smoke", "--workers=2", *folders)
    process = start(*command)
    runs = tmp_path / "smoke" / "runs"
    wait_for(lambda: len(list(runs.glob("*.json"))) >= 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted: finished runs are kept" in error
    assert "Traceback" not in error
    wait_for(lambda: not group_alive(process.pid))
    finished = {path: path.read_bytes() for path in runs.glob("*.json")}

    process = start(*command)
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

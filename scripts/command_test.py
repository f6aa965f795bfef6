"""Commands as a person types them: exit status, one line, nothing half-written."""

import os
import signal
import subprocess
import sys
import time

import pytest

from scripts.command import ROOT

RUN = ("scripts.run", "--profile=smoke")
EXAMPLE = "--config=configs/studies/one_large_dcn_clippy.gin"


def hear_interrupts():
    """A shell starts background jobs deaf to Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )


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
        (("scripts.reproduce_table2", "--repeats=0"), "Table2Config.repeats = 0: allowed is a"),
        (("scripts.reproduce_table3", "--repeats=0"), "CasesConfig.runs = 0: allowed is a"),
        (("scripts.calibrate", "--profile=smok"), "no 'smok': allowed is one of laptop"),
        (("scripts.claims", "--profile=smok"), "no 'smok': allowed is one of laptop"),
        (("scripts.report", "--profile=smok"), "no 'smok': allowed is one of laptop"),
        (("scripts.report", "--profile=smoke"), "smoke: no results to report: allowed is a"),
        (("scripts.figures", "--figure=7"), "FIGURE = 7: allowed is one of 1, 2, 3, 4, 5, 6, 8"),
        (("scripts.figures", "--figure=x"), "command line: flag --figure=x"),
        (("scripts.study",), "STUDY = '': allowed is a gin file"),
        (("scripts.study", "--study=nowhere.gin"), "nowhere.gin: cannot be read"),
        (("scripts.study", EXAMPLE.replace("--config", "--study")), "CasesConfig"),
        (("scripts.reproduce_table2", "--repeat=x"), "command line: "),
        (("scripts.reproduce_table2", "--workers=0"), "command line: flag --workers=0"),
        (("scripts.reproduce_table2", "extra"), "command line: 'extra': allowed are flags only"),
        (("scripts.table1", "--profile=typo"), "no 'typo': allowed is one of laptop"),
        ((*RUN, EXAMPLE, "--set=learning_rate=0"), "run.learning_rate = 0: allowed is a finite"),
        ((*RUN, EXAMPLE, "--set=learning_rate=nan"), "command line: not gin: "),
        ((*RUN, EXAMPLE, "--set=StreamConfig.days='8'"), "StreamConfig.days = '8': allowed is"),
        ((*RUN, EXAMPLE, "--set=THRESHOLD=0.1"), "THRESHOLD has no effect"),
        ((*RUN, EXAMPLE, "--set=run_seed=1 run_seed=2"), "run.run_seed is bound twice"),
        ((*RUN, EXAMPLE, "--set=learning_rat=1"), "did you mean learning_rate?"),
        ((*RUN, EXAMPLE, "--set=MethodConfig.rule='clip'"), "MethodConfig.rule = 'clip': allowed"),
        ((*RUN, "--config=nowhere.gin"), "nowhere.gin: cannot be read"),
        (RUN, "CONFIG = '': allowed is a gin file"),
        (("scripts.replay",), "RUN = '': allowed is the name of a record"),
        (("scripts.replay", "--run=nobody"), "RUN = 'nobody': no record in"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_one_line_and_exit_status_2(tmp_path, arguments, said):
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
    from experiments.gin_files import named_file, resolve
    from experiments.study.calibration import configs_at

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


def test_quotes_in_set_survive_make(tmp_path):
    run = subprocess.run(
        [
            "make",
            "--no-print-directory",
            "run",
            "PROFILE=smoke",
            "CONFIG=configs/studies/one_large_dcn_clippy.gin",
            "SET=learning_rate=0.1  MethodConfig.rule='clip' ModelConfig.tasks=('click', 'like')",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "MethodConfig.rule = 'clip': allowed is one of naive" in run.stderr


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


def test_help_does_not_wait_for_tensorflow():
    code = "import sys; from scripts import reproduce_table2; print('tensorflow' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout == "False\n"
    shown = subprocess.run(
        [sys.executable, "-m", "scripts.reproduce_table2", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--profile" in shown.stdout
    assert "--repeats" in shown.stdout


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

"""Runs on real processes without TensorFlow: done once, resumed, and honest about what failed."""

import fcntl
import multiprocessing
import os
import resource
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from experiments.errors import CannotWrite, RunsCrashed
from experiments.machinery.records.claim import Claims
from experiments.machinery.workers import local, pool
from experiments.machinery.workers.pool import Pool, tidy
from experiments.machinery.workers.testing import (
    Opened,
    at_work,
    begin,
    leave_run,
    start_command,
    wait_for,
)
from experiments.machinery.workers.worker import Ended, trained
from experiments.studies.testing import smoke_run


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "begin", begin)
    monkeypatch.setattr(local, "TRACE_S", 0)  # they compile nothing
    return Opened(tmp_path)


def configs(*seeds):
    return [smoke_run(seed) for seed in seeds]


def test_a_run_with_a_record_is_not_run_again(opened):
    with opened.open() as study:
        first = study.execute(configs(0, 1, 0))
        written = {path: path.stat().st_mtime_ns for path in opened.store.runs.iterdir()}
        again = study.execute(configs(1, 0, 2))
    assert [record.config["run_seed"] for record in first] == [0, 1, 0]
    assert again[:2] == [first[1], first[0]]
    assert len(list(opened.store.runs.iterdir())) == 6
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert opened.text.getvalue().count("AUC") == 3


def test_a_killed_worker_is_replaced_and_its_run_repeated(opened, tmp_path):
    (tmp_path / "hold").touch()

    def kill_one():
        killed = wait_for(lambda: at_work(tmp_path)).pop()
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: len(at_work(tmp_path) - {killed}) == 2)  # one takes its place
        (tmp_path / "hold").unlink()

    with ThreadPoolExecutor() as threads, opened.open() as study:
        killer = threads.submit(kill_one)
        records = study.execute(configs(0, 1, 2, 3))
        killer.result()
    assert [record.status for record in records] == ["finished"] * 4
    assert trained(tmp_path) == sorted(run.run_id for run in configs(0, 1, 2, 3))
    assert len(list(tmp_path.glob(f"logs/worker-{socket.gethostname()}-*.log"))) == 3


def test_a_killed_study_ends_its_workers_and_the_same_command_goes_on(tmp_path):
    done, *others = configs(0, 1, 2, 3)
    leave_run(tmp_path, done)
    path = tmp_path / "runs" / f"{done.run_id}.json"
    written = path.stat().st_mtime_ns
    (tmp_path / "hold").touch()
    parent = start_command(tmp_path, configs(*range(4)))
    wait_for(lambda: len(at_work(tmp_path)) == 2)
    workers = [psutil.Process(pid) for pid in at_work(tmp_path)]
    parent.kill()
    parent.wait()
    assert psutil.wait_procs(workers, timeout=600)[1] == []
    draft = tmp_path / ".table2.md.0123.draft"
    draft.write_text("half")  # of a table that was being written
    (tmp_path / "hold").unlink()
    assert start_command(tmp_path, configs(*range(4))).wait(600) == 0
    assert trained(tmp_path) == sorted(run.run_id for run in others)
    assert path.stat().st_mtime_ns == written
    assert not draft.exists() and list((tmp_path / "progress").iterdir()) == []


def test_two_studies_at_once_share_the_runs(tmp_path):
    (tmp_path / "hold").touch()
    commands = [start_command(tmp_path, configs(*range(6))) for _ in range(2)]
    wait_for(lambda: len(at_work(tmp_path)) == 4)
    (tmp_path / "hold").unlink()
    assert [command.wait(600) for command in commands] == [0, 0]
    assert trained(tmp_path) == sorted(run.run_id for run in configs(*range(6)))


def test_a_run_that_crashes_is_named_with_its_log_and_the_rest_is_done(opened, tmp_path):
    bad, good = configs(0, 1)
    # A folder where the curves should go: writing them fails, in that run alone.
    (opened.store.runs / f"{bad.run_id}.csv.gz").mkdir()
    log = tmp_path / "logs" / f"{bad.run_id}.log"
    with pytest.raises(RunsCrashed, match=f"{bad.run_id}: see {log}"), opened.open() as study:
        study.execute([bad, good])
    assert "IsADirectoryError" in log.read_text()
    assert opened.store.read(good.run_id).status == "finished"
    assert opened.store.read(bad.run_id) is None


def test_a_worker_killed_between_two_grids_does_not_end_the_study(opened):
    with opened.open() as study:
        study.execute(configs(0))
        for process in multiprocessing.active_children():
            process.kill()
        processes = study._pool._engine._processes
        wait_for(lambda: not any(one._pool.active for one in processes))
        (record,) = study.execute(configs(1))
    assert record.status == "finished"


def test_a_run_that_hangs_is_stopped_and_reported(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "TRIES", 1)
    monkeypatch.setattr(pool, "hang_seconds", lambda config, how: 0.1)
    (tmp_path / "hold").touch()
    with pytest.raises(RunsCrashed), opened.open() as study:
        study.execute(configs(0))
    assert "the run hung" in (tmp_path / "logs" / f"{smoke_run(0).run_id}.log").read_text()
    assert list((tmp_path / "progress").iterdir()) == []


def begin_limited(*folders):
    """A worker that can write no file of more bytes: it stands in for a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
    begin(*folders)


def test_a_disk_without_room_stops_in_one_line_and_loses_nothing(opened, tmp_path, monkeypatch):
    before = leave_run(tmp_path, smoke_run(0))
    with monkeypatch.context() as patched, pytest.raises(CannotWrite, match="File too large"):
        patched.setattr(local, "begin", begin_limited)
        with opened.open() as study:
            study.execute(configs(0, 1))
    assert list(opened.store.records()) == [before]  # no run is recorded as crashed
    with opened.open() as study:
        assert [record.status for record in study.execute(configs(0, 1))] == ["finished"] * 2
        (tmp_path / "runs" / ".a.json.0123.draft").touch()  # of a worker that died meanwhile
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


class Engine:
    """Takes the place of local.Local: in the k-th round runs end in the k-th way, or by seed."""

    def __init__(self, *ends):
        self._ends, self._runs, self.rounds = ends, [], []
        self.start, self.stop = (lambda: self.rounds.append(0)), (lambda at_once: None)

    def submit(self, config, arguments, hang_s):
        self.rounds[-1] += 1
        self._runs.append(config)

    def ended(self, timeout_s):
        runs, self._runs = self._runs, []
        end = self._ends[min(len(self.rounds), len(self._ends)) - 1]
        return [(run, end[run.run_seed] if isinstance(end, dict) else end) for run in runs]


def run_on(engine, opened, *seeds):
    with Pool(opened.store, "unused", 1) as workers:
        workers._engine = engine
        return workers.run(configs(*seeds), opened.display)


@pytest.mark.parametrize(
    "ended, said",
    [
        (Ended("died", "killed"), "killed"),
        (Ended("broke", "all killed"), "all killed"),
        (Ended("done"), "it ended, and its record is not there, or of other code"),
    ],
)
def test_a_run_whose_worker_always_dies_is_given_up(opened, ended, said):
    engine = Engine(ended)
    crashed = run_on(engine, opened, 0, 1)
    assert engine.rounds == [2, 2, 2]
    assert {path.read_text() for path in crashed.values()} == {said}
    assert [record.status for record in opened.store.records()] == ["crashed", "crashed"]


def test_runs_that_others_are_on_are_looked_at_again_and_again(opened, monkeypatch):
    monkeypatch.setattr(pool, "HELD_S", 0)
    held, broke, crashed = Ended("held"), Ended("broke", "broke"), Ended("crashed", "failed")
    engine = Engine(*[held] * 6, broke, {0: held, 1: crashed}, held, crashed)
    assert len(run_on(engine, opened, 0, 1)) == 2
    assert engine.rounds == [2] * 8 + [1] * 2
    assert opened.text.getvalue().count("another process is on it") == 2  # once a run


def test_a_pool_that_breaks_and_goes_on_is_not_given_up(opened):
    broke, done = Ended("broke", "broke"), Ended("done")
    for run in configs(0, 1):
        leave_run(opened.store.root, run)
    engine = Engine(broke, {0: broke, 1: done}, broke, broke, done)
    assert run_on(engine, opened, 0, 1) == {}
    assert engine.rounds == [2, 2, 1, 1, 1]


def test_a_crash_does_not_overwrite_what_another_process_did_or_does(opened, tmp_path):
    done, held = configs(0, 1)
    record = leave_run(tmp_path, done)
    with Claims(tmp_path).of(held.run_id):
        logs = run_on(Engine(Ended("crashed", "failed")), opened, 0, 1)
    assert list(opened.store.records()) == [record]
    assert {log.read_text() for log in logs.values()} == {"failed"}


def test_what_the_dead_have_left_goes_and_what_the_living_are_on_stays(opened, tmp_path):
    done = leave_run(tmp_path, smoke_run(0)).run_id
    crashed = leave_run(tmp_path, smoke_run(1), status="crashed").run_id
    names = {
        "progress": ["small-gc-1.json", "small-gc-2.json", ".small-gc-2.json.12.draft"],
        "checkpoints": [f"{run_id}.npz" for run_id in (done, crashed, "small-gc-1")],
        "runs": [".a.json.4567.draft"],
    }
    for folder, left in names.items():
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in left:
            (tmp_path / folder / name).write_text("{}")
    alive = tmp_path / "runs" / ".a.json.4567.draft"
    with Claims(tmp_path).of("small-gc-1"), alive.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        tidy(opened.store)
        assert alive.exists()
    left = {
        path.name for name in ("progress", "checkpoints") for path in (tmp_path / name).iterdir()
    }
    assert left == {"small-gc-1.json", "small-gc-1.npz", f"{crashed}.npz"}
    tidy(opened.store)
    assert not alive.exists()

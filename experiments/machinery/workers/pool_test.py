"""Runs on real processes without TensorFlow: done once, resumed, and honest about what failed."""

import dataclasses
import fcntl
import multiprocessing
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from experiments.errors import CannotWrite, RunsCrashed
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.files import write_whole
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


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    monkeypatch.setattr(local, "begin", begin)


@pytest.fixture
def opened(tmp_path):
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
    lines = opened.text.getvalue().splitlines()
    assert len(lines) == 3
    assert all("small-naive-" in line and "AUC" in line for line in lines)


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
    (tmp_path / "hold").touch()
    parent = start_command(tmp_path, [done, *others])
    wait_for(lambda: len(at_work(tmp_path)) == 2)
    workers = [psutil.Process(pid) for pid in at_work(tmp_path)]
    written = path.stat().st_mtime_ns
    parent.kill()
    parent.wait()
    assert psutil.wait_procs(workers, timeout=600)[1] == []
    draft = tmp_path / ".table2.md.0123.draft"
    draft.write_text("half")  # of a table that was being written
    (tmp_path / "hold").unlink()
    assert start_command(tmp_path, [done, *others]).wait(600) == 0
    assert trained(tmp_path) == sorted(run.run_id for run in others)
    assert path.stat().st_mtime_ns == written
    assert not draft.exists() and list((tmp_path / "progress").iterdir()) == []


def test_two_studies_at_once_share_the_runs(tmp_path):
    (tmp_path / "hold").touch()
    runs = configs(*range(6))
    commands = [start_command(tmp_path, runs) for _ in range(2)]
    wait_for(lambda: len(at_work(tmp_path)) == 4)
    (tmp_path / "hold").unlink()
    assert [command.wait(600) for command in commands] == [0, 0]
    assert trained(tmp_path) == sorted(run.run_id for run in runs)


def test_a_run_that_crashes_is_named_with_its_log_and_the_rest_is_done(opened, tmp_path):
    bad, good = configs(0, 1)
    # A folder where the curves should go: writing them fails, in that run alone.
    (opened.store.runs / f"{bad.run_id}.csv.gz").mkdir()
    with pytest.raises(RunsCrashed) as caught, opened.open() as study:
        study.execute([bad, good])
    log = tmp_path / "logs" / f"{bad.run_id}.log"
    assert f"{bad.run_id}: see {log}" in str(caught.value)
    assert "IsADirectoryError" in log.read_text()
    assert opened.store.read(good.run_id).status == "finished"
    assert opened.store.read(bad.run_id) is None


def test_a_worker_killed_between_two_grids_does_not_end_the_study(opened):
    with opened.open() as study:
        study.execute(configs(0))
        for process in multiprocessing.active_children():
            process.kill()
        wait_for(lambda: not study._pool._engine._pool.active)
        (record,) = study.execute(configs(1))
    assert record.status == "finished"


def test_a_run_that_hangs_is_stopped_and_reported(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "TRIES", 1)
    monkeypatch.setattr(pool, "hang_seconds", lambda config: 0.1)
    (tmp_path / "hold").touch()
    with pytest.raises(RunsCrashed), opened.open() as study:
        study.execute(configs(0))
    assert "the run hung" in (tmp_path / "logs" / f"{smoke_run(0).run_id}.log").read_text()
    assert list((tmp_path / "progress").iterdir()) == []


def test_a_run_that_another_process_is_on_waits_and_the_others_do_not(
    opened, tmp_path, monkeypatch
):
    monkeypatch.setattr(pool, "HELD_S", 0.05)
    held, free = configs(0, 1)
    with opened.open() as study, ThreadPoolExecutor() as threads:
        with Claims(tmp_path).of(held.run_id):
            records = threads.submit(study.execute, [held, free])
            wait_for(lambda: f"{held.run_id}: another process is on it" in opened.text.getvalue())
            wait_for(lambda: opened.store.read(free.run_id))
            assert opened.store.read(held.run_id) is None
        assert [record.status for record in records.result()] == ["finished"] * 2


class Engine:
    """Takes the place of local.Local: in the k-th round all runs end in the k-th way."""

    def __init__(self, *ends):
        self._ends, self._runs, self.rounds = ends, [], []

    def start(self):
        self.rounds.append(0)

    def submit(self, config, arguments, hang_s):
        self.rounds[-1] += 1
        self._runs.append(config)

    def ended(self, timeout_s):
        runs, self._runs = self._runs, []
        return [(run, self._ends[min(len(self.rounds), len(self._ends)) - 1]) for run in runs]

    def stop(self, at_once):
        """Nothing to stop."""


def run_on(engine, opened, *seeds):
    with Pool(opened.store, "unused", 1) as workers:
        workers._engine = engine
        return workers.run(configs(*seeds), opened.display)


@pytest.mark.parametrize(
    "ended, said",
    [
        (Ended("died", "killed"), "killed"),
        (Ended("broke", "all killed"), "all killed"),
        (Ended("done"), "it ended, and its record is not there"),
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
    held, broke = Ended("held"), Ended("broke", "broke")
    engine = Engine(*[held] * 6, broke, held, Ended("crashed", "failed"))
    assert len(run_on(engine, opened, 0, 1)) == 2
    assert engine.rounds == [2] * 9
    assert opened.text.getvalue().count("another process is on it") == 2  # once a run


def test_a_pool_that_breaks_and_goes_on_is_not_given_up():
    tries = pool._Tries()
    for how in ["broke", "broke", "done", "broke", "broke"]:
        tries.again("small-gc-1", how)
        tries.end_round()
    assert not tries.again("small-gc-1", "broke")  # the third in a row
    tries.again("small-gc-2", "done")
    tries.end_round()
    assert tries.again("small-gc-1", "broke")


@pytest.mark.parametrize("by", ["record", "claim"])
def test_a_crash_does_not_overwrite_what_another_process_did_or_does(opened, tmp_path, by):
    (run,) = configs(0)
    if by == "record":
        done = leave_run(tmp_path, run)
        (log,) = run_on(Engine(Ended("crashed", "failed")), opened, 0).values()
        assert opened.store.read(run.run_id) == done
    else:
        with Claims(tmp_path).of(run.run_id):
            (log,) = run_on(Engine(Ended("crashed", "failed")), opened, 0).values()
        assert list(opened.store.runs.iterdir()) == []
    assert log.read_text() == "failed"


def test_a_worker_that_cannot_write_stops_the_study(opened):
    with pytest.raises(CannotWrite, match="no space"):
        run_on(Engine(Ended("stopped", "no space")), opened, 0, 1)
    assert list(opened.store.runs.iterdir()) == []  # no run is recorded as crashed


def test_drafts_of_workers_that_were_stopped_are_removed(opened):
    draft = opened.store.runs / ".x.json.0123.draft"

    def interrupt(*arguments):
        draft.write_text("half")
        raise KeyboardInterrupt

    opened.display.running = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_on(Engine(Ended("held")), opened, 0)
    assert not draft.exists()


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_the_dead_have_left_goes_and_what_the_living_are_on_stays(opened, tmp_path):
    done, crashed = (leave_run(tmp_path, run) for run in configs(0, 1))
    opened.store.write(dataclasses.replace(crashed, status="crashed", curves_sha256=None))
    for name in ("progress", "checkpoints"):
        (tmp_path / name).mkdir()
    for name in ("small-gc-1.json", "small-gc-2.json", ".small-gc-2.json.12.draft"):
        (tmp_path / "progress" / name).write_text("{}")
    for run_id in (done.run_id, crashed.run_id, "small-gc-1"):
        (tmp_path / "checkpoints" / f"{run_id}.npz").touch()
    with Claims(tmp_path).of("small-gc-1"):
        tidy(opened.store)
    assert left_in(tmp_path / "progress") == ["small-gc-1.json"]
    assert left_in(tmp_path / "checkpoints") == sorted(["small-gc-1.npz", f"{crashed.run_id}.npz"])


def test_drafts_of_the_dead_are_deleted_and_those_being_written_stay(opened, tmp_path):
    write_whole(tmp_path / "table2.md", b"table")
    dead, alive = tmp_path / ".table2.md.0123.draft", opened.store.runs / ".a.json.4567.draft"
    for draft in (dead, alive):
        draft.write_text("half")
    with alive.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        tidy(opened.store)
        assert alive.exists() and not dead.exists()
    tidy(opened.store)
    assert not alive.exists()
    assert (tmp_path / "table2.md").read_bytes() == b"table"

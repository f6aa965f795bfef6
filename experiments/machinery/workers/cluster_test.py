"""Studies on a Dask cluster: of real processes whose workers are killed, and of a made-up one."""

import errno
import os
import signal
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from unittest import mock

import pytest
from distributed import KilledWorker

from experiments.errors import BadInput, RunsCrashed
from experiments.machinery.records.record import Store
from experiments.machinery.workers import cluster, cluster_worker, pool, worker
from experiments.machinery.workers.cluster import Cluster, check_address, connected
from experiments.machinery.workers.cluster_worker import Wanted, worker_answer
from experiments.machinery.workers.testing import DaskCluster, InProcess, Opened, at_work, wait_for
from experiments.machinery.workers.worker import Ended
from experiments.studies import session
from experiments.studies.session import Options
from experiments.studies.testing import smoke, smoke_run


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A cluster that has no worker yet; those that it gets train nothing."""
    folder = tmp_path_factory.mktemp("cluster")
    processes = DaskCluster(folder, "--preload", "experiments.machinery.workers.testing")
    yield processes
    processes.stop()


@pytest.fixture(scope="module")
def workers(scheduler):
    """Two workers of that cluster."""
    return [scheduler.worker(), scheduler.worker()]


@pytest.fixture
def study(scheduler, workers, tmp_path, monkeypatch):
    """A study on these workers, whose runs last until `hold` is gone from its folder."""
    monkeypatch.setattr(cluster, "WORKERS_S", 600)
    (tmp_path / "hold").touch()
    with connected(scheduler.address, tmp_path) as joined:
        with Opened(tmp_path).open(joined) as opened:
            yield opened
    assert not list(tmp_path.glob(".cluster-*"))


def refused(address, folder, said):
    with pytest.raises(BadInput, match=said), connected(address, folder):
        pass
    assert not list(folder.glob(".cluster-*"))


def test_what_is_missing_is_named(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    monkeypatch.setattr(cluster, "WORKERS_S", 1)
    refused("tcp://127.0.0.1:9", tmp_path, "'tcp://127.0.0.1:9': no answer of a scheduler")
    refused("tls://127.0.0.1:9", tmp_path, "'tls://127.0.0.1:9': no certificates: expected with")
    monkeypatch.setattr(cluster, "CONNECT_S", 60)
    refused(scheduler.address, tmp_path, "no worker: start some with")
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused("tcp://127.0.0.1:9", tmp_path, "distributed is not installed: .* make setup")


@pytest.mark.parametrize("address", ["", "10.0.0.5:8786", "http://a:1", "tcp://a", "tcp://:1"])
def test_what_is_no_address_of_a_scheduler_is_refused(address):
    with pytest.raises(BadInput, match=f"CLUSTER = '{address}': expected the address of a Dask"):
        check_address(address)


def test_runs_of_killed_workers_are_repeated_and_a_late_unfit_one_gets_none(
    study, scheduler, workers, tmp_path
):
    with ThreadPoolExecutor() as threads:
        records = threads.submit(study.execute, [smoke_run(seed) for seed in range(6)])
        killed = wait_for(lambda: at_work(tmp_path)).pop()
        os.kill(killed, signal.SIGKILL)  # its nanny is left
        wait_for(lambda: len(at_work(tmp_path) - {killed}) == 2)
        scheduler.kill(workers[0])
        late = scheduler.worker(threads=2)
        assert late.wait(600) == 0  # it has left
        (tmp_path / "hold").unlink()
        assert [record.status for record in records.result()] == ["finished"] * 6


def test_a_run_that_hangs_ends_its_worker_and_is_reported(study, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "TRIES", 1)
    monkeypatch.setattr(pool, "hang_seconds", lambda config, how: 0.5)
    with pytest.raises(RunsCrashed):
        study.execute([smoke_run()])
    log = (tmp_path / "logs" / f"{smoke_run().run_id}.log").read_text()
    assert log.startswith("the run hung and was stopped after 0.5 s")
    assert ", line " in log  # where it was
    assert study.store.read(smoke_run().run_id) is None
    assert not list(tmp_path.glob("logs/*.trace"))


def test_a_lost_scheduler_is_one_line(study, scheduler, tmp_path):
    with ThreadPoolExecutor() as threads:
        records = threads.submit(study.execute, [smoke_run(seed) for seed in range(9)])
        wait_for(lambda: at_work(tmp_path))
        scheduler.kill(scheduler.scheduler)
        with pytest.raises(BadInput, match="the connection to the scheduler was lost: finished"):
            records.result()


@pytest.mark.slow
def test_a_study_on_a_cluster_with_a_killed_worker_has_the_same_bits(
    tmp_path, day_cache, monkeypatch
):
    found = SimpleNamespace(base_rate=1.0)
    monkeypatch.setattr(session.calibration, "planned", lambda *given: ([], found))
    monkeypatch.setattr(session.calibration, "calibrate", lambda *given: found)
    processes, runs = DaskCluster(tmp_path), [smoke_run(0), smoke_run(1), smoke("clippy", "large")]
    folders = {"results": str(tmp_path), "cache": str(day_cache)}
    named = {"profile": "smoke", "data_seed": None, "workers": 9, "cluster": processes.address}
    far, here = tmp_path / "smoke", InProcess(Store(tmp_path / "here"), day_cache)
    try:
        for _ in range(2):
            processes.worker()
        with ThreadPoolExecutor() as threads, session.opened(Options(**folders, **named)) as opened:
            killer = threads.submit(lambda: os.kill(wait_for(lambda: at_work(far)).pop(), 9))
            found = opened.study.execute(runs)
            killer.result()
    finally:
        processes.stop()
    for record, run in zip(found, runs, strict=True):
        assert record.curves_sha256 == here.runner.run(run).curves_sha256


@pytest.fixture
def made(monkeypatch):
    """(a connection to two workers, a Cluster on it with four runs, what the workers are asked)."""
    monkeypatch.setattr(cluster, "ASK_S", 0.0)
    connection = mock.Mock(is_lost=False, **{"workers.return_value": 2})
    asked = connection.client.submit.side_effect = [Future() for _ in range(4)]
    engine = Cluster(connection, ("results", "cache"))
    for seed in range(4):
        engine.submit(smoke_run(seed), (), 9.0)
    return connection, engine, asked


def test_a_worker_is_given_one_run_at_a_time(made):
    """Of a second one that waits there Dask would count a death with each of the worker's."""
    connection, engine, asked = made
    assert engine.ended(0.0) == []
    assert connection.client.submit.call_count == 2
    asked[1].set_result(Ended("done"))
    assert engine.ended(0.0) == [(smoke_run(1), Ended("done"))]
    assert engine.ended(0.0) == []
    assert connection.client.submit.call_count == 3


KILLED = KilledWorker("key", SimpleNamespace(address="tcp://10.0.0.7:1"), 3)
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x.trace")
WRONG = [
    (lambda run: run.set_exception(KILLED), "died", "on 4 different workers"),
    (lambda run: run.set_exception(RuntimeError("words")), "crashed", "RuntimeError: words\n"),
    (lambda run: run.set_exception(FULL), "stopped", "/x.trace: can"),
    (lambda run: run.cancel(), "broke", "the cluster dropped the run"),
]


@pytest.mark.parametrize("end, how, said", WRONG)
def test_what_goes_wrong_is_told_apart(made, end, how, said):
    _, engine, asked = made
    engine.ended(0.0)
    end(asked[0])
    ((run, ended),) = engine.ended(0.0)
    assert (run, ended.how) == (smoke_run(), how)
    assert said in ended.text


def test_runs_wait_for_workers_until_the_scheduler_is_gone(made, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "ALONE_S", 0.0)
    connection, engine, _ = made
    connection.workers.return_value = 0
    for _ in range(3):
        assert engine.ended(0.01) == []
    assert capsys.readouterr().err == "note: the cluster has no worker; the study waits for one\n"
    connection.is_lost = True
    assert [ended.how for _, ended in engine.ended(0.0)] == ["broke"] * 4


def test_what_makes_a_worker_unfit_is_named(tmp_path):
    (tmp_path / "there").touch()
    own = cluster_worker.traits()
    one, three = (SimpleNamespace(state=SimpleNamespace(nthreads=count)) for count in (1, 3))
    assert worker_answer(Wanted(own, str(tmp_path / "there")), one).unfit == []
    wanted = Wanted(own | {"numpy": "9.8", "else": "1"}, str(tmp_path / "gone"))
    assert worker_answer(wanted, three).unfit == [
        f"numpy {own['numpy']} and not 9.8",
        "else unknown and not 1",
        f"no sight of {tmp_path}",
        "3 threads and not 1 (--nthreads 1)",
    ]


def test_the_checksum_is_of_the_code_and_not_of_its_tests(tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.py").write_text("one")
    before = cluster_worker._checksum(tmp_path)
    for name in ("data/a_test.py", "data/testing.py", "a.py"):
        (tmp_path / name).write_text("no part of a run")
    assert cluster_worker._checksum(tmp_path) == before
    (tmp_path / "data" / "deep" / "a.py").rename(tmp_path / "data" / "a.py")
    assert cluster_worker._checksum(tmp_path) != before


def test_a_worker_that_could_not_be_prepared_is_prepared_again(monkeypatch):
    """It stays in the cluster, and the folder may be there for the next command."""
    made = mock.Mock(side_effect=[OSError(errno.EACCES, "not yours", "results"), "runner"])
    for name in ("_runner", "_claims", "_root", "_unprepared"):
        monkeypatch.setattr(worker, name, None)
    monkeypatch.setattr(worker, "make_runner", made)
    monkeypatch.setattr(cluster_worker, "_warm_for", None)
    cluster_worker._be_warm(("results", "cache"))
    assert worker.execute(None).how == "stopped"
    for _ in range(2):
        cluster_worker._be_warm(("results", "cache"))
    assert (worker._unprepared, worker._runner, made.call_count) == (None, "runner", 2)

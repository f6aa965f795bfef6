"""The engine of a cluster against a made-up Dask: what it hands out, and what it says of ends."""

import errno
import os
import time
from concurrent.futures import CancelledError

from distributed import KilledWorker
from distributed.scheduler import WorkerState

from experiments.machinery.workers import cluster
from experiments.machinery.workers.cluster import Cluster
from experiments.machinery.workers.faults import Broke, Died, Stopped
from experiments.machinery.workers.loopback import wait_for
from experiments.studies.grid import run_config


def config(seed):
    return run_config("smoke", "small", "naive", learning_rate=0.1, data_seed=1, run_seed=seed)


class Asked:
    """What Dask gives for a run: pending until a test ends it."""

    def __init__(self, *arguments, key, pure):
        self.arguments, self.ended, self.released = arguments, None, False

    def end(self, fault=None):
        self.ended = fault or "nothing"

    def done(self):
        return self.ended is not None

    def cancelled(self):
        return isinstance(self.ended, CancelledError)

    def result(self):
        if isinstance(self.ended, Exception):
            raise self.ended
        return None if self.ended == "nothing" else self.ended


class Made:
    """A connection to two workers that do nothing."""

    wanted, is_lost = "wanted", False

    def __init__(self):
        self.client, self.asked, self.check = self, [], lambda: None

    def workers(self):
        return 2

    def submit(self, *arguments, **named):
        self.asked.append(Asked(*arguments, **named))
        return self.asked[-1]


def test_a_worker_is_given_one_run_at_a_time(tmp_path):
    """Of a second one that waits there Dask would count a death with each of the worker's."""
    made = Made()
    engine = Cluster(made, (tmp_path,))
    engine.start()
    futures = [engine.submit([config(seed), tmp_path], 9.0) for seed in range(4)]
    wait_for(lambda: len(made.asked) == 2)
    time.sleep(0.3)
    assert len(made.asked) == 2
    made.asked[1].end()
    wait_for(lambda: len(made.asked) == 3)
    assert [future.done() for future in futures] == [False, True, False, False]
    assert engine.fault(futures[1]) is None
    engine.stop(at_once=False)


def test_what_goes_wrong_is_told_apart(tmp_path):
    made = Made()
    engine = Cluster(made, (tmp_path,))
    engine.start()
    state = WorkerState(
        address="tcp://10.0.0.7:1",
        status="init",
        pid=1,
        name="n",
        nthreads=1,
        memory_limit=0,
        local_directory="/tmp",
        nanny="",
        server_id="s",
    )
    faults = [
        KilledWorker("key", state, 3),
        CancelledError(),
        RuntimeError("not pickled"),
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/shared/logs/x.trace"),
        Died("hung"),
        "a trace",
    ]
    futures = [engine.submit([config(seed), tmp_path], 9.0) for seed in range(7)]
    for place, fault in enumerate(faults):
        wait_for(lambda place=place: len(made.asked) > place)
        made.asked[place].end(fault)
    made.is_lost = True
    wait_for(futures[5].done)
    told = [engine.fault(future) for future in futures[:6]]
    engine.stop(at_once=True)
    assert [type(fault) for fault in told] == [Died, Broke, str, Stopped, Died, str]
    assert "on 4 different workers" in told[0]
    assert "10.0.0.7" in told[0]
    assert told[2].endswith("RuntimeError: not pickled\n")
    assert told[4:] == ["hung", "a trace"]


def test_runs_without_a_worker_are_given_back_when_the_scheduler_is_gone(tmp_path):
    made = Made()
    made.workers = lambda: 0
    engine = Cluster(made, (tmp_path,))
    engine.start()
    future = engine.submit([config(0), tmp_path], 9.0)
    time.sleep(0.3)
    assert not future.done()
    made.is_lost = True
    assert isinstance(future.result(5), Broke)
    engine.stop(at_once=True)


def test_a_study_that_waits_for_workers_says_so_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "ASK_S", 0.0)
    monkeypatch.setattr(cluster, "ALONE_S", 0.2)
    made = Made()
    made.workers = lambda: 0
    engine = Cluster(made, (tmp_path,))
    engine.start()
    engine.submit([config(0), tmp_path], 9.0)
    time.sleep(1.0)
    engine.stop(at_once=True)
    assert capsys.readouterr().err == "note: the cluster has no worker; the study waits for one\n"

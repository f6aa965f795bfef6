"""`make run` by two processes on the loopback, one of which is killed, against two devices of one.

A run writes a checkpoint a minute; the command of these tests does so much more often.
"""

import contextlib
import json
import os
import signal
import socket
import time

import pytest

from experiments.machinery.records.record import Store
from experiments.machinery.workers.testing import wait_for
from scripts.testing import start

pytestmark = pytest.mark.slow
# Of a smaller model the gradients need not be compiled to be the same on devices and on hosts.
GIN = """
include 'configs/models/large_dcn.gin'
ModelConfig.tasks = ('click', 'rating')
include 'configs/methods/clippy.gin'
run.learning_rate = 0.7
"""
SET = ["TrainerConfig.steps_per_day = 40", "TrainerConfig.evaluate_every_steps = 5"]
STEPS = 280
COMMAND = """
import functools
from experiments.machinery.records import checkpoint
from experiments.machinery.workers import runner
runner.Keeper = functools.partial(checkpoint.Keeper, every_s=0.0)
from scripts import command, run
command.main(run.main, run.FLAGS)
"""
HERE = ("127.0.0.1", 0)  # any free port
SECONDS = 150  # for anything on a busy machine


class Workers:
    """Processes of the command in one folder, one for each entry of `environments`."""

    def __init__(self, folder, environments, *flags):
        self.logs = [folder / f"worker{rank}.log" for rank in range(len(environments))]
        common = [f"--results={folder / 'results'}", f"--cache={folder.parent / 'cache'}"]
        common += ["--profile=smoke", f"--config={folder.parent / 'own.gin'}"]
        words = ["-c", COMMAND, *common, f"--set={' '.join(SET)}", *flags]
        self.processes = [
            start(*words, log=log, TF_CPP_MIN_LOG_LEVEL="3", **environment)
            for log, environment in zip(self.logs, environments, strict=True)
        ]

    def wait(self):
        """Exit statuses."""
        return [process.wait(timeout=SECONDS) for process in self.processes]

    def said(self, rank):
        return self.logs[rank].read_text()

    def wait_for(self, rank, text):
        process = self.processes[rank]
        wait_for(lambda: text in self.said(rank) or process.poll() is not None, SECONDS)
        assert text in self.said(rank), self.said(rank)[-4000:]


@contextlib.contextmanager
def running(*arguments):
    workers = Workers(*arguments)
    try:
        yield workers
    finally:
        for process in workers.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def two_hosts():
    """Environments of two workers on free ports of the loopback."""
    with socket.create_server(HERE) as one, socket.create_server(HERE) as other:
        addresses = [f"127.0.0.1:{held.getsockname()[1]}" for held in (one, other)]
    tasks = [{"type": "worker", "index": index} for index in range(2)]
    return [{"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": t})} for t in tasks]


def record_of(folder):
    store = Store(folder / "results" / "smoke", writable=False)
    (record,) = store.records()
    return record, store.curves(record)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "own.gin").write_text(GIN)
    for name in ("devices", "hosts"):
        (folder / name).mkdir()
    return folder


def test_a_killed_worker_stops_the_other_and_the_same_command_gives_the_bits_of_two_devices(here):
    with running(here / "devices", [{}], "--devices=2") as workers:
        assert workers.wait() == [0], workers.said(0)[-4000:]
    on_devices, _ = record_of(here / "devices")

    with running(here / "hosts", two_hosts()) as workers:
        workers.wait_for(0, f"step     20/{STEPS}")
        os.kill(workers.processes[1].pid, signal.SIGKILL)
        killed = time.monotonic()
        assert workers.wait()[0] == 3
        assert time.monotonic() - killed < 60
        said = workers.said(0)
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert "another worker of this run is gone; the same command on all hosts goes on" in line
    assert "Traceback" not in said
    assert not list((here / "hosts" / "results").rglob("*.json"))

    with running(here / "hosts", two_hosts()) as workers:
        assert workers.wait() == [0, 0], workers.said(0)[-4000:] + workers.said(1)[-4000:]
        chief, other = workers.said(0), workers.said(1)
    record, curves = record_of(here / "hosts")
    assert 0 < record.provenance["resumed_at_step"] < STEPS
    assert "resumed_at_step" not in on_devices.provenance
    # Two processes sum what two devices sum.
    assert record.curves_sha256 == on_devices.curves_sha256
    assert (record.run_id, record.metrics) == (on_devices.run_id, on_devices.metrics)
    assert len(curves) == STEPS / 5
    names = ("strategy", "replicas", "workers")
    placed = [tuple(map(run.provenance.get, names)) for run in (on_devices, record)]
    assert placed == [("MirroredStrategy", 2, 1), ("MultiWorkerMirroredStrategy", 2, 2)]
    # Only the chief writes and speaks.
    assert f"record      {here / 'hosts' / 'results'}" in chief
    assert f"step    {STEPS}/{STEPS}" in chief
    assert "step " not in other
    assert "done        the chief writes the record" in other
    assert not list((here / "hosts").rglob("*.npz"))  # the checkpoint has served


def test_waiting_for_the_others_can_be_interrupted(here):
    folder = here / "waiting"
    folder.mkdir()
    with running(folder, two_hosts()[:1]) as workers:
        workers.wait_for(0, "worker 0 of 2: waiting for the others")
        time.sleep(1)  # until TensorFlow has begun to
        os.kill(workers.processes[0].pid, signal.SIGINT)
        assert workers.processes[0].wait(timeout=30) == -signal.SIGINT


def test_a_port_in_use_is_bad_input(tmp_path):
    (tmp_path / "hosts").mkdir()
    (tmp_path / "own.gin").write_text(GIN)
    with socket.create_server(HERE) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        cluster = {"cluster": {"worker": [address]}, "task": {"type": "worker", "index": 0}}
        with running(tmp_path / "hosts", [{"TF_CONFIG": json.dumps(cluster)}]) as workers:
            assert workers.wait() == [2]
            said = workers.said(0).splitlines()[-1]
    assert said.startswith(f"error: TF_CONFIG: {address}: ")
    assert said.endswith("expected a free port of this host")

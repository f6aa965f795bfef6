"""What tests of studies share: runs without TensorFlow, and a Dask cluster of real processes."""

import contextlib
import functools
import io
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from rich.console import Console

from experiments.machinery.records.code import code_digest
from experiments.machinery.records.provenance import ROOT
from experiments.machinery.records.record import RunRecord, Store
from experiments.machinery.workers import local, worker
from experiments.machinery.workers.progress import Display
from experiments.machinery.workers.study import Study
from experiments.machinery.workers.worker import states
from experiments.training.curvature import CurvatureConfig
from experiments.training.divergence import DivergenceConfig

DIVERGENCE = DivergenceConfig(  # blow_up above what shocks do to runs too short to learn
    lift_lost=0.5, least_lift=0.05, blow_up=50.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
HEALTHY = (0.6, 0.7, 0.75)  # AUCs of a run


def leave_run(root, config, *, aucs=HEALTHY, status="finished"):
    """Leaves a made-up record in a results folder, with an evaluation for each of `aucs`."""
    day, crashed, diverged = np.arange(1, len(aucs) + 1), status == "crashed", status == "diverged"
    curves = pd.DataFrame({"step": 6 * day, "day": day, "loss": 3.0 / day, "worst_loss": 3.5 / day})
    curves = curves.assign(**{"click/auc": aucs, "watch_time/rmse": 1.25})
    record = RunRecord(
        run_id=config.run_id,
        status=status,
        config=config.to_dict(),
        steps=0 if crashed else 6 * len(aucs),
        first_bad_step=6 * len(aucs) - 1 if diverged else None,
        first_bad_day=len(aucs) if diverged else None,
        metrics={} if crashed else {"click/auc": aucs[-1], "watch_time/rmse": 1.25},
        optimal={},
        curves_sha256=None,
        provenance={} if crashed else {"wall_s": 7.6},
        code=code_digest(),
    )
    return Store(root).write(record, None if crashed else curves)


def wait_for(condition, seconds=600):
    """What `condition` gives once that is true. Raises: TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.005)
    return found


class FakeRunner:
    """Takes the place of a Runner in a worker; a run lasts as long as `<results>/hold` is there."""

    def __init__(self, results_root, cache_root, say=print):
        self._store, self._hold = Store(results_root), Store(results_root).root / "hold"

    def run(self, config, on_row, telemetry=None):
        if self._store.read(config.run_id) is None:
            on_row({"step": 6, "loss": 3.0, "worst_loss": 3.5, "click/auc": 0.6})
            while self._hold.exists():
                time.sleep(0.005)
            leave_run(self._store.root, config)


def begin(*folders):
    """Takes the place of local.begin: a worker of this machine with a FakeRunner."""
    worker.make_runner = FakeRunner
    local.begin(*folders)


def dask_setup(dask_worker):
    """Called by Dask in a worker that has this module as `--preload`."""
    worker.make_runner = FakeRunner


class Opened:
    """A study in a results folder, on two workers of this machine, and what its display printed."""

    def __init__(self, folder, cache="unused"):
        self.store, self.text = Store(folder), io.StringIO()
        console = Console(file=self.text, width=60, force_terminal=False)
        self.display = Display(DIVERGENCE, 2, console)
        self.open = functools.partial(Study.open, self.store, cache, 2, self.display)

    def study(self, pool=None):
        """The study on another pool, or one that only reads."""
        return Study(self.store, pool, self.display)


class InProcess:
    """Takes the place of a Pool: runs are done in this process. `ran` has their ids."""

    def __init__(self, store, cache_root, say=logging.warning):
        from experiments.machinery.workers.runner import Runner

        self._store, self.runner, self.ran = store, Runner(store, cache_root, say), []

    def run(self, configs, display, how):
        from experiments.machinery.workers.curvature import Gauge

        gauge = Gauge(self.runner, self._store.root)
        for each in configs:
            if isinstance(how, CurvatureConfig):
                gauge.measure(each, how)
            else:
                self.runner.run(each, telemetry=how)
            record = self._store.read(each.run_id)
            display.finished(each, record, self._store.curves(record))
            self.ran.append(each.run_id)
        return {}


def start_command(folder, configs):
    """Starts a process that executes runs with FakeRunners; its subprocess.Popen."""
    (folder / "configs").write_bytes(pickle.dumps(configs))
    code = f"from {__name__} import execute; execute({str(folder)!r})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def execute(folder):
    """What that process does."""
    local.begin, local.TRACE_S = begin, 0
    with Opened(folder).open() as study:
        study.execute(pickle.loads((study.store.root / "configs").read_bytes()))


def at_work(root):
    """Process ids of the workers that are in the middle of a run."""
    return {state["worker"] for state in states(root) if state["rows"]}


class DaskCluster:
    """A scheduler and workers on loopback, each with its nanny in a process group of its own.

    They leave their logs in a folder; `flags` are those of every worker.
    """

    def __init__(self, folder, *flags):
        self._folder, self._flags, self._groups = folder, flags, []
        file = folder / "scheduler.json"
        flags = ("--port", "0", "--scheduler-file", str(file), "--idle-timeout", "10 minutes")
        self.scheduler = self._start("scheduler", *flags)
        wait_for(lambda: file.exists() and file.read_text().strip().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    def worker(self, threads=1):
        """Starts a worker; returns its group."""
        flags = ("--nthreads", str(threads), "--memory-limit", "0", "--death-timeout", "60")
        return self._start("worker", self.address, *flags, *self._flags)

    def kill(self, group):
        """Ends all processes of a group at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group.pid, signal.SIGKILL)
        group.wait(10)

    def stop(self):
        for group in reversed(self._groups):
            self.kill(group)

    def _start(self, kind, *arguments):
        line = [sys.executable, "-m", "dask", kind, *arguments, "--host", "127.0.0.1"]
        line.append("--no-dashboard")
        with (self._folder / f"{kind}-{len(self._groups)}.log").open("w") as log:
            output = {"stdout": log, "stderr": log}
            self._groups.append(subprocess.Popen(line, cwd=ROOT, start_new_session=True, **output))
        return self._groups[-1]

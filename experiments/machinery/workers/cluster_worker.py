"""What runs in a worker of a cluster: it says what it computes with, and executes runs.

A worker prints into no log of a study, because it outlives the study and serves several. Its output
belongs to whoever started it. The trace of a run that crashed comes back with the worker's name.
A thread of faulthandler ends a process that hangs, even where Python itself is stuck.
"""

import faulthandler
import functools
import hashlib
import importlib.metadata
import os
import pathlib
import socket
import sys
from typing import NamedTuple

from experiments.machinery.records.provenance import PACKAGES, ROOT, provenance
from experiments.machinery.workers import worker
from experiments.machinery.workers.worker import Ended

PARTS = ("clippy", "data", "models", "experiments")  # what a run is computed by


class Wanted(NamedTuple):
    """What a worker has to be for the runs of one command."""

    traits: dict[str, str]  # those of the process that asks
    probe: str  # path of a file that it made in its results folder


class Answer(NamedTuple):
    """What a process of the cluster says of itself."""

    host: str
    processor: str
    unfit: list[str]  # what makes it unfit for the runs of a command


@functools.cache
def traits():
    """What has to agree between processes that share a study: dict from name to text.

    Taken once: a process computes with the code that it has read, not with what is there by now.
    """
    known = provenance()
    versions = {name: known[name] for name in ("python", *PACKAGES)}
    versions["distributed"] = importlib.metadata.version("distributed")
    return {"commit": known["commit"][:12], "code": _checksum(ROOT), **versions}


def _checksum(root):
    """Of the files of Python, so that changes that are not committed are noticed too."""
    digest = hashlib.sha256()
    for part in PARTS:
        for path in sorted((root / part).rglob("*.py")):
            if not path.name.endswith(("_test.py", "testing.py")):
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def scheduler_answer(wanted):
    """The Answer of a scheduler, which neither computes nor reads results, to a Wanted."""
    own = traits()
    unfit = [
        f"{name} {own.get(name) or 'unknown'} and not {value or 'unknown'}"
        for name, value in wanted.traits.items()
        if own.get(name) != value
    ]
    return Answer(socket.gethostname(), provenance()["processor"], unfit)


def worker_answer(wanted, dask_worker):
    """The Answer of a worker to a Wanted; Dask gives the distributed.Worker."""
    answer = scheduler_answer(wanted)
    if not pathlib.Path(wanted.probe).exists():
        answer.unfit.append(f"no sight of {pathlib.Path(wanted.probe).parent}")
    if dask_worker.state.nthreads != 1:  # with more, the bits depend on their number
        answer.unfit.append(f"{dask_worker.state.nthreads} threads and not 1 (--nthreads 1)")
    return answer


def execute(wanted, folders, arguments, hang_s):
    """worker.execute(*arguments) in a worker that is fit for it, and watched while it runs.

    Dask cannot stop a run. One that hangs ends this process, and the worker is replaced; the trace
    that it leaves tells the process that is given the run next.

    Raises: distributed.Reschedule if this worker is unfit; it leaves the cluster then.
    """
    from distributed import get_worker

    this = get_worker()
    _be_fit(this, wanted)
    trace = pathlib.Path(folders[0]) / "logs" / f"{this.get_current_task()}.trace"
    if trace.exists() and (text := trace.read_text()):
        trace.unlink()
        return Ended("died", f"the run hung and was stopped after {hang_s} s:\n{text}")
    _be_warm(folders)
    with trace.open("w") as file:
        faulthandler.dump_traceback_later(hang_s, exit=True, file=file)
        try:
            ended = worker.execute(*arguments)
        finally:
            faulthandler.cancel_dump_traceback_later()
            trace.unlink(missing_ok=True)
    if ended.how == "crashed":
        place = f"on {socket.gethostname()}, process {os.getpid()}"
        return Ended("crashed", f"{place}:\n{ended.text}")
    return ended


_fit_for = None  # the probe of the command that this process was last found fit for
_warm_for = None  # its folders


def _be_fit(this, wanted):
    """Checks this worker once a command: it may have joined after the command had asked all."""
    global _fit_for
    if _fit_for == wanted.probe:
        return
    if unfit := worker_answer(wanted, this).unfit:
        from distributed import Reschedule

        reason = f"unfit for the study: {', '.join(unfit)}"
        sys.stderr.write(f"error: {reason}\n")
        this.loop.add_callback(this.close, nanny=True, reason=reason)
        raise Reschedule
    _fit_for = wanted.probe


def _be_warm(folders):
    global _warm_for
    if _warm_for != folders:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # as every command does
        _warm_for = folders if worker.prepare(*folders) else None

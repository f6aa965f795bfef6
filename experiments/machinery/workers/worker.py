"""A process that executes runs one after the other, of this machine or of a cluster."""

import contextlib
import json
import os
import pathlib
import socket
import sys
import traceback
from typing import Literal, NamedTuple

from experiments.errors import CannotWrite, stopping
from experiments.machinery.records.claim import Claimed, Claims
from experiments.machinery.records.files import write_whole
from experiments.training.curvature import CurvatureConfig


class Ended(NamedTuple):
    """How a run ended.

    "done"; "crashed" by an error of its own; "died" with its worker, and may be tried again;
    "broke" with all workers, and may not have been begun; "held" by another process; "stopped" by
    what every run would meet, as a full disk.
    """

    how: Literal["done", "crashed", "died", "broke", "held", "stopped"]
    text: str = ""  # what a person should know of it, a traceback for instance


_runner = _claims = _root = _gauge = None
_unprepared = None  # the Ended of every run, if this process could not be prepared
_notes = []  # what a person should know of the run under way


def prepare(results_root, cache_root, log=None):
    """Whether this process, which prints into `log`, could be prepared; runs are told why not."""
    global _runner, _claims, _root, _gauge, _unprepared
    _unprepared, _root, _gauge = None, pathlib.Path(results_root), None
    try:
        if log is not None:
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
                os.dup2(file, stream.fileno())
        _runner = make_runner(results_root, cache_root, _notes.append)
        _claims = Claims(results_root)
    except Exception as error:  # a process that fails here would be started again and again
        _unprepared = ended_by(error)
    return _unprepared is None


def make_runner(results_root, cache_root, say):
    """The Runner of this process, which imports TensorFlow once for all runs.

    It has one thread: with more, the bits depend on the number of cores, and these models gain
    less from a second thread than from a second process.
    """
    from experiments.machinery.records.record import Store
    from experiments.training.tensorflow_setup import one_thread

    one_thread()  # before anything else imports TensorFlow, which writes to standard error
    from experiments.machinery.workers.runner import Runner

    return Runner(Store(results_root), cache_root, say)


def execute(config, how=None, study=None):
    """Executes one run; its record is on disk when this returns an Ended.

    `how` says what is measured: a TelemetryConfig, a CurvatureConfig, or None for nothing.

    The curves so far are in its progress file while it is under way. `study` is the name of the
    process that asks, by which it knows its own runs among these files.
    """
    if _unprepared is not None:
        return _unprepared
    _notes.clear()
    path, rows = progress_file(_root, config.run_id), []

    def write(*row):
        rows.extend(row)
        state = {"run_id": config.run_id, "steps": config.steps, "rows": rows}
        state |= {"learning_rate": config.learning_rate, "thresholds": config.method.thresholds}
        state |= {"worker": os.getpid(), "host": socket.gethostname(), "study": study}
        write_whole(path, json.dumps(state).encode())  # a loss may be NaN

    try:
        with _claims.of(config.run_id):
            write()  # an hour may pass before the first evaluation
            try:
                _train(config, how, write)
                if rows:  # there are none if another process had done it
                    print(f"{config.run_id} trained", flush=True)
            finally:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
    except Claimed:
        return Ended("held")
    except Exception as error:  # whatever it was, the study goes on and reports it
        return ended_by(error)
    return Ended("done", "\n".join(_notes))


def _train(config, how, on_row):
    """Trains a run as `how` says; what measures curvature is made when it is first asked for."""
    global _gauge
    if not isinstance(how, CurvatureConfig):
        _runner.run(config, on_row, how)
        return
    if _gauge is None:
        from experiments.machinery.workers.curvature import Gauge

        _gauge = Gauge(_runner, _root)
    _gauge.measure(config, how, on_row)


def progress_file(root, run_id):
    """Where the curves of a run under way are; it is written under the run's claim."""
    return pathlib.Path(root) / "progress" / f"{run_id}.json"


def states(root):
    """Yields what the progress files in a results folder say: dicts as `execute` writes them."""
    for path in sorted((pathlib.Path(root) / "progress").glob("*.json")):
        try:
            yield json.loads(path.read_text())
        except (OSError, ValueError):  # the run has just ended, or the file is just being replaced
            continue


def under_way(root):
    """Those of `states` whose worker is alive, as far as this host can tell: list of dicts."""
    return [state for state in states(root) if _may_be_alive(state)]


def _may_be_alive(state):
    if state["host"] == socket.gethostname():
        try:
            os.kill(state["worker"], 0)
        except PermissionError:  # the worker of another user is alive
            return True
        except OSError:
            return False
    return True


def ended_by(error):
    """The Ended of a run that raised an exception; see errors.STOPPING for those that stop all."""
    stop = stopping(error) if isinstance(error, OSError) else error
    if isinstance(stop, CannotWrite):
        return Ended("stopped", str(stop))
    return Ended("crashed", traceback.format_exc())


def trained(root):
    """Ids of the runs that workers of this machine trained, each as often as it was, sorted."""
    logs = (root / "logs").glob("worker-*.log")
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    return sorted(line.split()[0] for line in lines if line.endswith(" trained"))

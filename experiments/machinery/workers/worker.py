"""What runs inside a worker process of a study: TensorFlow is imported once, runs come and go."""

import contextlib
import json
import multiprocessing
import os
import pathlib
import socket
import sys
import threading
import traceback

from experiments.errors import CannotWrite, stopping
from experiments.machinery.records.claim import Claimed, Claims
from experiments.machinery.workers.faults import Held, Noted, Stopped

_runner = _claims = None
_not_warm = None  # why this process could not be prepared, as text
_notes = []  # what the person should know of the run under way


def warm(results_root, cache_root, log_folder):
    """Prepares this process, and gives it a log of its own.

    Args:
      results_root, cache_root: those of `prepare`.
      log_folder: everything this process prints goes to `worker-<host>-<pid>.log` there, with a
        line for each run that it trained.
    """
    global _not_warm
    log = pathlib.Path(log_folder) / f"worker-{socket.gethostname()}-{os.getpid()}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except OSError as error:  # as below
        _not_warm = fault_of(error)
        return
    os.dup2(file, 1)
    os.dup2(file, 2)
    prepare(results_root, cache_root)


def prepare(results_root, cache_root):
    """Prepares this process: its single thread, TensorFlow, the runner.

    Args:
      results_root, cache_root: folders of the records and of the days.
    Returns: whether it is prepared; if not, each run is told why.
    """
    global _runner, _claims, _not_warm
    _not_warm = None
    try:
        from experiments.machinery.records.record import Store
        from experiments.machinery.workers.runner import Runner
        from experiments.training.tensorflow_setup import one_thread

        one_thread()
        _runner = Runner(Store(results_root), cache_root, _notes.append)
        _claims = Claims(results_root)
    except Exception as error:  # a process that fails here would be started again and again
        _not_warm = fault_of(error)
    return _not_warm is None


def end_with_parent():
    """Ends this process when the one that started it ends, whatever ended that, in a run too."""

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def progress_file(folder, run_id):
    """Where the curves of a run under way are; written under its claim."""
    return pathlib.Path(folder) / f"{run_id}.json"


def execute(config, progress_folder, telemetry=None, study=None):
    """Runs one configuration; its record is on disk when this returns.

    Args:
      config: RunConfig.
      progress_folder: `<run id>.json` there holds the run's curves so far.
      telemetry: TelemetryConfig, or None.
      study: name of the process that asks, by which it knows its own runs in that folder.
    Returns: None; Noted if there is something to say; Held if another process is on the run;
      Stopped if no run could be recorded; or the traceback as text if the run failed.
    """
    if _not_warm is not None:
        return _not_warm
    _notes.clear()
    from experiments.machinery.records.files import write_whole

    path, rows = progress_file(progress_folder, config.run_id), []

    def write():
        state = {"run_id": config.run_id, "steps": config.steps, "rows": rows}
        state |= {"worker": os.getpid(), "host": socket.gethostname(), "study": study}
        write_whole(path, json.dumps(state).encode())  # a loss may be NaN

    def show(row):
        rows.append(row)
        write()

    try:
        with _claims.of(config.run_id):
            write()  # an hour may pass before the first evaluation
            try:
                _runner.run(config, show, telemetry)
                if rows:  # none if another process had done it
                    print(f"{config.run_id} trained", flush=True)
            finally:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
    except Claimed:
        return Held("another process is on it")
    except Exception as error:  # whatever it was, the study goes on and reports it
        return fault_of(error)
    return Noted("\n".join(_notes)) if _notes else None


def fault_of(error):
    """What is said of an exception: Stopped if every run would meet it, else its traceback."""
    stop = stopping(error) if isinstance(error, OSError) else error
    return Stopped(stop) if isinstance(stop, CannotWrite) else traceback.format_exc()

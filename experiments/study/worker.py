"""What runs inside a worker process of a study: TensorFlow is imported once, runs come and go."""

import contextlib
import json
import os
import pathlib
import sys
import traceback

from experiments.errors import CannotWrite, stopping
from experiments.study.engine import Noted, Stopped

_runner = None
_not_warm = None  # why this process could not be prepared, as text
_notes = []  # what the person should know of the run under way


def warm(results_root, cache_root, log_folder):
    """Prepares this process: its log, its single thread, TensorFlow, the runner.

    Args:
      results_root, cache_root: folders of the records and of the days.
      log_folder: everything this process prints goes to `worker-<pid>.log` there.
    """
    global _runner, _not_warm
    log = pathlib.Path(log_folder) / f"worker-{os.getpid()}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        from experiments.run.record import Store
        from experiments.run.runner import Runner
        from experiments.run.threads import one_thread

        one_thread()
        _runner = Runner(Store(results_root), cache_root, _notes.append)
    except Exception as error:  # a process that fails here would be started again and again
        _not_warm = _fault(error)


def execute(config, progress_folder, telemetry=None):
    """Runs one configuration; its record is on disk when this returns.

    Args:
      config: RunConfig.
      progress_folder: `<run id>.json` there holds the run's curves so far.
      telemetry: TelemetryConfig, or None.
    Returns: None; Noted if there is something to say; Stopped if no run could be recorded; or the
      traceback as text if the run failed.
    """
    if _not_warm is not None:
        return _not_warm
    _notes.clear()
    from experiments.run.record import write_whole

    path = pathlib.Path(progress_folder) / f"{config.run_id}.json"
    rows = []

    def write():
        state = {"run_id": config.run_id, "steps": config.steps, "rows": rows}
        state["worker"] = os.getpid()
        write_whole(path, json.dumps(state).encode())  # a loss may be NaN

    def show(row):
        rows.append(row)
        write()

    try:
        write()  # an hour may pass before the first evaluation
        _runner.run(config, show, telemetry)
    except Exception as error:  # whatever it was, the study goes on and reports it
        return _fault(error)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    return Noted("\n".join(_notes)) if _notes else None


def _fault(error):
    """What is said of an exception: Stopped if every run would meet it, else its traceback."""
    stop = stopping(error) if isinstance(error, OSError) else error
    return Stopped(stop) if isinstance(stop, CannotWrite) else traceback.format_exc()

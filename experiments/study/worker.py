"""What runs inside a worker process of a study: TensorFlow is imported once, runs come and go."""

import json
import os
import pathlib
import sys
import traceback

_runner = None
_not_warm = None  # why this process could not be prepared, as text


def warm(results_root, cache_root, log_folder):
    """Prepares this process, and gives it a log of its own.

    Args:
      results_root, cache_root: those of `prepare`.
      log_folder: everything this process prints goes to `worker-<pid>.log` there.
    """
    log = pathlib.Path(log_folder) / f"worker-{os.getpid()}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    prepare(results_root, cache_root)


def prepare(results_root, cache_root):
    """Prepares this process: its single thread, TensorFlow, the runner.

    Args:
      results_root, cache_root: folders of the records and of the days.
    """
    global _runner, _not_warm
    try:
        from experiments.run.record import Store
        from experiments.run.runner import Runner
        from experiments.run.threads import one_thread

        one_thread()
        _runner = Runner(Store(results_root), cache_root)
    except Exception:  # a process that fails here would be started again and again
        _not_warm = traceback.format_exc()


def execute(config, progress_folder, telemetry=None):
    """Runs one configuration; its record is on disk when this returns.

    Args:
      config: RunConfig.
      progress_folder: `<run id>.json` there holds the run's curves so far.
      telemetry: TelemetryConfig, or None.
    Returns: None, or the traceback as text if the run failed.
    """
    if _not_warm is not None:
        return _not_warm
    path = pathlib.Path(progress_folder) / f"{config.run_id}.json"
    rows = []

    def write():
        state = {"run_id": config.run_id, "steps": config.steps, "rows": rows}
        state["worker"] = os.getpid()
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(state))
        draft.replace(path)

    def show(row):
        rows.append(row)
        write()

    try:
        write()  # an hour may pass before the first evaluation
        _runner.run(config, show, telemetry)
    except Exception:  # whatever it was, the study goes on and reports it
        return traceback.format_exc()
    finally:
        path.unlink(missing_ok=True)
    return None

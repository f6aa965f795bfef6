"""What runs inside a worker process of a study: TensorFlow is imported once, runs come and go."""

import json
import os
import pathlib
import sys
import traceback

_runner = None


def warm(results_root, cache_root, log_folder):
    """Prepares this process: its log, its single thread, TensorFlow, the runner.

    Args:
      results_root, cache_root: folders of the records and of the days.
      log_folder: everything this process prints goes to `worker-<pid>.log` there.
    """
    global _runner
    log = pathlib.Path(log_folder) / f"worker-{os.getpid()}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    from experiments.record import Store
    from experiments.runner import Runner
    from experiments.threads import one_thread

    one_thread()
    _runner = Runner(Store(results_root), cache_root)


def execute(config, progress_folder):
    """Runs one configuration; its record is on disk when this returns.

    Args:
      config: RunConfig.
      progress_folder: `<pid>.json` there says how far the run is.
    Returns: None, or the traceback as text if the run failed.
    """
    path = pathlib.Path(progress_folder) / f"{os.getpid()}.json"

    def show(row):
        binary = [value for name, value in row.items() if name.endswith("/auc")]
        state = {"run_id": config.run_id, "step": row["step"], "steps": config.steps}
        state["auc"] = sum(binary) / len(binary) if binary else None
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(state))
        draft.replace(path)

    try:
        _runner.run(config, show)
    except Exception:  # whatever it was, the study goes on and reports it
        return traceback.format_exc()
    finally:
        path.unlink(missing_ok=True)
    return None

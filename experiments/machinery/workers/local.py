"""Worker processes of this machine: warm, and replaced when they die."""

import concurrent.futures
import multiprocessing
import os
import pathlib
import socket
import threading

import pebble

from experiments.machinery.workers import worker
from experiments.machinery.workers.worker import Ended


class Local:
    """Executes runs in processes of this machine of one thread each."""

    def __init__(self, workers, folders):
        self._workers, self._folders = workers, folders
        self._pool, self._runs = None, {}  # runs: from the future of a run to its RunConfig

    def start(self):
        """Starts the processes, anew if a worker's death between two runs broke the pool."""
        if self._pool is not None and not self._pool.active:
            self.stop(at_once=True)
        if self._pool is None:
            self._pool = pebble.ProcessPool(
                self._workers,
                context=multiprocessing.get_context("spawn"),
                initializer=begin,
                initargs=self._folders,
            )

    def submit(self, config, arguments, hang_s):
        """Queues worker.execute(config, *arguments), which is killed after `hang_s` seconds."""
        try:
            run = self._pool.schedule(worker.execute, args=(config, *arguments), timeout=hang_s)
        except RuntimeError as error:  # the pool broke while runs were being submitted
            run = concurrent.futures.Future()
            run.set_exception(concurrent.futures.BrokenExecutor(str(error)))
        self._runs[run] = config

    def ended(self, timeout_s):
        """The runs that have ended, list of (RunConfig, Ended); waits so long for the first."""
        first = concurrent.futures.FIRST_COMPLETED
        done, _ = concurrent.futures.wait(self._runs, timeout_s, first)
        return [(self._runs.pop(run), _ended(run)) for run in done]

    def stop(self, at_once):
        """Ends the processes, after the runs under way or at once."""
        if self._pool is None:
            return
        end = self._pool.stop if at_once else self._pool.close
        end()
        self._pool.join()
        self._pool = None


def _ended(run):
    try:
        return run.result()
    except concurrent.futures.TimeoutError as error:
        return Ended("died", f"the run hung and was stopped: {error}")
    except pebble.ProcessExpired as error:
        return Ended("died", f"the worker process died: {error}")
    # pebble's pool breaks if a worker dies while none has begun a run: no run is at fault then.
    except (concurrent.futures.BrokenExecutor, concurrent.futures.CancelledError) as error:
        return Ended("broke", f"the pool of workers broke: {error}")


def begin(results_root, cache_root):
    """Prepares a worker process; all it prints goes to `logs/worker-<host>-<pid>.log`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    name = f"worker-{socket.gethostname()}-{os.getpid()}.log"
    worker.prepare(results_root, cache_root, pathlib.Path(results_root) / "logs" / name)


def _end_with_parent():
    """Ends this process when the one that started it ends, in the middle of a run too."""
    multiprocessing.parent_process().join()
    os._exit(1)

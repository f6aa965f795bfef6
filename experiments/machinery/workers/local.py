"""The engine of a study on one machine: warm worker processes, replaced when they die."""

import concurrent.futures
import multiprocessing

import pebble

from experiments.machinery.workers import worker
from experiments.machinery.workers.faults import Broke, Died


class Local:
    """Worker processes of this machine.

    Args:
      workers: number of processes, one thread each.
      arguments: of worker.warm.
    """

    def __init__(self, workers, arguments):
        self._workers, self._arguments = workers, arguments
        self._pool = None

    def start(self):
        """Starts the processes, anew if a worker's death between two runs broke the pool."""
        if self._pool is not None and not self._pool.active:
            self.stop(at_once=True)
        if self._pool is None:
            self._pool = pebble.ProcessPool(
                self._workers,
                context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=self._arguments,
            )

    def submit(self, arguments, hang_s):
        """Future of worker.execute(*arguments), which is killed after `hang_s` seconds."""
        try:
            return self._pool.schedule(worker.execute, args=arguments, timeout=hang_s)
        except RuntimeError as error:  # it broke while runs were being submitted
            future = concurrent.futures.Future()
            future.set_exception(concurrent.futures.BrokenExecutor(str(error)))
            return future

    def fault(self, future):
        """What came of a run that has ended: None, Held, Died, Broke, or what went wrong."""
        try:
            return future.result()
        except concurrent.futures.TimeoutError as error:
            return Died(f"the run hung and was stopped: {error}")
        except pebble.ProcessExpired as error:
            return Died(f"the worker process died: {error}")
        except (concurrent.futures.BrokenExecutor, concurrent.futures.CancelledError) as error:
            return Broke(f"the pool of workers broke: {error}")

    def stop(self, at_once):
        """Ends the processes, after the runs under way or at once."""
        if self._pool is None:
            return
        if at_once:
            self._pool.stop()
        else:
            self._pool.close()
        self._pool.join()
        self._pool = None


def _begin(*arguments):
    worker.end_with_parent()
    worker.warm(*arguments)

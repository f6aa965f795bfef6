"""A pool of warm worker processes that runs the missing runs of a study."""

import concurrent.futures
import multiprocessing

import pebble

from experiments import worker
from experiments.record import RunRecord

TRIES = 3  # ours: a worker killed from outside may be unlucky twice
HANG_S = 6 * 3600  # ours: no run of a profile meant for this pool takes an hour
POLL_S = 0.5


class Pool:
    """Warm worker processes; used as a context manager, started at the first run.

    Args:
      store: record.Store.
      cache_root: folder of the caches of days.
      workers: number of processes, one thread each.
    """

    def __init__(self, store, cache_root, workers):
        self._store, self._workers = store, workers
        self._logs, self._progress = store.root / "logs", store.root / "progress"
        self._arguments = (str(store.root), str(cache_root), str(self._logs))
        self._pool = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self._pool is None:
            return
        if kind is None:
            self._pool.close()
        else:
            self._pool.stop()  # Ctrl-C or a fault: runs under way are lost, records are not
        self._pool.join()

    def run(self, configs, display):
        """Runs configurations that have no record yet.

        Args:
          configs: RunConfigs, in the order in which they start.
          display: progress.Display, told of every finished run.
        Returns: dict from run id to the path of its log, for those that crashed.
        """
        self._start()
        crashed = {}
        waiting = {self._submit(config): (config, 1) for config in configs}
        while waiting:
            done, _ = concurrent.futures.wait(waiting, POLL_S, concurrent.futures.FIRST_COMPLETED)
            display.running(self._progress)
            for future in done:
                config, tried = waiting.pop(future)
                fault, final = _fault(future)
                if fault is None:
                    display.finished(config, self._store.read(config.run_id))
                elif not final and tried < TRIES:
                    waiting[self._submit(config)] = (config, tried + 1)
                else:
                    crashed[config.run_id] = self._crashed(config, fault)
                    display.crashed(config)
        return crashed

    def _start(self):
        if self._pool is None:
            for folder in (self._logs, self._progress):
                folder.mkdir(exist_ok=True)
            for left_over in self._progress.iterdir():
                left_over.unlink()
            self._pool = pebble.ProcessPool(
                self._workers,
                context=multiprocessing.get_context("spawn"),
                initializer=worker.warm,
                initargs=self._arguments,
            )

    def _submit(self, config):
        arguments = [config, str(self._progress)]
        return self._pool.schedule(worker.execute, args=arguments, timeout=HANG_S)

    def _crashed(self, config, fault):
        log = self._logs / f"{config.run_id}.log"
        log.write_text(fault)
        self._store.write(
            RunRecord(
                run_id=config.run_id,
                status="crashed",
                config=config.to_dict(),
                steps=0,
                first_bad_step=None,
                first_bad_day=None,
                metrics={},
                optimal={},
                curves_sha256=None,
                provenance={},
            )
        )
        return log


def _fault(future):
    """What went wrong with a run: (text or None, whether trying again is useless)."""
    try:
        return future.result(), True
    except concurrent.futures.TimeoutError:
        return f"the run took longer than {HANG_S} s and was stopped", True
    except pebble.ProcessExpired as error:
        return f"the worker process died: {error}", False

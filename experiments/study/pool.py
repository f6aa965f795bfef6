"""A pool of warm worker processes that runs the missing runs of a study."""

import collections
import concurrent.futures
import contextlib
import multiprocessing

from experiments.errors import CannotWrite
from experiments.run.cost import seconds_of
from experiments.run.record import RunRecord, write_whole
from experiments.study.engine import Died, Noted, Stopped
from experiments.study.local import Local

HANG_FLOOR_S = 600  # ours: far above an import of TensorFlow on a busy machine
HANG_FACTOR = 20  # ours: room for a machine that other work slows down
TRIES = 3  # ours: a worker killed from outside may be unlucky twice
POLL_S = 0.5


def hang_seconds(config):
    """Seconds after which a run is taken for hung: far above its predicted time."""
    return HANG_FLOOR_S + HANG_FACTOR * seconds_of(config)


class Pool:
    """Warm worker processes; used as a context manager, started at the first run.

    Args:
      store: record.Store.
      cache_root: folder of the caches of days.
      workers: number of processes, one thread each.
      hang_s: function from a RunConfig to the seconds after which it is stopped.
    """

    def __init__(self, store, cache_root, workers, hang_s=hang_seconds):
        self._store, self._hang_s = store, hang_s
        self._logs, self._progress = store.root / "logs", store.root / "progress"
        self._engine = Local(workers, (str(store.root), str(cache_root), str(self._logs)))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        workers = [process.pid for process in multiprocessing.active_children()]
        self._engine.stop(at_once=kind is not None)  # runs under way are lost then, records are not
        if kind is not None:
            self._sweep(workers)

    def _sweep(self, workers):
        """Removes what processes of this machine that are gone were about to write."""
        drafts = (draft for pid in workers for draft in self._store.root.glob(f"*/.*.{pid}"))
        with contextlib.suppress(OSError):  # where nothing can be written nothing can be removed
            for draft in drafts:
                draft.unlink()

    def run(self, configs, display, telemetry=None):
        """Runs configurations that have no record yet.

        A run whose worker died is tried again when the others have ended, TRIES times in all.

        Args:
          configs: RunConfigs, in the order in which they start.
          display: progress.Display, told of every finished run.
          telemetry: TelemetryConfig of what they measure, or None.
        Returns: dict from run id to the path of its log, for those that crashed.
        Raises: CannotWrite as soon as a run could not write: the next could not either.
        """
        left, deaths, crashed = list(configs), collections.Counter(), {}
        while left:
            again = []
            for config, fault in self._round(left, display, telemetry):
                deaths[config.run_id] += isinstance(fault, Died)
                if fault is None:
                    record = self._store.read(config.run_id)
                    display.finished(config, record, self._store.curves(record))
                elif isinstance(fault, Died) and deaths[config.run_id] < TRIES:
                    again.append(config)
                else:
                    crashed[config.run_id] = self._crashed(config, fault)
                    display.crashed(config)
            left = again
        display.running(self._progress)
        return crashed

    def _round(self, configs, display, telemetry):
        """Yields (config, what went wrong or None) as the runs end."""
        self._start()
        waiting = {self._submit(config, telemetry): config for config in configs}
        while waiting:
            done, _ = concurrent.futures.wait(waiting, POLL_S, concurrent.futures.FIRST_COMPLETED)
            display.running(self._progress, waiting.values())
            for future in done:
                config = waiting.pop(future)
                fault = self._engine.fault(future)
                if isinstance(fault, Stopped):
                    raise CannotWrite(str(fault))
                if isinstance(fault, Noted):
                    display.note(fault)
                    fault = None
                if fault is not None:  # the worker may not have been able to
                    (self._progress / f"{config.run_id}.json").unlink(missing_ok=True)
                yield config, fault

    def _start(self):
        for folder in (self._logs, self._progress):
            folder.mkdir(exist_ok=True)
        for left_over in self._progress.iterdir():
            left_over.unlink(missing_ok=True)
        self._engine.start()

    def _submit(self, config, telemetry):
        arguments = [config, str(self._progress), telemetry]
        return self._engine.submit(arguments, self._hang_s(config))

    def _crashed(self, config, fault):
        log = self._logs / f"{config.run_id}.log"
        write_whole(log, fault.encode())
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

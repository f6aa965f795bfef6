"""A pool of warm worker processes that runs the missing runs of a study."""

import collections
import concurrent.futures
import contextlib
import os
import socket
import time

from experiments.errors import BadInput, CannotWrite
from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.records.claim import Claimed, Claims
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import RunRecord
from experiments.machinery.workers.cluster import Cluster
from experiments.machinery.workers.faults import Broke, Died, Held, Noted, Stopped
from experiments.machinery.workers.local import Local
from experiments.machinery.workers.tidy import drop_progress, tidy

HANG_FLOOR_S = 600  # ours: far above an import of TensorFlow on a busy machine
HANG_FACTOR = 20  # ours: room for a machine that other work slows down
TRIES = 3  # ours: a worker killed from outside may be unlucky twice
POLL_S = 0.5
HELD_S = 2  # ours: between two looks at the last runs that other processes are on


def hang_seconds(config):
    """Seconds after which a run is taken for hung: far above its predicted time."""
    return HANG_FLOOR_S + HANG_FACTOR * seconds_of(config)


class Pool:
    """Warm worker processes; used as a context manager, started at the first run.

    Args:
      store: record.Store.
      cache_root: folder of the caches of days.
      workers: number of processes, one thread each; a cluster has its own.
      hang_s: function from a RunConfig to the seconds after which it is stopped.
      connection: connection.Connection to the cluster whose workers it is, or None for processes
        of this machine.
    """

    def __init__(self, store, cache_root, workers, hang_s=hang_seconds, connection=None):
        self._store, self._hang_s = store, hang_s
        self._logs, self._progress = store.root / "logs", store.root / "progress"
        self._claims = Claims(store.root)
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        folders = (str(store.root), str(cache_root), str(self._logs))
        self._engine = Cluster(connection, folders) if connection else Local(workers, folders)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._engine.stop(at_once=kind is not None)  # runs under way are lost then, records are not
        # Workers that died meanwhile left drafts too, and so did a study killed in its last words.
        # Where nothing can be written or locked nothing can be removed.
        with contextlib.suppress(OSError, BadInput):
            tidy(self._store, self._progress)

    def run(self, configs, display, telemetry=None):
        """Runs configurations that have no record yet.

        A run whose worker died or hung is tried again when the others have ended, TRIES times in
        all. One that another process is on is looked at again until that has ended.

        Args:
          configs: RunConfigs, in the order in which they start.
          display: progress.Display, told of every finished run.
          telemetry: TelemetryConfig of what they measure, or None.
        Returns: dict from run id to the path of its log, for those that crashed.
        Raises: CannotWrite as soon as a run could not write: the next could not either.
        """
        for folder in (self._logs, self._progress):
            folder.mkdir(exist_ok=True)
        tidy(self._store, self._progress)
        left, tries, crashed = list(configs), _Tries(), {}
        while left:
            again = []
            for config, fault in self._round(left, display, telemetry):
                if tries.again(config.run_id, fault):
                    again.append(config)
                    if isinstance(fault, Held):
                        display.held(config)
                elif fault is None:
                    record = self._store.read(config.run_id)
                    display.finished(config, record, self._store.curves(record))
                else:
                    crashed[config.run_id] = self._crashed(config, fault)
                    display.crashed(config)
            if tries.end_round():
                time.sleep(HELD_S)
            left = again
        display.running(self._progress, study=self._name)
        return crashed

    def _round(self, configs, display, telemetry):
        """Yields (config, what came of it, as Local.fault) as the runs end."""
        self._engine.start()
        waiting = {self._submit(config, telemetry): config for config in configs}
        while waiting:
            done, _ = concurrent.futures.wait(waiting, POLL_S, concurrent.futures.FIRST_COMPLETED)
            display.running(self._progress, waiting.values(), self._name)
            for future in done:
                config = waiting.pop(future)
                fault = self._engine.fault(future)
                if isinstance(fault, Stopped):
                    raise CannotWrite(str(fault))
                if isinstance(fault, Noted):
                    display.note(fault)
                    fault = None
                fault = fault or self._unseen(config)
                if fault is not None:  # the worker may not have been able to
                    drop_progress(self._claims, self._progress, config.run_id)
                yield config, fault

    def _unseen(self, config):
        """Died if the record of a run that has ended is not there, None if it is."""
        if self._store.read(config.run_id) is None:
            return Died("it ended, and its record is not there")
        return None

    def _submit(self, config, telemetry):
        arguments = [config, str(self._progress), telemetry, self._name]
        return self._engine.submit(arguments, self._hang_s(config))

    def _crashed(self, config, fault):
        """Keeps what is said of a run that crashed; returns the path of that."""
        log = self._logs / f"{config.run_id}.log"
        write_whole(log, fault.encode())
        # Another process may have done it, or be on it: what that leaves is not to be overwritten.
        with contextlib.suppress(Claimed), self._claims.of(config.run_id):
            if self._store.read(config.run_id) is None:
                self._store.write(_crashed_record(config))
        return log


class _Tries:
    """Which runs may be tried again."""

    def __init__(self):
        self._deaths = collections.Counter()
        self._round, self._broken = [], 0  # broken: rounds in a row that brought nothing else

    def again(self, run_id, fault):
        """Whether a run is to be tried again after the others; asked once of each that ends."""
        self._round.append(type(fault))
        self._deaths[run_id] += isinstance(fault, Died)
        if isinstance(fault, Died):
            return self._deaths[run_id] < TRIES
        if isinstance(fault, Broke):  # no fault of this run's
            return self._broken + 1 < TRIES
        return isinstance(fault, Held)

    def end_round(self):
        """Whether other processes were on all of the runs of the round that ends with this."""
        found, self._round = set(self._round), []
        self._broken = self._broken + 1 if Broke in found and type(None) not in found else 0
        return found == {Held}


def _crashed_record(config):
    return RunRecord(
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

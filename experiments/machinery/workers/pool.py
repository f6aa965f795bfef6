"""A pool of workers that executes runs, whatever becomes of a worker."""

import collections
import contextlib
import os
import pathlib
import socket
import time

from experiments.errors import BadInput, CannotWrite, Damaged
from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.records.checkpoint import CheckpointStore
from experiments.machinery.records.claim import Claimed, Claims
from experiments.machinery.records.files import sweep_drafts, write_whole
from experiments.machinery.records.record import RunRecord
from experiments.machinery.workers.cluster import Cluster
from experiments.machinery.workers.days import check_logs
from experiments.machinery.workers.local import Local
from experiments.machinery.workers.worker import Ended, progress_file

HANG_FLOOR_S = 600  # ours: far above an import of TensorFlow on a busy machine
HANG_FACTOR = 20  # ours: room for a machine that other work slows down
TRIES = 3  # ours: a worker killed from outside may be unlucky twice
POLL_S = 0.5
HELD_S = 2  # ours: between two looks at the last runs that other processes are on
WRITTEN = (".", "runs", "figures", "snapshots", "checkpoints", "logs", "progress")


def hang_seconds(config, how=None):
    """Seconds after which a run is taken for hung: far above its predicted time."""
    return HANG_FLOOR_S + HANG_FACTOR * seconds_of(config, how)


class Pool:
    """Workers, here or of a cluster.Connection, from the first run to the end of its block."""

    def __init__(self, store, cache_root, workers, connection=None):
        self._store, self._claims, self._cache_root = store, Claims(store.root), cache_root
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        folders = [str(pathlib.Path(folder).resolve()) for folder in (store.root, cache_root)]
        self._engine = Cluster(connection, folders) if connection else Local(workers, folders)

    def __enter__(self):
        for name in ("logs", "progress"):
            (self._store.root / name).mkdir(exist_ok=True)
        if not any(self._store.runs.iterdir()):  # there are runs to come, whatever is asked for
            self._engine.warm()
        return self

    def __exit__(self, kind, error, trace):
        self._engine.stop(at_once=kind is not None)  # runs under way are lost then, records are not
        # Workers that died meanwhile left drafts too, and so did a study killed in its last words.
        # Where nothing can be written or locked nothing can be removed.
        with contextlib.suppress(OSError, BadInput):
            tidy(self._store)

    def run(self, configs, display, how=None):
        """Executes runs that have no record, or nothing measured as `how` asks, in their order.

        A run whose worker died or hung is tried again when the others have ended, TRIES times in
        all. One that another process is on is looked at again until that has ended.

        Returns: dict from the ids of those that crashed to the paths of their logs.
        Raises: CannotWrite as soon as a run could not write; BadInput for a bad log.
        """
        check_logs(self._cache_root, configs)
        tidy(self._store)
        left, crashed = list(configs), {}
        deaths, broken = collections.Counter(), 0  # rounds in a row that broke and brought nothing
        while left:
            again, ways = [], set()
            for config, ended in self._round(left, display, how):
                ways.add(ended.how)
                deaths[config.run_id] += ended.how == "died"
                # A pool breaks through no fault of a run: that is not counted against it.
                tries = {"died": deaths[config.run_id], "broke": broken + 1, "held": 0}
                if tries.get(ended.how, TRIES) < TRIES:
                    again.append(config)
                    if ended.how == "held":
                        display.held(config)
                elif ended.how == "done":
                    record = self._store.read(config.run_id)
                    display.finished(config, record, self._store.curves(record))
                else:
                    crashed[config.run_id] = self._crashed(config, ended.text)
                    display.crashed(config)
            broken = broken + 1 if "broke" in ways and "done" not in ways else 0
            if ways == {"held"}:  # other processes are on all that is left
                time.sleep(HELD_S)
            left = again
        display.running(self._store.root, study=self._name)
        return crashed

    def _round(self, configs, display, how):
        """Yields (RunConfig, Ended) as the runs end, each once."""
        self._engine.start()
        for config in configs:
            self._engine.submit(config, (how, self._name), hang_seconds(config, how))
        waiting = {config.run_id: config for config in configs}
        while waiting:
            found = self._engine.ended(POLL_S)
            display.running(self._store.root, waiting.values(), self._name)
            for config, ended in found:
                del waiting[config.run_id]
                if ended.how == "stopped":
                    raise CannotWrite(ended.text)
                if ended.how == "done":
                    if ended.text:
                        display.note(ended.text)
                    if self._store.done(config.run_id) is None:
                        why = "it ended, and its record is not there, or of other code"
                        ended = Ended("died", why)
                if ended.how != "done":  # the worker may not have been able to
                    _drop_progress(self._claims, self._store.root, config.run_id)
                yield config, ended

    def _crashed(self, config, text):
        """Keeps what is said of a run that crashed; returns the path of that."""
        log = self._store.root / "logs" / f"{config.run_id}.log"
        write_whole(log, text.encode())
        record = RunRecord(
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
        # Another process may have done it, or be on it: what that leaves is not to be overwritten.
        with contextlib.suppress(Claimed), self._claims.of(config.run_id):
            if self._store.read(config.run_id) is None:
                self._store.write(record)
        return log


def tidy(store):
    """Deletes what killed processes left, nothing that a living one is on. Raises: as Claims."""
    claims, checkpoints = Claims(store.root), CheckpointStore(store.root)
    with claims.of("tidy", wait=lambda line: None):
        for folder in WRITTEN:
            sweep_drafts(store.root / folder)
        for path in (store.root / "progress").glob("*.json"):
            _drop_progress(claims, store.root, path.stem)
        for run_id in checkpoints.run_ids():
            with contextlib.suppress(Claimed, Damaged), claims.of(run_id):
                if store.done(run_id) is not None:
                    checkpoints.remove(run_id)


def _drop_progress(claims, root, run_id):
    """Deletes the progress file of a run that no process is on."""
    with contextlib.suppress(Claimed), claims.of(run_id):
        progress_file(root, run_id).unlink(missing_ok=True)

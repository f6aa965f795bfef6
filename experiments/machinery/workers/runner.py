"""One run from configuration to record, with what a warm process keeps between runs."""

import functools
import logging
import math

from experiments.errors import BadInput
from experiments.machinery.records.checkpoint import CheckpointStore, Keeper
from experiments.machinery.records.code import code_digest
from experiments.machinery.records.damage import mended
from experiments.machinery.records.provenance import peak_memory_mib, provenance
from experiments.machinery.records.record import RunRecord, curves_file
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers.days import opened
from experiments.training.observer import FirstLosses, OnRow
from experiments.training.telemetry import Telemetry
from experiments.training.trainer import train
from experiments.training.translation import evaluation_of, program_of

KEPT_PROGRAMS = 16  # ours: the 15 traces of Table 2 fit, each takes tens of MiB


class Runner:
    """Runs configurations one after the other, keeping days and compiled programs warm.

    `say` is called with one line about each thing that was damaged and is made again. `placed` is
    what a record says of the devices it ran on, a dict, or None for one device.
    """

    def __init__(
        self, store, cache_root, say=logging.warning, *, make_program=program_of, placed=None
    ):
        self._store, self._cache_root, self._say = store, cache_root, say
        self._code = code_digest()  # now: an edit while it runs changes nothing of what it runs
        self._make_program, self._placed = make_program, placed or {}
        self._telemetry = TelemetryStore(store.root)
        self._checkpoints = CheckpointStore(store.root, say, placed)
        self._programs = {}
        # The calibration has five streams, the study of shocks six; their days are memory maps.
        self._days = functools.lru_cache(8)(self._open_days)
        self._evaluation = functools.lru_cache(8)(self._open_evaluation)

    def run(self, config, on_row=lambda row: None, telemetry=None):
        """Runs one configuration and writes its record, unless this code has written it already.

        A run without telemetry goes on from its checkpoint, if it has one. One with telemetry
        starts anew: what it has measured is in memory alone, is larger than the run's own state,
        and would have to be kept at every version. The caller has the run's claim, where other
        processes may be on the folder.

        Args:
          on_row: called with each row of the curves as it is made.
          telemetry: TelemetryConfig, or None. Where the record is there and its telemetry is not,
            the run is trained again and the record stays. Where another machine rounds otherwise,
            the sidecar holds the checksum of the measured run.
        Returns: RunRecord.
        """
        look = functools.partial(mended, self._store.root, say=self._say)
        done = look(lambda: self._store.done(config.run_id))
        if done is not None and (
            telemetry is None or look(lambda: self._telemetry.has(config.run_id, telemetry))
        ):
            return done
        return self._trained(config, on_row, telemetry, done)

    def again(self, config, telemetry):
        """Trains a recorded run once more for its snapshot, and its telemetry if it has none.

        Raises: BadInput for a translation run, of which there is no telemetry.
        """
        if config.translates:
            raise BadInput(
                f"RUN = {config.run_id!r}: a translation run: expected a ranking model's"
            )
        done, kept = self._store.read(config.run_id), self._telemetry.has(config.run_id)
        self._trained(config, lambda row: None, telemetry, done, keep_telemetry=kept)

    def _trained(self, config, on_row, telemetry, done, keep_telemetry=False):
        """Trains one run and writes what is not there yet."""
        keeper = watcher = Keeper(self._checkpoints, config.run_id)
        if telemetry is not None:
            snapshots = SnapshotStore(self._store.root)
            watcher = Telemetry(telemetry, functools.partial(snapshots.write, config))
        first = FirstLosses()
        outcome = self.outcome(config, [watcher, first, OnRow(on_row)], telemetry)
        if done is None:
            self._store.keep_other(config.run_id)
        if telemetry is not None and not keep_telemetry:
            self._telemetry.write(
                config.run_id,
                watcher.ledger.frame(),
                config=telemetry,
                curves_sha256=curves_file(outcome.curves)[1],
                events=watcher.events,
            )
        record = done or self._store.write(
            self._record(config, outcome, keeper, first.losses), outcome.curves
        )
        self._checkpoints.remove(config.run_id)
        return record

    def outcome(self, config, observers=(), telemetry=None, days=None):
        """The trainer.Run of a configuration, measured by a TelemetryConfig; writes nothing.

        It is trained on its own days, or on other `days` of the same form.
        """
        days = self.days(config) if days is None else days
        evaluation = self._evaluation(config.stream, config.data_seed, config.trainer.batch_size)
        return train(config, self._program(config, telemetry), days, evaluation, observers)

    def days(self, config):
        """The DayCache of a run's stream."""
        return self._days(config.stream, config.data_seed)

    def _open_days(self, stream_config, data_seed):
        return opened(self._cache_root, stream_config, data_seed, self._say)

    def _open_evaluation(self, stream_config, data_seed, chunk_size):
        days = self._days(stream_config, data_seed)
        return evaluation_of(days.day(stream_config.days - 1), stream_config, chunk_size)

    def _program(self, config, telemetry):
        key = (config.trace_key, telemetry and telemetry.trace_key)
        if key not in self._programs:
            if len(self._programs) == KEPT_PROGRAMS:
                del self._programs[next(iter(self._programs))]
            self._programs[key] = self._make_program(config, telemetry=telemetry)
        return self._programs[key]

    def _record(self, config, outcome, keeper, first_losses):
        bad, last = outcome.first_bad_step, outcome.curves.iloc[-1]
        said = provenance() | self._placed
        said["wall_s"], said["step_s"] = round(keeper.wall_s(), 3), round(outcome.step_s, 3)
        said["peak_memory_mib"] = peak_memory_mib()
        if keeper.resumed is not None:
            said["resumed_at_step"] = keeper.resumed.snapshot.step
        return RunRecord(
            run_id=config.run_id,
            # What is certain. Whether a finite run diverged is judged from its curves, later.
            status="finished" if bad is None else "diverged",
            config=config.to_dict(),
            steps=int(last["step"]),
            first_bad_step=bad,
            first_bad_day=None if bad is None else int(last["day"]),
            metrics={name: _defined(value) for name, value in last.items() if "/" in name},
            optimal={name: _defined(value) for name, value in outcome.optimal.items()},
            curves_sha256=None,
            provenance=said,
            first_losses=[_defined(loss) for loss in first_losses] or None,
            code=self._code,
        )


def _defined(value):
    return float(value) if math.isfinite(value) else None

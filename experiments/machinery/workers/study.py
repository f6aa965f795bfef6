"""A study: a grid of runs, each done once, on a pool of workers."""

import contextlib

from experiments.errors import BadInput, RunsCrashed
from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.doubts import doubts
from experiments.machinery.records.code import is_of_this_code
from experiments.machinery.records.curvature_store import store_of
from experiments.machinery.records.damage import mended
from experiments.machinery.records.record import OTHER_CODE
from experiments.machinery.workers.pool import Pool


class NotRecorded(BadInput):
    """Runs that a study which only reads would need."""


class Study:
    """Executes grids of runs into the folder of a Store; without a Pool it only reads."""

    def __init__(self, store, pool, display):
        self.store, self._pool, self._display = store, pool, display
        self._said = set()  # what a person has been told once

    @classmethod
    @contextlib.contextmanager
    def open(cls, store, cache_root, workers, display, connection=None):
        """A study on a pool of its own, closed at the end, whatever ends it."""
        with Pool(store, cache_root, workers, connection=connection) as pool:
            yield cls(store, pool, display)

    def is_done(self, config, how=None):
        """Whether a run has a record of this code with its curves, and what is to be measured.

        `how` is a TelemetryConfig or a CurvatureConfig, or None for nothing. What is damaged is set
        aside first, and so not there. A study without a pool takes records of any code. Raises:
        Damaged without a pool.
        """
        run_id = config.run_id
        find = self.store.whole if self._pool is None else self.store.done
        if self._look(lambda: find(run_id)) is None:
            return False
        measured = None if how is None else store_of(how, self.store.root)
        return measured is None or bool(self._look(lambda: measured.has(run_id, how)))

    def execute(self, configs, how=None):
        """Makes sure that every run has a record.

        One of other code is trained again, which is said. One without what `how` asks to be
        measured, as of `is_done`, is trained again for it, and its record stays.

        Returns: list of RunRecord, in the order of `configs`.
        Raises: RunsCrashed after the last run; NotRecorded for a study that only reads.
        """
        missing = {c.run_id: c for c in configs if not self.is_done(c, how)}
        if missing and self._pool is None:
            first = next(iter(missing))
            raise NotRecorded(f"{len(missing)} runs are not recorded, as {self.store.runs / first}")
        if self._pool is not None:
            for text in dict.fromkeys(text for config in configs for text in doubts(config)):
                self._say_once(text, text)
        if missing:
            self._say_other_code(missing)
            crashed = self._pool.run(_ordered(missing.values()), self._display, how)
            if crashed:
                raise RunsCrashed(crashed)
        records = [self.store.read(config.run_id) for config in configs]
        self._say_unknown_code(records)
        return records

    def _say_other_code(self, missing):
        """Says that runs to come have a record of other code."""
        # One of this code may be here for what is measured.
        kept = [run_id for run_id in missing if self.store.read(run_id) is not None]
        other = sum(self.store.done(run_id) is None for run_id in kept)
        if other:
            self._say_once(
                "other",
                f"{other} of the {len(missing)} runs to train have a record of other code, which "
                f"moves to {self.store.root / OTHER_CODE}, as those of later ones do; make prove "
                "finds out whether this code gives the same bits, and then none is trained again",
            )

    def _say_unknown_code(self, records):
        """Says that records are taken which do not know their code."""
        unknown = sum(record.code is None and not is_of_this_code(record) for record in records)
        if unknown:
            self._say_once(
                "unknown",
                f"{unknown} of {len(records)} records, as {records[0].run_id}, are older than "
                "version 0.7.0 and do not say of which code they are: taken as they are; make "
                "prove finds out whether this code gives the same bits",
            )

    def _say_once(self, about, text):
        if about not in self._said:
            self._said.add(about)
            self._display.note(text)

    def _look(self, look):
        if self._pool is None:
            return look()
        return mended(self.store.root, look, self._display.note)


def _ordered(configs):
    """Long runs first, so that none is left alone at the end; one trace's runs together."""
    return sorted(configs, key=lambda item: (-seconds_of(item), item.trace_key, item.run_id))

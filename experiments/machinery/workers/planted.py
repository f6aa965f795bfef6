"""A run with a planted fault: its days, its batch or its weights are changed on the way."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf

from experiments.training.observer import Excerpt, Observer
from experiments.training.telemetry import Telemetry

DEAD_BIAS = -1e6  # no input of a ReLU comes near it


class Planted(NamedTuple):
    """What a run with a fault left: its telemetry, its curves, and its days as they were fed."""

    telemetry: pd.DataFrame
    curves: pd.DataFrame
    days: object


class FaultyDays:
    """The days of a run; one of them has a column with values that are too large.

    Args:
      days: DayCache or stream.
      plant: Plant of an input, a label or an id.
    """

    def __init__(self, days, plant):
        self._days, self._plant, self._kept = days, plant, None

    def rows(self, day):
        """How many rows a day has."""
        return self._days.rows(day)

    def day(self, day):
        """The rows of a day."""
        if day != self._plant.day:
            return self._days.day(day)
        if self._kept is None:
            self._kept = self._changed(np.array(self._days.day(day)))
        return self._kept

    def _changed(self, rows):
        plant = self._plant
        hit = np.ones(len(rows), bool)
        if plant.kind == "id":
            hit = rows["categorical"][:, plant.feature] == plant.id(rows)
        field = rows["labels" if plant.kind == "label" else "dense"]
        field[hit, plant.column] *= plant.factor
        return rows


class FaultyBatch(Observer):
    """Multiplies the dense features of one batch."""

    def __init__(self, plant):
        self._plant = plant

    def begins(self, run):
        usual = run.take_step

        def take_step(batch):
            if run.step == self._plant.step:
                factor = tf.constant(self._plant.factor, tf.float32)
                batch = batch | {"dense": batch["dense"] * factor}
            usual(batch)

        run.take_step = take_step


class DeadLayer(Observer):
    """Sets the biases of one hidden layer so low that all its units are dead."""

    def __init__(self, plant):
        self._plant = plant

    def before(self, run):
        if run.step == self._plant.step:
            bias = run.program.model.hidden[self._plant.column].bias
            bias.assign(tf.fill(bias.shape, DEAD_BIAS))


OBSERVERS = {"batch": FaultyBatch, "layer": DeadLayer}


def planted(plant, runner, telemetry):
    """Trains the run of a Plant as far as it asks for: Planted. Nothing is written.

    Args:
      runner: Runner, whose days and programs are used.
      telemetry: TelemetryConfig without a recorder.
    """
    days = runner.days(plant.config)
    if plant.kind in ("input", "label", "id"):
        days = FaultyDays(days, plant)
    watcher = Telemetry(telemetry, None)
    observers = [Excerpt(plant.steps), watcher]
    observers += [OBSERVERS[plant.kind](plant)] if plant.kind in OBSERVERS else []
    outcome = runner.outcome(plant.config, observers, telemetry, days)
    return Planted(watcher.ledger.frame(), outcome.curves, days)

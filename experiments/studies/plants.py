"""Planted faults: one known thing that goes wrong in a run that is healthy without it."""

from typing import NamedTuple

import numpy as np

from experiments.errors import BadInput
from experiments.studies.settings import run_config
from experiments.training.config import RunConfig

KINDS = ("input", "label", "id", "batch", "layer", "rate")  # as in doctor.CULPRITS
CONTROL = "none"  # likewise: a run without a fault
DRAWN = (*KINDS, CONTROL)
RANKS = 8  # ours: of the ids, so that a corrupted one has some rows in every batch


class Plant(NamedTuple):
    """One fault.

    kind: one of DRAWN; a control has the numbers of a fault, and nothing is changed.
    day, step: the day that is changed, and the step (from 0) before which something is; a fault of
      the rate is there from the first step on.
    column: its number, of dense features for "input" and "id", of labels, or of hidden layers.
    factor: on the values of the column, on the dense features of the batch, or on the rate.
    feature, rank: categorical feature of an "id", and how many of its ids are more frequent.
    config: RunConfig of the run; steps: how many of its steps are taken.
    """

    kind: str
    day: int
    step: int
    column: int
    factor: float
    feature: int
    rank: int
    config: RunConfig
    steps: int

    def id(self, rows):
        """The id whose rows are changed, among the rows of the day."""
        ids, counts = np.unique(rows["categorical"][:, self.feature], return_counts=True)
        return int(ids[np.argsort(-counts, kind="stable")[self.rank]])

    def name(self, rows):
        """What the doctor should name, by the rows of the day; "" where there is none to name."""
        stream = self.config.stream
        names = {
            "input": lambda: stream.dense_names[self.column],
            "label": lambda: list(dict(stream.tasks))[self.column],
            "id": lambda: f"{stream.categorical_names[self.feature]}={self.id(rows)}",
            "layer": lambda: f"hidden_{self.column}",
        }
        return names.get(self.kind, str)()


def drawn(config, profile, number):
    """The plant of a number, from 0, the kinds in turn: the same for the same PlantsConfig.

    Raises: BadInput where the stream of the profile ends before a fault would be fed, or has
      nothing that a fault of some kind could change.
    """
    kind = DRAWN[number % len(DRAWN)]
    generator = np.random.default_rng([config.seed, number])
    factor = {"rate": config.rate_factor, CONTROL: 1.0}.get(kind)
    if factor is None:
        factor = float(np.exp(generator.uniform(*np.log(config.scales))))
    run = run_config(
        profile,
        config.model,
        "naive",
        learning_rate=config.rate * (factor if kind == "rate" else 1),
        data_seed=config.data_seeds[number // len(DRAWN) % len(config.data_seeds)],
        run_seed=number,
        values=config.values,
    )
    per_day, stream = run.trainer.steps_per_day, run.stream
    _check_stream(config, profile, stream)
    day = int(generator.integers(config.first_day, config.last_day + 1))
    day = 0 if kind == "rate" else day
    step = day * per_day + (int(generator.integers(per_day)) if kind in ("batch", "layer") else 0)
    columns = {
        "input": np.arange(stream.dense_features),
        "id": np.arange(stream.dense_features),
        "label": np.flatnonzero(~stream.binary),
        "layer": np.arange(run.model.depth),
    }
    column = int(generator.choice(columns.get(kind, [0])))
    feature = int(generator.integers(stream.categorical_features))
    rank = int(generator.integers(RANKS))
    last = (config.last_day if kind == "rate" else day) + config.days_after
    steps = min(last, stream.days - 1) * per_day
    return Plant(kind, day, step, column, factor, feature, rank, run, steps)


def _check_stream(config, profile, stream):
    if config.last_day > stream.days - 2:  # the last day is evaluated alone
        expected = f"at most {stream.days - 2} on profile {profile}, of {stream.days} days"
        raise BadInput(f"PlantsConfig.last_day = {config.last_day}: expected {expected}")
    for what, count in (
        ("regression tasks", np.sum(~stream.binary)),
        ("dense features", stream.dense_features),
        ("categorical features", stream.categorical_features),
    ):
        if not count:
            raise BadInput(f"profile {profile} has no {what}: expected some to plant faults in")

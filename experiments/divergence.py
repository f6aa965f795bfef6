"""Micro- and full divergence, read off a run's curves (paper, section 2.1)."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

CHANCE = 0.5  # AUC of a model that knows nothing


@dataclasses.dataclass(frozen=True, kw_only=True)
class DivergenceConfig:
    """Thresholds of the labels. They do not enter a run's identity: old curves are labelled anew.

    Args:
      lift_lost: a run has fully diverged if it ends with less than (1 - lift_lost) of its best
        lift, the AUC above 0.5.
      least_lift: a run that never had this lift has fully diverged too: it stayed at chance.
      loss_jump: a jump is a training loss above this many times the median before it.
      auc_drop: a micro-divergence is a jump after which the AUC is this much below its best.
      median_rows: evaluations over which that median runs.
    """

    lift_lost: float
    least_lift: float
    loss_jump: float
    auc_drop: float
    median_rows: int

    def __post_init__(self):
        limits = {"lift_lost": (0, 1), "least_lift": (0, 0.5), "auc_drop": (0, 0.5)}
        limits |= {"loss_jump": (1, math.inf)}
        for field, (low, high) in limits.items():
            value = getattr(self, field)
            if type(value) not in (int, float) or not low < value < high:
                raise ValueError(
                    f"DivergenceConfig.{field} = {value!r}: allowed is a number between "
                    f"{low} and {high}"
                )
        if type(self.median_rows) is not int or self.median_rows < 1:
            raise ValueError(
                f"DivergenceConfig.median_rows = {self.median_rows!r}: allowed is a whole number "
                "of at least 1"
            )


class Label(NamedTuple):
    """What became of a run: kind, and the step of the first evaluation that shows it (or None)."""

    kind: str  # "healthy", "micro" or "full"
    step: int | None


def label(curves, config):
    """Labels one run.

    Args:
      curves: DataFrame, one row an evaluation in the order of steps, with `step`, `loss` (mean
        training loss since the last evaluation), `worst_loss` (its largest value) and one column
        `<task>/auc` for each binary task; the AUC judged is their mean.
      config: DivergenceConfig.
    Returns: Label. "full": a loss that is not finite, or an AUC that fell to chance level and
      stayed there to the end; "micro": a jump of the loss with a drop of AUC that did not last.
    """
    steps = curves["step"].to_numpy()
    worst = curves["worst_loss"].to_numpy(float)
    lift = curves.filter(like="/auc").mean(axis=1, skipna=False).to_numpy(float) - CHANCE
    bad = ~np.isfinite(worst) | ~np.isfinite(lift)
    if bad.any():
        return Label("full", int(steps[bad.argmax()]))
    if lift.max() < config.least_lift:
        return Label("full", int(steps[0]))
    best = np.maximum.accumulate(lift)
    lost = lift < (1 - config.lift_lost) * best
    if lost[-1]:
        healthy = np.flatnonzero(~lost)
        return Label("full", int(steps[healthy[-1] + 1]))
    return _micro(curves, steps, worst, lift, best, config)


def _micro(curves, steps, worst, lift, best, config):
    usual = curves["loss"].shift(1).rolling(config.median_rows, min_periods=1).median()
    jumped = worst > config.loss_jump * usual.to_numpy(float)
    dropped = lift < best - config.auc_drop
    # The drop may show at the evaluation of the jump or at the next one.
    after_jump = jumped | np.roll(jumped, 1)
    after_jump[0] = False
    found = np.flatnonzero(dropped & after_jump)
    if len(found):
        return Label("micro", int(steps[found[0]]))
    return Label("healthy", None)

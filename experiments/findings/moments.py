"""The three moments of a full divergence: step-a, step-b, step-c (Figure 4a)."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.training.divergence import CHANCE


class Moments(NamedTuple):
    """Steps (1-based, as in the curves) found from the loss and the AUC alone.

    a: the last evaluation before c at which the run was healthy: the AUC within `auc_drop` of its
      best so far, and no jump of the loss since the evaluation before.
    b: the first step after a whose loss is a jump: more than `loss_jump` times its usual value, the
      median of one window of days before it.
    c: the first evaluation from which on the AUC stays within `auc_drop` of chance to the end;
      where it never does, the first from which on the lift stays below (1 - `lift_lost`) of
      its best, as the label "full" has it.

    Nothing is asked of gradients, weights or factors, which the claims are about. Nor is the AUC
    asked to fall at b, or to be at chance at c.
    """

    a: int
    b: int
    c: int


def find(steps, losses, curves, divergence, window_steps):
    """The moments of one run.

    Args:
      steps, losses: of every training step, in order.
      curves: DataFrame, one row an evaluation, with `step` and `auc`.
      divergence: DivergenceConfig; `loss_jump`, `auc_drop` and `lift_lost` are read.
      window_steps: training steps in one window of days.
    Returns: Moments, or None if one of them is not there.
    """
    c = _lost_for_good(curves, divergence)
    if c is None:
        return None
    jumps = _jumps(steps, losses, divergence.loss_jump, window_steps)
    healthy = _healthy(curves, jumps, divergence.auc_drop)
    before = [step for step in healthy if step < c]
    if not before:
        return None
    after = jumps[(jumps > before[-1]) & (jumps <= c)]
    return Moments(before[-1], int(after[0]), c) if len(after) else None


def _jumps(steps, losses, factor, window_steps):
    """Steps whose loss is above `factor` times its usual value; a loss that is no number jumps."""
    loss = pd.Series(losses, dtype=float)
    usual = loss.shift(1).rolling(window_steps, min_periods=window_steps // 2).median()
    known = usual.notna() & ~(loss <= factor * usual)
    return np.asarray(steps)[known.to_numpy()]


def _healthy(curves, jumps, auc_drop):
    """Evaluated steps at which the AUC was near its best and the loss had been usual."""
    steps, auc = curves["step"].to_numpy(), curves["auc"].to_numpy(float)
    near_best = auc >= np.maximum.accumulate(auc) - auc_drop
    since = np.append(0, steps[:-1])
    calm = [
        not ((jumps > start) & (jumps <= end)).any()
        for start, end in zip(since, steps, strict=True)
    ]
    return [int(step) for step in steps[near_best & np.array(calm)]]


def _lost_for_good(curves, divergence):
    steps, lift = curves["step"].to_numpy(), curves["auc"].to_numpy(float) - CHANCE
    at_chance = np.abs(lift) <= divergence.auc_drop
    best = np.maximum.accumulate(lift)
    lost = lift < (1 - divergence.lift_lost) * best
    for gone in (at_chance, lost):
        if gone[-1]:
            stays = np.flatnonzero(~gone)
            first = stays[-1] + 1 if len(stays) else 0
            return int(steps[first])
    return None


def days_at_chance(curves, divergence, steps_per_day):
    """Length in days of the longest stretch that a run without its lift spent.

    Lost is a lift below (1 - lift_lost) of the best so far, if that was a usable one.

    Args:
      curves, divergence: as for find.
      steps_per_day: training steps of a day.
    Returns: float; 0 where no lift was lost.
    """
    steps, lift = curves["step"].to_numpy(), curves["auc"].to_numpy(float) - CHANCE
    best = np.maximum.accumulate(lift)
    lost = (best >= divergence.least_lift) & (lift < (1 - divergence.lift_lost) * best)
    longest, start = 0, None
    for step, gone in zip(steps, lost, strict=True):
        start = (step if start is None else start) if gone else None
        longest = max(longest, 0 if start is None else step - start)
    return longest / steps_per_day

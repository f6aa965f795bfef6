"""The three moments of a full divergence: step-a, step-b, step-c (Figure 4a).

They are found from loss and AUC alone: the claims are about gradients, weights and factors.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.training.divergence import CHANCE


class Moments(NamedTuple):
    """Steps, counted from 1 as in the curves.

    a: the last evaluation before c at which the run was healthy: the AUC is within `auc_drop` of
      its best so far, and the loss has not jumped since the evaluation before.
    b: the first step after a at which the loss jumps: it is more than `loss_jump` times its usual
      value, the median of one window of days before it. Section 4.1 says "started to diverge", so
      b is not the step with the largest gradient. The AUC need not fall there.
    c: the first evaluation from which on the AUC stays within `auc_drop` of chance to the end.
      Where it never does, the first from which on the lift stays below (1 - `lift_lost`) of its
      best, which is how the label "full" is defined.
    """

    a: int
    b: int
    c: int


def find(steps, losses, curves, divergence, window_steps):
    """The moments of one run: Moments, or None if one of them is not there.

    Args:
      steps, losses: of every training step, in order.
      curves: DataFrame, one row an evaluation, with `step` and `auc`.
      divergence: DivergenceConfig; `loss_jump`, `auc_drop` and `lift_lost` are read.
      window_steps: training steps in one window of days.
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
    # How many jumps came up to each evaluation: none is new where the count is that of the last.
    calm = np.diff(np.searchsorted(jumps, steps, side="right"), prepend=0) == 0
    return [int(step) for step in steps[near_best & calm]]


def _lost_for_good(curves, divergence):
    """The step c, or None."""
    steps, lift, lost = _lift(curves, divergence)
    for gone in (np.abs(lift) <= divergence.auc_drop, lost):
        if gone[-1]:
            stays = np.flatnonzero(~gone)
            return int(steps[stays[-1] + 1 if len(stays) else 0])
    return None


def _lift(curves, divergence):
    """(steps, AUC above chance, whether less than (1 - lift_lost) of the best so far is left)."""
    steps, lift = curves["step"].to_numpy(), curves["auc"].to_numpy(float) - CHANCE
    return steps, lift, lift < (1 - divergence.lift_lost) * np.maximum.accumulate(lift)


def days_at_chance(curves, divergence, steps_per_day):
    """Days of the longest stretch that a run without its lift spent; 0 where no lift was lost.

    The lift is lost while it is below (1 - lift_lost) of the best so far, if that was a usable one.
    """
    steps, lift, lost = _lift(curves, divergence)
    lost &= np.maximum.accumulate(lift) >= divergence.least_lift
    longest, start = 0, None
    for step, gone in zip(steps, lost, strict=True):
        start = (step if start is None else start) if gone else None
        longest = max(longest, 0 if start is None else step - start)
    return longest / steps_per_day

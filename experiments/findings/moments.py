"""The three moments of a full divergence: step-a, step-b, step-c (Figure 4a).

Step-b is the onset that the detector dates, the other two are evaluations.
"""

from typing import NamedTuple

import numpy as np

from experiments.training.divergence import CHANCE, lost_at
from experiments.training.onset import dated


class Moments(NamedTuple):
    """Steps, counted from 1 as in the curves.

    a: the last evaluation before b at which the AUC is within `auc_drop` of its best so far.
    b: the onset, the first bad step as the detector dates it (training/onset.py), of the episode
      in which the lift was lost (divergence.lost_at).
    c: the first evaluation from which on the AUC stays within `auc_drop` of chance to the end.
      Where it never does, the first from which on the lift stays below (1 - `lift_lost`) of its
      best, which is how the label "full" is defined.
    """

    a: int
    b: int
    c: int


def find(events, curves, divergence):
    """The moments of one run: Moments, or None if one of them is not there.

    Args:
      events: what the detector said of it, Events in their order.
      curves: DataFrame, one row an evaluation, with `step` and `auc`.
      divergence: DivergenceConfig; `auc_drop` and `lift_lost` are read.
    """
    steps, lift, lost = _lift(curves, divergence)
    at_chance = _from_here_on(steps, np.abs(lift) <= divergence.auc_drop)
    c = _from_here_on(steps, lost) if at_chance is None else at_chance
    if c is None:
        return None
    noise = lift.max() - lift[-1] < divergence.auc_drop
    event = dated(events, c if noise else int(steps[lost_at(lift, divergence)]))
    if event is None:
        return None
    auc = curves["auc"].to_numpy(float)
    unhurt = auc >= np.maximum.accumulate(auc) - divergence.auc_drop
    healthy = steps[unhurt & (steps < event.onset)]
    return Moments(int(healthy[-1]), event.onset, c) if len(healthy) else None


def _from_here_on(steps, true):
    """The first of the steps from which on something is true to the end, or None."""
    if not true[-1]:
        return None
    others = np.flatnonzero(~true)
    return int(steps[others[-1] + 1 if len(others) else 0])


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

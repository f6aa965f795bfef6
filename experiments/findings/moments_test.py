"""The three moments, on curves for which they are known."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import moments
from experiments.findings.testing import DIVERGENCE

STEPS = np.arange(1, 61)


def found(losses, auc, every=2, window=10):
    curves = pd.DataFrame({"step": STEPS[every - 1 :: every], "auc": auc})
    return moments.find(STEPS, losses, curves, DIVERGENCE, window)


def losses(**jumps):
    """A loss near 3, larger by the given factors from step to step."""
    loss = 3 + 0.2 * np.sin(STEPS)
    for span, factor in jumps.items():
        first, last = map(int, span[1:].split("_"))
        loss[first - 1 : last] *= factor
    return loss


def auc(healthy, *after, end=0.505):
    """Evaluations at 0.7 up to a step, then these, then chance."""
    values = np.full(30, end)
    values[: healthy // 2] = 0.7
    values[healthy // 2 :][: len(after)] = after
    return values


MOMENTS = {
    "a full divergence": (losses(_33_60=9), auc(32, 0.66, 0.58), (32, 33, 38)),
    "a drop of the AUC that is noise": (losses(_33_60=9), auc(34, 0.685, 0.55), (32, 33, 40)),
    "an earlier jump that was outlived": (losses(_13_14=9, _41_60=9), auc(40), (40, 41, 42)),
    "at chance for good": (losses(_33_60=9), auc(32, 0.51, 0.56, 0.51), (32, 33, 38)),
    "a loss that is no number": (np.where(STEPS >= 35, np.nan, losses()), auc(34), (34, 35, 36)),
    # Without a lasting return to chance, c is where half the lift is lost for good.
    "half the lift": (losses(_33_60=9), auc(32, 0.58, 0.502, 0.55, 0.504, end=0.56), (32, 33, 34)),
    "half of it, later": (losses(_33_60=9), auc(32, 0.58, 0.65, 0.504, end=0.56), (32, 33, 38)),
    "it lived": (losses(_33_60=9), auc(60), None),
    "it kept its lift": (losses(_33_60=9), auc(32, end=0.69), None),
    "no jump": (losses(), auc(32), None),
    "never healthy before": (losses(_33_60=9), auc(0), None),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_moments_where_all_three_are_there(name):
    loss, curve, expected = MOMENTS[name]
    assert found(loss, curve) == expected


def test_the_longest_stretch_without_lift_counts():
    def days(values):
        curves = pd.DataFrame({"step": 4 * np.arange(1, len(values) + 1), "auc": values})
        return moments.days_at_chance(curves, DIVERGENCE, steps_per_day=4)

    assert days([0.6, 0.7, 0.55, 0.7, 0.55, 0.56, 0.58, 0.7]) == 2
    assert days([0.6, 0.7, 0.7]) == 0
    assert days([0.51, 0.5, 0.49, 0.5]) == 0  # nothing was there to lose
    assert days([0.7, 0.5, 0.5, 0.5, 0.5]) == 3

"""The three moments, on curves for which they are known."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import moments
from experiments.findings.testing import DIVERGENCE
from experiments.training.detector import Event


def found(auc, *events):
    """The moments of 30 evaluations, one every second step."""
    curves = pd.DataFrame({"step": 2 * np.arange(1, 31), "auc": auc})
    return moments.find([Event(*event, "loss") for event in events], curves, DIVERGENCE)


def auc(healthy, *after, end=0.505):
    """Evaluations at 0.7 up to a step, then these, then chance."""
    values = np.full(30, end)
    values[: healthy // 2] = 0.7
    values[healthy // 2 :][: len(after)] = after
    return values


FULL = ("jump", 33, 33), ("full", 60, 33)
MICRO = ("jump", 13, 13), ("micro", 20, 13)
MOMENTS = {  # curves, events, moments
    "a full divergence": (auc(32, 0.66, 0.58), FULL, (32, 33, 38)),
    "a drop of the AUC that is noise": (auc(34, 0.685, 0.55), FULL, (32, 33, 40)),
    "a drop before the onset": (auc(28, 0.66, 0.66), FULL, (28, 33, 34)),
    "an earlier episode that was outlived": (auc(32), (*MICRO, *FULL), (32, 33, 34)),
    "at chance for good": (auc(32, 0.51, 0.56, 0.51), FULL, (32, 33, 38)),
    # Without a lasting return to chance, c is where half the lift is lost for good.
    "half the lift": (auc(32, 0.58, 0.502, 0.55, 0.504, end=0.56), FULL, (32, 33, 34)),
    "half of it, later": (auc(32, 0.58, 0.65, 0.504, end=0.56), FULL, (32, 33, 38)),
    "an onset at an evaluation": (auc(34), [("jump", 34, 34)], (32, 34, 36)),
    "an episode that is open at the end": (auc(32), FULL[:1], (32, 33, 34)),
    "two that are called outlived": (auc(32), (*MICRO, ("micro", 40, 31)), (30, 31, 34)),
    "it lived": (auc(60), FULL, None),
    "it kept its lift": (auc(32, end=0.69), FULL, None),
    "a second one of a model that is lost": (
        auc(32, *[0.56] * 6),
        [("jump", 33, 33), ("micro", 40, 33), ("jump", 43, 43), ("full", 60, 43)],
        (32, 33, 46),
    ),
    "nothing was seen": (auc(32), (), None),
    "nothing was seen in time": (auc(32), [("jump", 35, 35)], None),
    "never healthy before": (auc(0), [("full", 9, 1)], None),
}


@pytest.mark.parametrize("curve, events, expected", MOMENTS.values(), ids=MOMENTS)
def test_moments_where_all_three_are_there(curve, events, expected):
    assert found(curve, *events) == expected


def test_the_longest_stretch_without_lift_counts():
    def days(values):
        curves = pd.DataFrame({"step": 4 * np.arange(1, len(values) + 1), "auc": values})
        return moments.days_at_chance(curves, DIVERGENCE, steps_per_day=4)

    assert days([0.6, 0.7, 0.55, 0.7, 0.55, 0.56, 0.58, 0.7]) == 2
    assert days([0.6, 0.7, 0.7]) == 0
    assert days([0.51, 0.5, 0.49, 0.5]) == 0  # nothing was there to lose
    assert days([0.7, 0.5, 0.5, 0.5, 0.5]) == 3

"""The three moments, on curves for which they are known."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import moments
from experiments.training.divergence import DivergenceConfig

DIVERGENCE = DivergenceConfig(
    lift_lost=0.5, least_lift=0.08, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
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


def test_moments_of_a_full_divergence():
    assert found(losses(_33_60=9), auc(32, 0.66, 0.58)) == (32, 33, 38)


def test_a_drop_of_the_auc_that_is_noise_does_not_delay_b():
    assert found(losses(_33_60=9), auc(34, 0.685, 0.55)) == (32, 33, 40)


def test_an_earlier_jump_that_was_outlived_is_not_b():
    assert found(losses(_13_14=9, _41_60=9), auc(40)) == (40, 41, 42)


def test_without_a_lasting_return_to_chance_c_is_the_loss_of_half_the_lift():
    wavering = auc(32, 0.58, 0.502, 0.55, 0.504, end=0.56)
    assert found(losses(_33_60=9), wavering).c == 34
    assert found(losses(_33_60=9), auc(32, 0.58, 0.65, 0.504, end=0.56)).c == 38


def test_c_is_when_the_auc_is_at_chance_for_good():
    assert found(losses(_33_60=9), auc(32, 0.51, 0.56, 0.51)).c == 38


def test_a_loss_that_is_no_number_is_a_jump():
    assert found(np.where(STEPS >= 35, np.nan, losses()), auc(34)) == (34, 35, 36)


@pytest.mark.parametrize(
    "loss, curve",
    [
        (losses(_33_60=9), auc(60)),  # lived
        (losses(_33_60=9), auc(32, end=0.69)),
        (losses(), auc(32)),  # no jump
        (losses(_33_60=9), auc(0)),  # never healthy before
    ],
)
def test_where_a_moment_is_missing_there_are_none(loss, curve):
    assert found(loss, curve) is None


def test_the_longest_stretch_without_lift_counts():
    def days(values):
        curves = pd.DataFrame({"step": 4 * np.arange(1, len(values) + 1), "auc": values})
        return moments.days_at_chance(curves, DIVERGENCE, steps_per_day=4)

    assert days([0.6, 0.7, 0.55, 0.7, 0.55, 0.56, 0.58, 0.7]) == 2
    assert days([0.6, 0.7, 0.7]) == 0
    assert days([0.51, 0.5, 0.49, 0.5]) == 0  # nothing was there to lose
    assert days([0.7, 0.5, 0.5, 0.5, 0.5]) == 3

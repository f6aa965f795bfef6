"""The gap that can be seen, against tests of made-up differences."""

import math

import numpy as np
import pytest
from scipy import stats

from experiments.findings import power

TESTS = 20_000
NAN = math.nan


def share_seen(differences):
    """In how many of the rows of differences a t-test against 0 has p < 5 %."""
    return (stats.ttest_1samp(differences, 0, axis=1).pvalue < 0.05).mean()


@pytest.mark.parametrize("std, n", [(0.3, 2), (2.0, 3), (0.7, 5), (1.0, 30)])
def test_a_gap_is_seen_by_four_tests_in_five(std, n):
    gap = power.detectable_gap(std, n)
    drawn = np.random.default_rng(n).normal(0, std, (TESTS, n))
    tolerance = 4 * math.sqrt(0.8 * 0.2 / TESTS)
    assert share_seen(drawn + gap) == pytest.approx(0.8, abs=tolerance)
    assert share_seen(drawn - gap) == pytest.approx(0.8, abs=tolerance)
    assert share_seen(drawn + 0.8 * gap) < 0.8 - tolerance


def test_more_runs_see_less_and_one_sees_nothing():
    gaps = [power.detectable_gap(1.0, n) for n in (2, 3, 5, 10, 100, 1000)]
    assert gaps == sorted(gaps, reverse=True)
    # Of many, the normal distribution: its quantiles at 97.5 % and 80 % are 1.960 and 0.842.
    assert gaps[-1] == pytest.approx((1.960 + 0.842) / math.sqrt(1000), rel=2e-3)
    assert power.detectable_gap(0.0, 5) == 0.0
    assert math.isnan(power.detectable_gap(1.0, 1)) and math.isnan(power.detectable_gap(NAN, 5))


def test_the_pooled_deviation_weighs_settings_by_their_degrees_of_freedom():
    cells = [[1.0, 2.0, 6.0], [4.0, 4.5]]
    stds, counts = [np.std(cell, ddof=1) for cell in cells], [3, 2]
    squares = sum((value - np.mean(cell)) ** 2 for cell in cells for value in cell)
    expected = math.sqrt(squares / (2 + 1))
    assert power.pooled_std(stds, counts) == pytest.approx(expected)
    assert power.pooled_std([*stds, NAN], [*counts, 1]) == pytest.approx(expected)
    assert math.isnan(power.pooled_std([NAN], [1]))

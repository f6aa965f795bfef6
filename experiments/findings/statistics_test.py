"""Statistics against oracles that enumerate, loop or restate the formula."""

import itertools
import math

import numpy as np
import pytest

from experiments.findings import statistics

THREE = np.array([0.01, -0.004, 0.021])
TWO = np.array([0.2, 0.05])


def ends(values, weights):
    """2.5 % and 97.5 % points of a discrete distribution that is known in full."""
    order = np.argsort(values)
    reached = np.cumsum(np.array(weights)[order]) / np.sum(weights)
    return [float(np.array(values)[order][np.searchsorted(reached, q)]) for q in (0.025, 0.975)]


def every_draw(block):
    return [block[list(rows)] for rows in itertools.product(range(len(block)), repeat=len(block))]


def every_resample(blocks, statistic):
    """(values, weights) of the mean over drawn data seeds of a statistic of drawn runs."""
    values, weights = [], []
    for drawn in itertools.product(range(len(blocks)), repeat=len(blocks)):
        inner = [[statistic(draw) for draw in every_draw(blocks[which])] for which in drawn]
        for each in itertools.product(*inner):
            values.append(np.mean(each))
            weights.append(1 / math.prod(map(len, inner)))
    return values, weights


@pytest.mark.parametrize("blocks, value", [([THREE], 0.009), ([THREE, TWO], (0.009 + 0.125) / 2)])
def test_the_mean_over_data_seeds_against_all_resamples(blocks, value):
    found = statistics.mean(blocks)
    assert found.value == pytest.approx(value)
    np.testing.assert_allclose(found[1:], ends(*every_resample(blocks, np.mean)), atol=2e-3)
    assert statistics.mean(blocks) == found  # the generator of one statistic moves no other


def test_a_typical_ratio_is_the_geometric_mean_of_medians():
    blocks = [np.array([2.0, 8.0, 3.0]), np.array([12.0, 0.5])]
    found = statistics.typical_ratio(blocks)
    assert found.value == pytest.approx(math.sqrt(3 * math.sqrt(12 * 0.5)))
    oracle = every_resample(list(map(np.log, blocks)), np.median)
    np.testing.assert_allclose(found[1:], np.exp(ends(*oracle)), rtol=1e-9)
    assert statistics.typical_ratio([np.array([0.0, 0.0, 1.0])]).value == 0


def spread_block(above, below):
    """One model: shape (runs, 1, 2)."""
    return np.stack([above, below], axis=1)[:, np.newaxis, :]


FOUR = np.array([1.0, 4.0, 9.0, 11.0]), np.array([2.0, 2.5, 2.1, 3.3])
# One resample in nine is of one run: its variance is 0, though not in floats.
ROUNDED = np.array([0.7613, 0.7591, 0.7602]), np.array([0.7537, 0.7512, 0.7621])


@pytest.mark.parametrize("above, below", [FOUR, ROUNDED, ROUNDED[::-1]])
def test_the_spread_ratio_of_one_cell_against_all_resamples(above, below):
    ratios = []
    for rows in itertools.product(range(len(above)), repeat=len(above)):
        one, other = above[list(rows)], below[list(rows)]
        if len(set(rows)) > 1:  # otherwise 0/0
            ratios.append(np.std(one, ddof=1) / np.std(other, ddof=1))
    found = statistics.spread_ratio([spread_block(above, below)])
    assert found.value == pytest.approx(np.std(above, ddof=1) / np.std(below, ddof=1))
    np.testing.assert_allclose(found[1:], ends(ratios, np.ones(len(ratios))), rtol=0.02)


def test_the_spread_ratio_pools_variances_over_models_and_data_seeds():
    generator = np.random.default_rng(6)
    scale = np.array([[3.0, 1.0], [1.0, 2.0], [7.0, 1.5]])  # model by side
    blocks = [generator.normal(size=(n, 3, 2)) * scale for n in (4, 6)]

    def pooled(draws, side):
        groups = [draw[:, model, side] for draw in draws for model in range(3)]
        return math.sqrt(np.mean([np.sum((g - g.mean()) ** 2) / (len(g) - 1) for g in groups]))

    slow = []
    for _ in range(5_000):
        drawn = [blocks[which] for which in generator.choice(2, size=2)]
        draws = [block[generator.choice(len(block), size=len(block))] for block in drawn]
        slow.append(pooled(draws, 0) / pooled(draws, 1))
    found = statistics.spread_ratio(blocks)
    assert found.value == pytest.approx(pooled(blocks, 0) / pooled(blocks, 1))
    np.testing.assert_allclose(found[1:], np.nanquantile(slow, [0.025, 0.975]), rtol=0.05)


def test_a_spread_ratio_without_spread():
    flat, uneven = np.full(4, 0.7), np.array([0.1, 0.5, 0.2, 0.9])
    assert statistics.spread_ratio([spread_block(uneven, flat)]) == (np.inf, np.inf, np.inf)
    assert statistics.spread_ratio([spread_block(flat, uneven)]) == (0, 0, 0)
    assert np.isnan(statistics.spread_ratio([spread_block(flat, flat)])).all()


# Worked out from Wilson's formula.
WILSON = [(0, 3, 0, 0.561497), (2, 3, 0.207660, 0.938508), (5, 5, 0.565518, 1)]


@pytest.mark.parametrize("count, n, low, high", [*WILSON, (7, 18, 0.203052, 0.613810)])
def test_a_proportion_has_wilsons_interval(count, n, low, high):
    np.testing.assert_allclose(statistics.proportion(count, n), (count / n, low, high), atol=1e-6)


def followed(onset, shock, window):
    """Runs whose onset is in the days from the shock to the shock plus the window."""
    rows = zip(onset, shock, window, strict=True)
    return sum(day in range(start, start + days + 1) for day, start, days in rows)


def test_onsets_against_all_permutations():
    """At the shock and at the end of the window; a day after it, and a day before the shock."""
    onset, shock, window = [2, 9, 14, 25, 4], [2, 8, 10, 25, 5], [2, 1, 3, 2, 6]
    counts = [followed(onset, order, window) for order in itertools.permutations(shock)]
    observed = followed(onset, shock, window)
    found = statistics.onsets_after_shocks([np.array([onset, shock, window], float).T])
    assert found.followed == observed / 5 == 0.6
    assert found.expected == pytest.approx(np.mean(counts) / 5, abs=0.01)
    assert found.p == pytest.approx(np.mean(np.array(counts) >= observed), abs=0.01)
    assert found.varied


def test_shock_days_are_exchanged_within_a_data_seed_only():
    first = np.array([[3, 2, 2], [9, 8, 2], [14, 13, 2]], float)
    second = np.array([[40, 39, 2], [50, 49, 2]], float)
    found = statistics.onsets_after_shocks([first, second])
    # All in place: 1 of 3! orders of the first and 1 of 2! of the second.
    assert found.p == pytest.approx(1 / 12, abs=0.01)
    assert found.expected == pytest.approx((1 + 1) / 5, abs=0.01)
    lone = statistics.onsets_after_shocks([first[:1], second[:1]])
    assert not lone.varied
    assert (lone.followed, lone.expected, lone.p) == (1, 1, 1)

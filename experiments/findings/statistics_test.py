"""Statistics against textbook examples, scipy's tests, enumeration, and simulation."""

import functools
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from experiments.findings import statistics

THREE = np.array([0.01, -0.004, 0.021])
TWO = np.array([0.2, 0.05])
LOPSIDED = np.array([0.3, 0.31, 0.9, 0.1])


def students(values, confidence=0.95):
    found = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    return np.mean(values), found.low, found.high


def test_the_mean_has_students_t_over_the_means_of_the_data_seeds():
    found = statistics.mean([THREE, TWO, LOPSIDED])
    means = [0.009, 0.125, 0.4025]
    assert found == pytest.approx(students(means))
    # By the table of t: 4.303 with two degrees of freedom.
    assert found.high - found.value == pytest.approx(4.303 * np.std(means, ddof=1) / 3**0.5, 1e-3)
    assert statistics.mean([LOPSIDED]) == pytest.approx(students(LOPSIDED))
    assert statistics.mean([LOPSIDED], 0.01) == pytest.approx(students(LOPSIDED, 0.99))


def test_nineteen_of_twenty_intervals_cover_where_streams_vary_as_runs_do():
    """2000 experiments of five data seeds of five runs; of 0.95 the standard error is 0.005."""
    generator = np.random.default_rng(11)
    streams = generator.normal(size=(2000, 5, 1))
    experiments = 0.3 + streams + generator.normal(size=(2000, 5, 5))
    covered = [low < 0.3 < high for _, low, high in map(statistics.mean, experiments)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_equal_values_leave_no_doubt_and_one_value_alone_tells_nothing():
    assert statistics.mean([np.full(3, 0.1)]) == (0.1, 0.1, 0.1)
    assert np.isnan(statistics.mean([np.array([0.1])])).all()


def test_a_typical_ratio_is_the_geometric_mean_within_data_seeds_and_over_them():
    blocks = [np.array([2.0, 8.0, 3.0]), np.array([12.0, 0.5]), np.array([7.0])]
    found = statistics.typical_ratio(blocks)
    means = [48 ** (1 / 3), 6**0.5, 7.0]
    assert found == pytest.approx(np.exp(students(np.log(means))))
    assert found.value == pytest.approx(math.prod(means) ** (1 / 3))
    alone = statistics.typical_ratio(blocks[:1])
    assert alone == pytest.approx(np.exp(students(np.log(blocks[0]))))
    assert alone.value == pytest.approx(means[0])


@pytest.mark.parametrize("ratio", [0.0, np.inf])
def test_a_ratio_without_a_logarithm_leaves_the_interval_open(ratio):
    some, other = np.array([ratio, 2.0, 3.0]), np.array([2.0, 5.0])
    assert statistics.typical_ratio([some]) == (ratio, 0, np.inf)
    assert statistics.typical_ratio([some, other]) == (ratio, 0, np.inf)
    assert statistics.typical_ratio([some, some]) == (ratio, ratio, ratio)
    for undefined in (np.nan, 1 / ratio if ratio else np.inf):
        assert np.isnan(statistics.typical_ratio([some, np.append(other, undefined)])).all()


def spread_block(seed, runs, scale):
    """Shape (runs, models, 2), from scales of shape (models, 2)."""
    return np.random.default_rng(seed).normal(size=(runs, *np.shape(scale))) * scale


SCALE = [[3.0, 1.0], [1.0, 2.0], [7.0, 1.5]]


def pooled(block, side):
    """The root of the mean variance of the models."""
    return np.mean([np.var(values, ddof=1) for values in block[..., side].T]) ** 0.5


def test_the_spread_ratio_has_students_t_over_the_data_seeds_log_ratios():
    blocks = [spread_block(seed, runs, SCALE) for seed, runs in enumerate((4, 6, 3))]
    ratios = [pooled(block, 0) / pooled(block, 1) for block in blocks]
    expected = np.exp(students(np.log(ratios)))
    assert statistics.spread_ratio(blocks) == pytest.approx(expected)


def test_the_spread_ratio_of_one_data_seed_has_the_interval_of_f():
    """Those ratios that the two tails of F do not refuse."""
    block = spread_block(1, 4, SCALE)
    value, low, high = statistics.spread_ratio([block])
    assert value == pytest.approx(pooled(block, 0) / pooled(block, 1))
    f = stats.f(3 * (4 - 1), 3 * (4 - 1))
    assert f.sf((value / low) ** 2) == pytest.approx(0.025)
    assert f.cdf((value / high) ** 2) == pytest.approx(0.025)


def test_a_spread_ratio_without_spread():
    """Equal values have none, though the mean of three times 0.7 is another number."""
    flat, uneven = np.full((3, 1), 0.7), np.array([[0.1], [0.5], [0.9]])
    inf, zero, none = (np.stack(pair, 2) for pair in [(uneven, flat), (flat, uneven), [flat] * 2])
    assert statistics.spread_ratio([inf]) == statistics.spread_ratio([inf, inf]) == (np.inf,) * 3
    assert statistics.spread_ratio([zero]) == statistics.spread_ratio([zero, zero]) == (0, 0, 0)
    assert statistics.spread_ratio([inf, np.stack([uneven, uneven], 2)]) == (np.inf, 0, np.inf)
    for blocks in ([none], [none, inf], [zero, inf]):
        assert np.isnan(statistics.spread_ratio(blocks)).all()


# Worked out from Wilson's formula.
WILSON = [(0, 3, 0, 0.561497), (2, 3, 0.207660, 0.938508), (5, 5, 0.565518, 1)]


@pytest.mark.parametrize("count, n, low, high", [*WILSON, (7, 18, 0.203052, 0.613810)])
def test_a_proportion_has_wilsons_interval(count, n, low, high):
    np.testing.assert_allclose(statistics.proportion(count, n), (count / n, low, high), atol=1e-6)
    theirs = stats.binomtest(count, n).proportion_ci(0.99, method="wilson")
    assert statistics.proportion(count, n, 0.01)[1:] == pytest.approx(theirs)


# Newcombe (1998), Statistics in Medicine 17, 873-890: Table II, method 10.
NEWCOMBE = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0),
]


@pytest.mark.parametrize("one, other, low, high", NEWCOMBE)
def test_a_difference_of_proportions_has_newcombes_interval(one, other, low, high):
    value = one[0] / one[1] - other[0] / other[1]
    found = statistics.proportions([one], [other])
    np.testing.assert_allclose(found, (value, low, high), atol=5e-5)
    back = statistics.proportions([other], [one])
    np.testing.assert_allclose(back, (-value, -high, -low), atol=5e-5)


def test_a_difference_of_differences_adds_the_squares_of_both():
    one, other = [(9, 10), (3, 10)], [(5, 56), (1, 29)]
    first, second = (statistics.proportions([it[0]], [it[1]]) for it in (one, other))
    found = statistics.proportions([one[0], other[1]], [one[1], other[0]])
    low = math.sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    high = math.sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    value = first.value - second.value
    assert found == pytest.approx((value, value - low, value + high))
    assert np.isnan(statistics.proportions([(1, 2)], [(0, 0)])).all()


def above(limit):
    return lambda estimate: estimate.side(limit)


def refused(ps):
    """Holm (1979): from the smallest p on, each against what is left, until one stays."""
    left = sorted(range(len(ps)), key=ps.__getitem__)
    gone = set()
    while left and ps[left[0]] <= 0.05 / len(left):
        gone.add(left.pop(0))
    return gone


def test_holms_intervals_tell_what_holms_test_refuses():
    """Of three samples some of which are shifted; often the second stays that alone would go."""
    generator, kinds = np.random.default_rng(3), set()
    for _ in range(150):
        samples = generator.normal(size=(3, 6)) + generator.choice([0, 0.9, -1.2], size=(3, 1))
        ps = [stats.ttest_1samp(sample, 0.1).pvalue for sample in samples]
        found = statistics.holm(
            [(functools.partial(statistics.mean, [sample]), above(0.1)) for sample in samples]
        )
        expected = refused(ps)
        assert {place for place, it in enumerate(found) if it.side(0.1)} == expected
        kinds.add((len(expected), sum(p < 0.05 for p in ps)))
        # The levels: alpha over 3, 2 and 1, and from the first that stays on the same.
        for place, which in enumerate(np.argsort(ps)):
            left = 3 - min(place, len(expected))
            assert found[which] == pytest.approx(students(samples[which], 1 - 0.05 / left))
    assert {(0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (3, 3)} <= kinds


def test_holm_keeps_the_order_given_and_takes_what_is_undefined_last():
    clear, unclear = np.array([0.5, 0.52, 0.49]), np.array([0.1, -0.2, 0.12])
    pairs = [
        (functools.partial(statistics.mean, [values]), above(0))
        for values in (unclear, np.array([np.nan, 1.0]), clear)
    ]
    found = statistics.holm(pairs)
    assert found[0] == pytest.approx(students(unclear, 1 - 0.05 / 2))
    assert np.isnan(found[1]).all()
    assert found[2] == pytest.approx(students(clear, 1 - 0.05 / 3))
    assert statistics.holm([]) == []


def followed(onset, shock, window):
    """Share of runs whose onset is in the days from the shock to the shock plus the window."""
    rows = zip(onset, shock, window, strict=True)
    return sum(day in range(start, start + days + 1) for day, start, days in rows) / len(onset)


def test_onsets_against_all_permutations():
    """At the shock and at the end of the window; a day after it, and a day before the shock."""
    onset, shock, window = [2, 9, 14, 25, 4], [2, 8, 10, 25, 5], [2, 1, 3, 2, 6]
    share, permuted = statistics.following([np.array([onset, shock, window], float).T])
    assert share == followed(onset, shock, window) == 0.6
    assert (len(permuted), list(permuted)) == (10_001, sorted(permuted))
    every = [followed(onset, order, window) for order in itertools.permutations(shock)]
    for value in set(every):
        expected = np.mean(np.array(every) == value)
        assert np.mean(permuted == value) == pytest.approx(expected, abs=0.015)


def test_shock_days_are_exchanged_within_a_data_seed_only():
    first = np.array([[3, 2, 2], [9, 8, 2], [14, 13, 2]], float)
    second = np.array([[40, 39, 2], [50, 49, 2]], float)
    share, permuted = statistics.following([first, second])
    # All in place: 1 of 3! orders of the first and 1 of 2! of the second.
    assert share == 1
    assert np.mean(permuted == 1) == pytest.approx(1 / 12, abs=0.01)
    assert permuted.mean() == pytest.approx((1 + 1) / 5, abs=0.01)
    lone = statistics.following([first[:1], second[:1]])
    assert statistics.excess(*lone) == (0, 0, 0)


def test_an_excess_is_above_0_where_few_permutations_have_as_much():
    permuted = np.sort([0.1] * 2 + [0.2] * 30 + [0.4] * 65 + [0.8] * 3)
    for share in (0.1, 0.2, 0.4, 0.8):
        more, less = (permuted >= share).mean(), (permuted <= share).mean()
        for alpha in (0.05, 0.07, 0.5):
            found = statistics.excess(share, permuted, alpha)
            assert found.side(0) == int(more <= alpha / 2) - int(less <= alpha / 2), (share, alpha)
            assert found.value == pytest.approx(share - 0.346)

"""Arrays in, numbers out: the intervals and the test by which claims are decided.

The intervals of claims are a bootstrap of data seeds and then of runs, as their contract has it.
They are too narrow: simulated with three data seeds of five runs whose streams vary as much as
runs do, about one in five intervals of two equal methods excludes 0, where one in twenty should.
Student's t on the means of the data seeds would hold that. Nor is anything corrected for the number
of comparisons in a row; Holm's method within a claim would be. `blocks` are one array a data seed.
"""

import functools
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 10_000  # of the bootstrap, and permutations of the shock days
LEVEL = 0.95
SEED = 20230806  # ours: any number. One generator a statistic, so none moves another's digits


class Estimate(NamedTuple):
    """A value and the ends of its interval; NaN where undefined, infinite where unbounded."""

    value: float
    low: float
    high: float


class Onsets(NamedTuple):
    """Outcome of the permutation test: `followed` and `expected` are shares of the onsets.

    `varied` is False if every permutation gave the same share, so that nothing was tested.
    """

    followed: float
    expected: float
    p: float
    varied: bool


class Described(NamedTuple):
    """Mean, sample standard deviation and the ends of the mean's interval; NaN where undefined."""

    mean: float
    std: float
    low: float
    high: float


UNDEFINED = Estimate(np.nan, np.nan, np.nan)


def described(values):
    """Described of a Series without its undefined values, the interval by Student's t."""
    values = values.dropna()
    n, mean = len(values), values.mean()
    half = values.sem(ddof=1) * stats.t.ppf(0.975, n - 1) if n > 1 else np.nan
    return Described(mean, values.std(ddof=1), mean - half, mean + half)


def mean(blocks):
    """The mean over data seeds of the mean within each, of one value a pair of runs: Estimate."""
    return Estimate(*_hierarchical(blocks, functools.partial(np.mean, axis=1)))


def spread_ratio(blocks):
    """Ratio of two standard deviations, each pooled within its groups (data seed, model): Estimate.

    The values above and below the fraction line have shape (runs, models, 2). Both sides are
    resampled with the same draws, because their runs are paired by seed. The ratio is infinite
    where only the lower side does not vary, undefined where neither does; resamples of the latter
    kind say nothing and are left out.
    """
    variances = np.concatenate([_variance(block[np.newaxis]) for block in blocks])
    resampled = _resampled(blocks, _variance)
    value = float(_root_ratio(variances[np.newaxis])[0])
    return Estimate(value, *_interval(_root_ratio(resampled)))


def typical_ratio(blocks):
    """The geometric mean over data seeds of the median within each, of ratios >= 0: Estimate."""
    with np.errstate(divide="ignore"):
        logs = [np.log(block) for block in blocks]
    found = _hierarchical(logs, functools.partial(np.median, axis=1))
    return Estimate(*(float(np.exp(number)) for number in found))


def _hierarchical(blocks, statistic):
    """The mean over data seeds of a statistic within each, and the ends of its interval."""
    value = float(np.mean([statistic(block[np.newaxis]) for block in blocks]))
    with np.errstate(invalid="ignore"):  # 0 and infinity at once have no mean
        return value, *_interval(_resampled(blocks, statistic).mean(axis=1))


def proportion(count, n):
    """A share of runs with its Wilson interval, as an Estimate; undefined without runs."""
    if not n:
        return UNDEFINED
    found = stats.binomtest(int(count), int(n)).proportion_ci(LEVEL, method="wilson")
    return Estimate(count / n, float(found.low), float(found.high))


def onsets_after_shocks(blocks):
    """Tests whether onsets follow shocks more often than if the shock days were exchanged: Onsets.

    An onset follows its shock if it is no earlier, and later by no more than the window. The null
    permutes the shock days among the diverged runs of a data seed. `blocks` have shape (runs, 3):
    onset, shock and window, in days. p is one-sided: (1 + permutations at least as high) over
    (1 + permutations).
    """
    generator = np.random.default_rng(SEED)
    observed, permuted = 0, np.zeros(RESAMPLES, int)
    for onset, shock, window in (block.T for block in blocks):
        observed += _follow(onset, shock, window).sum()
        shuffled = generator.permuted(np.tile(shock, (RESAMPLES, 1)), axis=1)
        permuted += _follow(onset, shuffled, window).sum(axis=1)
    n = sum(len(block) for block in blocks)
    p = (1 + (permuted >= observed).sum()) / (1 + RESAMPLES)
    varied = bool((permuted != permuted[0]).any())
    return Onsets(float(observed / n), float(permuted.mean() / n), float(p), varied)


def _follow(onset, shock, window):
    return (onset - shock >= 0) & (onset - shock <= window)


def _resampled(blocks, statistic):
    """Draws data seeds with replacement, then runs within each: (RESAMPLES, data seeds, ...).

    The statistic goes from shape (draws, runs, ...) to (draws, ...), one number a draw and column.
    """
    generator = np.random.default_rng(SEED)
    drawn = generator.integers(len(blocks), size=(RESAMPLES, len(blocks)))
    result = np.empty((*drawn.shape, *blocks[0].shape[1:]))
    for which, block in enumerate(blocks):
        here = drawn == which
        rows = generator.integers(len(block), size=(here.sum(), len(block)))
        result[here] = statistic(block[rows])
    return result


def _variance(draws):
    """Sample variances over axis 1; exactly 0 of equal values, whose mean may be rounded."""
    return (draws - draws[:, :1]).var(axis=1, ddof=1)


def _root_ratio(variances):
    """Shape (draws, data seeds, models, 2) to (draws,); the root comes after the mean: pooled."""
    pooled = variances.mean(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(pooled[:, 0] / pooled[:, 1])


def _interval(resampled):
    defined = resampled[~np.isnan(resampled)]
    if not defined.size:
        return np.nan, np.nan
    # Without interpolation, which makes NaN of infinite neighbours.
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    return tuple(np.quantile(defined, ends, method="inverted_cdf").tolist())

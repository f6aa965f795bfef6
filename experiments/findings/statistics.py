"""Arrays in, numbers out: the intervals by which claims are decided.

Data seeds are the units. A difference or the logarithm of a ratio is averaged within each data
seed, and the interval is Student's t over the data seeds' means; of one data seed alone it is
Student's t over its runs. Counts of runs are pooled over data seeds, and have Wilson's interval or
Newcombe's, which do not know that the runs of a data seed are alike. Several comparisons of one
claim are corrected by Holm's method. `blocks` are one array a data seed, and an interval is at
1 - alpha.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import special, stats

ALPHA = 0.05
PERMUTATIONS = 10_000  # of the shock days
SEED = 20230806  # ours: any number. One generator a statistic, so none moves another's digits
HALVINGS = 30  # of a p: it is known to 1e-9, and what is closer together is tied


class Estimate(NamedTuple):
    """A value and the ends of its interval; NaN where undefined, infinite where unbounded."""

    value: float
    low: float
    high: float

    def side(self, limit):
        """1 if the whole interval is above a limit, -1 if below, 0 if neither or undefined."""
        return int(self.low > limit) - int(self.high < limit)


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


def holm(comparisons):
    """The Estimates of several comparisons, whose intervals decide as Holm's step-down test does.

    A comparison is a pair: a function from alpha to an Estimate, and one from an Estimate to 1, -1,
    or 0 where it does not tell. Its p is the smallest alpha at which it tells. The k-th smallest p
    of m has the interval at 1 - ALPHA / (m - k + 1). From the first on that does not tell, all have
    the level of that one, so that none of them tells.
    """
    m, tells, alpha = len(comparisons), True, ALPHA
    found = [UNDEFINED] * m
    order = np.argsort([_p(*comparison) for comparison in comparisons], kind="stable")
    for place, which in enumerate(order):
        if tells:
            alpha = ALPHA / (m - place)
        at, side = comparisons[which]
        found[which] = at(alpha)
        tells = tells and side(found[which]) != 0
    return found


def _p(at, side):
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if side(at(middle)) else (middle, high)
    return high


def mean(blocks, alpha=ALPHA):
    """The mean over data seeds of the mean within each, of one value a pair of runs: Estimate."""
    if len(blocks) == 1:
        return _student(blocks[0], alpha)
    with np.errstate(invalid="ignore"):
        return _student([block.mean() for block in blocks], alpha)


def typical_ratio(blocks, alpha=ALPHA):
    """The geometric mean over data seeds of the geometric mean within each: Estimate.

    That is `mean` of the logarithms, so that one data seed and several have the same statistic. A
    ratio of 0 makes it 0, an infinite one infinite, and the interval then is unbounded on both
    sides (see _student).
    """
    with np.errstate(divide="ignore"):
        return _exponential(mean([np.log(block) for block in blocks], alpha))


def spread_ratio(blocks, alpha=ALPHA):
    """Ratio of two standard deviations, each pooled over models: Estimate.

    A block has shape (runs, models, 2), the last what is above the fraction line and below it. The
    value is the geometric mean over data seeds, its interval Student's t on their logarithms. One
    data seed alone has the interval of the F distribution with models * (runs - 1) degrees of
    freedom on both sides, which takes runs as normal, models as equally variable and both sides as
    independent; runs that are paired by seed and go together make it too wide. The ratio is
    infinite where only the lower side does not vary, undefined where neither does.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.array([np.divide(*_variances(block)) for block in blocks])
        if len(ratios) > 1:
            return _exponential(_student(np.log(ratios) / 2, alpha))
    runs, models, _ = blocks[0].shape
    edge = special.fdtri(models * (runs - 1), models * (runs - 1), 1 - alpha / 2)
    return Estimate(*np.sqrt([ratios[0], ratios[0] / edge, ratios[0] * edge]).tolist())


def _variances(block):
    """Of both sides, pooled; exactly 0 of equal values, whose mean may be rounded."""
    return (block - block[:1]).var(axis=0, ddof=1).mean(axis=0)


def _student(values, alpha):
    """The mean of independent values with the interval of Student's t: Estimate.

    An infinite mean has an unbounded interval, which is what that of a value tends to as the value
    grows; but where all are the same infinity, nothing is in doubt.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        return UNDEFINED
    if not np.isfinite(values).all():
        with np.errstate(invalid="ignore"):
            center = float(values.mean())
        ends = (center, center) if (values == values[0]).all() else (-np.inf, np.inf)
        return UNDEFINED if np.isnan(center) else Estimate(center, *ends)
    n, apart = len(values), values - values[0]  # exactly 0 of equal values
    center = float(values[0] + apart.mean())
    half = float(apart.std(ddof=1) / np.sqrt(n) * special.stdtrit(n - 1, 1 - alpha / 2))
    return Estimate(center, center - half, center + half)


def _exponential(estimate):
    return Estimate(*(float(np.exp(number)) for number in estimate))


def proportion(count, n, alpha=ALPHA):
    """A share of runs with its Wilson interval, as an Estimate; undefined without runs."""
    if not n:
        return UNDEFINED
    z, share = float(special.ndtri(1 - alpha / 2)), count / n
    whole = 2 * (n + z**2)
    center = (2 * n * share + z**2) / whole
    half = z / whole * math.sqrt(4 * n * share * (1 - share) + z**2)
    return Estimate(share, center - half if count else 0.0, center + half if count < n else 1.0)


def proportions(plus, minus, alpha=ALPHA):
    """Sum of the shares `plus` minus sum of the shares `minus`, of pairs (count, n): Estimate.

    The interval is Newcombe's hybrid score interval (1998, method 10): each end is as far away as
    the root of the summed squares of how far Wilson's ends of the shares are.
    """
    above = [proportion(*pair, alpha) for pair in plus]
    below = [proportion(*pair, alpha) for pair in minus]
    value = sum(share.value for share in above) - sum(share.value for share in below)
    up = [it.high - it.value for it in above] + [it.value - it.low for it in below]
    down = [it.value - it.low for it in above] + [it.high - it.value for it in below]
    return Estimate(value, value - math.hypot(*down), value + math.hypot(*up))


def following(blocks):
    """The shares of onsets that follow a shock: (as it was, of permutations, ascending).

    An onset follows its shock if it is no earlier, and later by no more than the window. The shock
    days are permuted among the diverged runs of a data seed; what was is one of the permutations.
    `blocks` have shape (runs, 3): onset, shock and window, in days.
    """
    generator = np.random.default_rng(SEED)
    counts = np.zeros(1 + PERMUTATIONS, int)
    for onset, shock, window in (block.T for block in blocks):
        orders = np.tile(shock, (1 + PERMUTATIONS, 1))
        orders[1:] = generator.permuted(orders[1:], axis=1)
        counts += ((onset - orders >= 0) & (onset - orders <= window)).sum(axis=1)
    shares = counts / sum(map(len, blocks))
    return float(shares[0]), np.sort(shares)


def excess(share, permuted, alpha=ALPHA):
    """A share less that of permutations: Estimate, less their mean and their outer quantiles.

    The interval is above 0 if at most alpha / 2 of the permutations have that share or a higher
    one, and below 0 if so few have that or a lower one.
    """
    skipped = int(alpha / 2 * len(permuted))
    low, high = share - permuted[-1 - skipped], share - permuted[skipped]
    return Estimate(share - float(permuted.mean()), float(low), float(high))

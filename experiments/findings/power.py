"""Which difference a number of runs can show: power of the paired t-test."""

import math

from scipy import optimize, stats

LEVEL, POWER = 0.05, 0.8  # two-sided; ours: the usual power


def detectable_gap(std, n):
    """The smallest mean difference that n differences show with a power of 80 %.

    The test is Student's t against 0, two-sided at 5 %. Its statistic has the noncentral t
    distribution with n - 1 degrees of freedom, moved by gap * sqrt(n) / std.

    Args:
      std: standard deviation of a difference, >= 0; the gap is in its units.
      n: number of differences.
    Returns: the gap, NaN for n < 2 or an undefined std.
    """
    if n < 2 or math.isnan(std):
        return math.nan
    limit = stats.t.ppf(1 - LEVEL / 2, n - 1)

    def excess(moved):
        # The other tail as its mirror image: SciPy's own one is NaN for some arguments.
        return sum(stats.nct.sf(limit, n - 1, sign * moved) for sign in (1, -1)) - POWER

    return std * optimize.brentq(excess, 0, 2 * limit) / math.sqrt(n)


def pooled_std(stds, counts):
    """The standard deviation within settings from that of each and its number of runs.

    A setting whose standard deviation is undefined is left out; NaN without any.
    """
    known = [(std, n - 1) for std, n in zip(stds, counts, strict=True) if not math.isnan(std)]
    freedom = sum(free for _, free in known)
    return math.sqrt(sum(free * std**2 for std, free in known) / freedom) if known else math.nan

"""What a rule answers, and the words its reason is made of."""

from typing import NamedTuple

import numpy as np

from experiments.findings.claims.quantities import corrected, full

REPRODUCED = "reproduced"
CONTRADICTED = "contradicted"
INCONCLUSIVE = "inconclusive"
NOT_RUN = "not run"
VERDICTS = (REPRODUCED, CONTRADICTED, INCONCLUSIVE, NOT_RUN)


class Outcome(NamedTuple):
    """A verdict with its evidence, for strict JSON; n is the number of runs that decided.

    statistic and interval ([low, high] at 95 %, None where undefined or unbounded) are dicts by
    name where there are several.
    """

    verdict: str
    statistic: float | dict | None
    interval: list | dict | None
    n: int
    run_ids: list
    reason: str


def decided(verdict, figures, reason):
    """The outcome of a rule on one Figure, or a dict of them by name; the reason is a sentence."""
    many = isinstance(figures, dict)
    each = figures if many else {"": figures}
    statistic = {name: _number(figure.value) for name, figure in each.items()}
    interval = {
        name: None if np.isnan(figure.low) else [_number(figure.low), _number(figure.high)]
        for name, figure in each.items()
    }
    run_ids = sorted(set().union(*(figure.run_ids for figure in each.values())))
    if not many:
        statistic, interval = statistic[""], interval[""]
    return Outcome(verdict, statistic, interval, len(run_ids), run_ids, reason)


def verdict(holds, fails=True):
    """REPRODUCED if a claim holds, else CONTRADICTED if it fails, else INCONCLUSIVE."""
    if holds:
        return REPRODUCED
    return CONTRADICTED if fails else INCONCLUSIVE


def by_sides(comparisons, words="", *, more=(), vetoes=(), shown=None):
    """The outcome of a claim that all of some Comparisons make, decided together.

    It is reproduced if every interval lies on its side, contradicted if one lies on the other.
    `vetoes` names those that can contradict and need not hold. `more` has sides that other things
    than intervals give, `words` what is said of them. `shown` has Quantities that decide nothing.
    """
    figures, sides = corrected(comparisons)
    needed = [*more, *(side for name, side in sides.items() if name not in vetoes)]
    fails = min([*more, *sides.values()]) < 0
    found = verdict(not fails and min(needed) > 0, fails)
    beside = {name: quantity.figure() for name, quantity in (shown or {}).items()}
    return decided(found, beside | figures, words + listed(figures))


def listed(figures):
    """Figures by name as text: name, value, interval."""
    return "; ".join(f"{name} {_shown(figure)}" for name, figure in figures.items())


def counts(cells):
    """Full divergences of cells by name, as text: name, diverged/runs."""
    return ", ".join(f"{name} {full(rows)}/{len(rows)}" for name, rows in cells.items())


def _shown(figure):
    if np.isnan(figure.value):
        return "undefined"
    # Of one run there is no interval.
    interval = "" if np.isnan(figure.low) else f" [{figure.low:.3g}, {figure.high:.3g}]"
    return f"{figure.value:.3g}{interval}"


def _number(value):
    # Sums round differently on other processors; nine digits are the same on all of them.
    return float(f"{value:.9g}") if np.isfinite(value) else None

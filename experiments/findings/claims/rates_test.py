"""Rules on rates and divergence, and on Clippy with Adam, each way."""

import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.testing import (
    NOISE,
    adam,
    changed,
    decide,
    joined,
    labels,
    shifted,
    table2,
    where,
)

RUNS = table2()


def cell(model, method, rate):
    return {"model": model, "method": method, "rate_multiple": rate}


def clipped(rate):
    return cell("large_dcn", "clippy_adam", rate)


def beside(place, by, noise=0.0):
    """The cell's AUC is that of the same method at the other rate, plus an amount and noise."""
    other = place | {"rate_multiple": 3.0 - place["rate_multiple"]}
    auc = RUNS.loc[where(RUNS, **other), "auc"].to_numpy()
    return changed(RUNS, {"auc": auc + by + noise * NOISE}, **place)


MIXED = ["full", "micro", "full", "damaged", "full"]
C01 = {  # the labels of one cell, its AUC where GC's is 0.73, the verdict, the runs that count
    "all die": (["full"] * 5, 0.5, "reproduced", 30),
    "some come back, clearly worse": (MIXED, [0.5, 0.68, 0.5, 0.66, 0.5], "reproduced", 30),
    "one is not worse": (MIXED, [0.5, 0.68, 0.5, 0.74, 0.5], "inconclusive", 29),
    "not clearly worse": (MIXED, [0.76, 0.72, 0.71, 0.70, 0.71], "inconclusive", 28),
    "not clearly better": (MIXED, 0.731 + 0.01 * NOISE, "inconclusive", 28),
    "clearly better": (MIXED, 0.74, "contradicted", 28),
    "one is healthy": (["full", "healthy", *["full"] * 3], 0.5, "contradicted", 29),
    "one never trained": (["full", "untrained", *["full"] * 3], 0.5, "contradicted", 29),
    "one of each": (["micro", "healthy", *["full"] * 3], 0.5, "contradicted", 29),
}


@pytest.mark.parametrize("case", C01)
def test_c01_counts_runs_that_die_or_are_hurt_where_gc_is_clearly_better(case):
    kinds, auc, expected, count = C01[case]
    runs = changed(RUNS, {"label": kinds, "auc": auc}, **cell("large", "naive", 2.0))
    found = decide("C01", runs)
    assert (found.verdict, found.statistic) == (expected, pytest.approx(count / 30))
    assert f"{count} of 30" in found.reason
    assert found.n == 30 + 5 * bool({"micro", "damaged"} & set(kinds))  # with those of GC


SURVIVAL = [("C02", "gc", "large", 2.0), ("C06", "lamb", "large_dcn", 1.0)]
SURVIVAL += [("C08", "clippy", "large_dcn", 2.0), ("C08", "clippy", "small", 2.0)]


@pytest.mark.parametrize("claim, method, model, best", SURVIVAL)
def test_a_best_rate_must_be_survived_and_better(claim, method, model, best):
    place, other = (cell(model, method, rate) for rate in (best, 3.0 - best))
    dead = {"label": labels(1)}
    assert decide(claim, changed(RUNS, dead, **place)).verdict == "contradicted"
    assert decide(claim, changed(RUNS, dead, **other)).verdict == "reproduced"
    assert decide(claim, changed(RUNS, {"label": "damaged"}, **place)).verdict == "reproduced"
    assert decide(claim, beside(place, -0.001)).verdict == "contradicted"
    for by in (-0.001, 0.001):
        found = decide(claim, beside(place, by, noise=0.01))
        assert (found.verdict, found.statistic[model]) == ("inconclusive", pytest.approx(by))
        low, high = found.interval[model]
        assert low < 0 < high


FAST = cell("large_dcn", "gc", 2.0)
LEVEL = changed(adam(), {"label": "healthy"}, method="adam")  # Adam survives as many rates
CASES = [
    ("C02", shifted(RUNS, "auc", -0.1, **FAST), "reproduced"),  # Large+DCN does not count
    ("C03", beside(FAST, 0.002), "contradicted"),
    ("C03", beside(FAST, -0.001, noise=0.01), "inconclusive"),
    ("C03", beside(FAST, 0.001, noise=0.01), "inconclusive"),
    ("C03", changed(beside(FAST, 0.002), {"label": labels(1)}, **FAST), "reproduced"),
    ("C03", changed(beside(FAST, 0.002), {"label": "micro"}, **FAST), "contradicted"),
    *(("C04", beside(cell(it, "agc", 2.0), 0.001), "contradicted") for it in ("small", "large")),
    ("C04", beside(cell("large", "agc", 2.0), -0.001, noise=0.01), "inconclusive"),
    # Worse at the best rate of Adam, or elsewhere; what is tied there does not count.
    ("C34", shifted(adam(), "auc", -0.01, **clipped(0.02)), "contradicted"),
    ("C34", shifted(adam(), "auc", -0.01, **clipped(0.002)), "reproduced"),
    ("C34", shifted(adam(), "auc", -0.0058, **clipped(0.02)), "reproduced"),
    ("C34", shifted(adam(), "auc", 0.02 * NOISE, **clipped(0.02)), "inconclusive"),
    ("C34", LEVEL, "inconclusive"),
    ("C34", changed(LEVEL, {"label": "full"}, **clipped(0.5)), "contradicted"),
]


@pytest.mark.parametrize("claim, runs, expected", CASES)
def test_what_decides(claim, runs, expected):
    assert decide(claim, runs).verdict == expected


def test_more_rates_and_no_loss_at_adams_best_one():
    found = decide("C34", adam())
    assert found.verdict == "reproduced"
    # Adam survives two rates, but seed 3 none: it died at the lowest. Clippy survives three.
    assert found.statistic["rates survived"] == pytest.approx((4 * 1 + 3) / 5)
    low, high = found.interval["rates survived"]  # 2.776: Student's t, four degrees of freedom
    assert [low, high] == pytest.approx([1.4 - 2.776 * 0.4, 1.4 + 2.776 * 0.4], abs=1e-3)
    # At 0.02x, where Adam's mean is highest; the one at 0.5x is undefined, so chance.
    assert found.statistic["AUC at 0.02x"] == pytest.approx(0.001)
    assert found.n == 5 * 2 * 3
    assert "adam 0.002x 1/5, 0.02x 0/5, 0.5x 5/5; clippy_adam 0.002x 0/5" in found.reason
    # Full divergences alone end a run seed, and for good: seed 3 died at the lowest rate.
    alive = changed(adam(), {"label": "healthy"}, method="adam", rate_multiple=0.5, seed=3)
    micro = changed(alive, {"label": "micro"}, method="clippy_adam", rate_multiple=0.02)
    assert decide("C34", micro).statistic == found.statistic
    # Lasting harm is shown and decides nothing: Clippy is left with one rate of three.
    harmed = decide("C34", changed(adam(), {"label": "damaged"}, **clipped(0.02)))
    assert harmed.statistic["rates survived unharmed"] == pytest.approx((4 * -1 + 1) / 5)
    assert (harmed.verdict, harmed.statistic["rates survived"]) == ("reproduced", 1.4)
    with pytest.raises(MissingRuns, match="adam needs two rates, has 1"):
        decide("C34", adam().query("rate_multiple == 0.02"))


def test_the_best_of_both_is_shown_each_at_a_rate_of_its_own():
    found = decide("C34", shifted(adam(), "auc", 0.2, **clipped(0.5)))
    assert found.statistic["AUC at 0.5x - 0.02x"] == pytest.approx(0.801 - 0.73, abs=1e-4)
    assert found.verdict == "reproduced"


def test_adams_best_rate_is_that_of_all_data_seeds_which_weigh_the_same():
    other = shifted(adam(2), "auc", 0.3, method="adam", rate_multiple=0.002)
    third = shifted(adam(3), "auc", -0.01, method="adam", rate_multiple=0.002)
    found = decide("C34", joined([adam(1), other, third]))
    assert "AUC at 0.002x" in found.statistic
    assert (found.verdict, found.n) == ("inconclusive", 90)  # clearly worse on one alone
    # Of five runs four died at 0.5x and the fifth ended above all: its AUC is no mean.
    one = changed(adam(), {"auc": 0.99}, method="adam", rate_multiple=0.5, seed=2)
    assert "AUC at 0.02x" in decide("C34", one).statistic
    # 0.5x: (0.55 + 0.95) / 2 = 0.75, or over all runs, of which the second has fewer, 0.70.
    other = changed(adam(2).query("seed > 1"), {"auc": 0.95}, method="adam", rate_multiple=0.5)
    first = changed(adam(1), {"auc": 0.55}, method="adam", rate_multiple=0.5)
    assert "AUC at 0.5x" in decide("C34", joined([first, other])).statistic

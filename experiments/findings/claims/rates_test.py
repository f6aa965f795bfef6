"""Rules on rates and divergence, and on Clippy with Adam, each way."""

import numpy as np
import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.testing import (
    NOISE,
    RATES,
    adam,
    changed,
    decide,
    joined,
    labels,
    shifted,
    table2,
    verdict,
    where,
)

RUNS = table2()


def cell(model, method, rate):
    return {"model": model, "method": method, "rate_multiple": rate}


def beside(place, by, noise=0.0):
    """The cell's AUC is that of the same method at the other rate, plus an amount and noise."""
    other = place | {"rate_multiple": 3.0 - place["rate_multiple"]}
    auc = RUNS.loc[where(RUNS, **other), "auc"].to_numpy()
    return changed(RUNS, {"auc": auc + by + noise * NOISE}, **place)


NAIVE = cell("large", "naive", 2.0)
MIXED = ["full", "micro", "full", "damaged", "full"]
C01 = {  # the labels of one cell, its AUC where GC's is 0.73, the verdict, the runs that count
    "all die": (["full"] * 5, 0.5, "reproduced", 30),
    "some come back, clearly worse": (MIXED, [0.5, 0.68, 0.5, 0.66, 0.5], "reproduced", 30),
    "not clearly worse": (MIXED, [0.76, 0.72, 0.71, 0.70, 0.71], "inconclusive", 28),
    "better in the mean": (MIXED, 0.731 + 0.01 * NOISE, "contradicted", 28),
    "clearly better": (MIXED, 0.74, "contradicted", 28),
    "one is healthy": (["full", "healthy", *["full"] * 3], 0.5, "contradicted", 29),
    "one never trained": (["full", "untrained", *["full"] * 3], 0.5, "contradicted", 29),
    "one of each": (["micro", "healthy", *["full"] * 3], 0.5, "contradicted", 29),
}


@pytest.mark.parametrize("case", C01)
def test_c01_counts_runs_that_die_or_are_hurt_where_gc_is_clearly_better(case):
    kinds, auc, expected, count = C01[case]
    found = decide("C01", changed(RUNS, {"label": kinds, "auc": auc}, **NAIVE))
    assert (found.verdict, found.statistic) == (expected, pytest.approx(count / 30))
    assert f"{count} of 30" in found.reason
    decided_by = set(RUNS.loc[RUNS["method"] == "naive", "run_id"])
    if {"micro", "damaged"} & set(kinds):
        decided_by |= set(RUNS.loc[where(RUNS, **cell("large", "gc", 2.0)), "run_id"])
    assert (set(found.run_ids), found.n) == (decided_by, len(decided_by))


SURVIVAL = [("C02", "gc", "large", 2.0), ("C06", "lamb", "large_dcn", 1.0)]
SURVIVAL += [("C08", "clippy", "large_dcn", 2.0), ("C08", "clippy", "small", 2.0)]


@pytest.mark.parametrize("claim, method, model, best", SURVIVAL)
def test_a_best_rate_must_be_survived_and_better(claim, method, model, best):
    place, other = (cell(model, method, rate) for rate in (best, 3.0 - best))
    dead = {"label": labels(1)}
    assert verdict(claim, changed(RUNS, dead, **place)) == "contradicted"
    assert verdict(claim, changed(RUNS, dead, **other)) == "reproduced"
    assert verdict(claim, changed(RUNS, {"label": "damaged"}, **place)) == "reproduced"
    assert verdict(claim, beside(place, -0.001)) == "contradicted"
    # A better mean is enough where it is not clear.
    assert verdict(claim, beside(place, 0.001, noise=0.01)) == "reproduced"
    found = decide(claim, beside(place, -0.001, noise=0.01))
    assert (found.verdict, found.statistic[model]) == ("inconclusive", pytest.approx(-0.001))
    low, high = found.interval[model]
    assert low < 0 < high


def test_c02_leaves_the_third_model_out():
    found = decide("C02", shifted(RUNS, "auc", -0.1, **cell("large_dcn", "gc", 2.0)))
    assert (found.verdict, found.n, set(found.statistic)) == ("reproduced", 20, {"small", "large"})
    assert set(decide("C08", RUNS).statistic) == {"small", "large", "large_dcn"}


def test_c03_needs_a_divergence_or_a_loss_at_2x():
    place = cell("large_dcn", "gc", 2.0)
    better = beside(place, 0.002)
    assert verdict("C03", better) == "contradicted"
    for by in (-0.001, 0.001):
        assert verdict("C03", beside(place, by, noise=0.01)) == "inconclusive"
    assert verdict("C03", changed(better, {"label": labels(1)}, **place)) == "reproduced"
    assert verdict("C03", changed(better, {"label": "micro"}, **place)) == "contradicted"
    undefined = decide("C03", changed(RUNS, {"auc": np.nan}, **place))  # counts as chance
    slow = RUNS.loc[where(RUNS, **cell("large_dcn", "gc", 1.0)), "auc"]
    assert undefined.statistic == pytest.approx(0.5 - slow.mean())


@pytest.mark.parametrize("model", ["small", "large"])
def test_c04_needs_a_clear_loss_on_both(model):
    place = cell(model, "agc", 2.0)
    assert verdict("C04", beside(place, 0.001)) == "contradicted"
    assert verdict("C04", beside(place, -0.001, noise=0.01)) == "inconclusive"


def test_more_rates_and_no_loss_at_adams_best_one():
    found = decide("C34", adam())
    assert found.verdict == "reproduced"
    # Adam survives two rates, but seed 3 none: it died at the lowest. Clippy survives three.
    assert found.statistic["rates survived"] == pytest.approx((4 * 1 + 3) / 5)
    assert found.interval["rates survived"][0] == 1.0
    # At 0.02x, where Adam's mean is highest; the one at 0.5x is undefined, so chance.
    assert found.statistic["AUC at 0.02x"] == pytest.approx(0.001)
    assert found.n == 5 * 2 * len(RATES)
    assert "adam 0.002x 1/5, 0.02x 0/5, 0.5x 5/5; clippy_adam 0.002x 0/5" in found.reason


def test_worse_at_adams_best_rate_is_contradicted():
    worse = shifted(adam(), "auc", -0.01, method="clippy_adam", rate_multiple=0.02)
    assert verdict("C34", worse) == "contradicted"
    elsewhere = shifted(adam(), "auc", -0.01, method="clippy_adam", rate_multiple=0.002)
    assert verdict("C34", elsewhere) == "reproduced"


def test_as_many_rates_decide_nothing_and_fewer_contradict():
    level = changed(adam(), {"label": "healthy"}, method="adam")
    assert verdict("C34", level) == "inconclusive"
    fewer = changed(level, {"label": "full"}, method="clippy_adam", rate_multiple=0.5)
    assert verdict("C34", fewer) == "contradicted"


def test_the_best_rate_is_that_of_all_data_seeds():
    other = shifted(adam(2), "auc", 0.3, method="adam", rate_multiple=0.002)
    third = shifted(adam(3), "auc", -0.01, method="adam", rate_multiple=0.002)
    found = decide("C34", joined([adam(1), other, third]))
    assert "AUC at 0.002x" in found.statistic
    assert found.verdict == "reproduced"  # a tie: worse on that data seed alone
    assert found.n == 90


@pytest.mark.parametrize(
    "change, where",
    [
        ({"label": "healthy"}, {"method": "adam", "rate_multiple": 0.5, "seed": 3}),
        ({"label": "micro"}, {"method": "clippy_adam", "rate_multiple": 0.02}),
    ],
)
def test_a_full_divergence_alone_ends_a_run_seed_and_for_good(change, where):
    """Seed 3 died at the lowest rate: a rate above it is not survived."""
    same = decide("C34", changed(adam(), change, **where))
    assert same.statistic == decide("C34", adam()).statistic


def test_dead_runs_count_as_chance_when_the_best_rate_is_chosen():
    """Of five, four died at 0.5x and the fifth ended above all: its AUC is no mean."""
    one = changed(adam(), {"auc": 0.99}, method="adam", rate_multiple=0.5, seed=2)
    assert "AUC at 0.02x" in decide("C34", one).statistic


def test_data_seeds_weigh_the_same_when_the_best_rate_is_chosen():
    """The second has fewer run seeds, and another best rate by more."""
    other = adam(2).query("seed > 1")
    other = changed(other, {"auc": 0.95}, method="adam", rate_multiple=0.5)
    first = changed(adam(1), {"auc": 0.55}, method="adam", rate_multiple=0.5)
    runs = joined([first, other])
    # 0.5x: (0.55 + 0.95) / 2 = 0.75, or over all runs 0.70; 0.02x: 0.73.
    assert "AUC at 0.5x" in decide("C34", runs).statistic


def test_a_grid_of_one_rate_is_not_enough():
    with pytest.raises(MissingRuns, match="adam needs two rates, has 1"):
        decide("C34", adam().query("rate_multiple == 0.02"))

"""Rules on divergence ratios, shocks and descent on a quadratic, each way."""

import itertools

import numpy as np
import pytest

from experiments.findings import quadratic
from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.published import TABLE3
from experiments.findings.testing import (
    changed,
    decide,
    joined,
    objectives,
    shocks,
    table3,
    verdict,
    warmup,
    window,
)

CHANGES = tuple(TABLE3)[1:]


def test_c16_needs_every_clean_run():
    found = decide("C16", table3())
    assert (found.verdict, found.statistic, found.n) == ("reproduced", 1.0, 5)
    assert found.interval == pytest.approx([0.5655, 1.0], abs=1e-4)
    found = decide("C16", table3(clean=4))
    assert (found.verdict, found.statistic) == ("contradicted", 0.8)


@pytest.mark.parametrize("case", CHANGES)
def test_c17_needs_every_change(case):
    assert verdict("C17", table3(**{case: 3})) == "contradicted"
    low = dict.fromkeys(CHANGES, 1) | {"clean": 2}  # 2/5 against 1/3
    assert verdict("C17", table3(**low)) == "reproduced"
    assert verdict("C17", table3(**low | {case: 2})) == "contradicted"


def test_c17_gives_every_ratio_of_full_divergences():
    found = decide("C17", changed(table3(), {"label": "damaged"}, case="two_tasks_removed"))
    ratios = dict(zip(("clean", *CHANGES), (1, 1 / 3, 2 / 3, 2 / 3, 2 / 3, 0), strict=True))
    assert found.statistic == pytest.approx(ratios)
    assert found.n == 20
    assert found.interval["two_tasks_removed"][0] == 0


PAIRS = [
    ("C18", lambda low, high: table3(two_tasks_removed=low, one_task_removed=high)),
    ("C19", lambda low, high: table3(smaller_model=low, no_dcn=high)),
    ("C32", lambda low, high: objectives(one=low, six=high)),
]


@pytest.mark.parametrize("claim, runs", PAIRS)
def test_one_ratio_below_another(claim, runs):
    assert verdict(claim, runs(1, 2)) == "reproduced"
    assert verdict(claim, runs(2, 1)) == "contradicted"
    assert verdict(claim, runs(2, 2)) == verdict(claim, runs(0, 0)) == "inconclusive"


def test_ratios_are_compared_where_the_numbers_of_runs_differ():
    runs = objectives(one=2, six=2)  # of 5 each
    found = decide("C32", runs[~(runs["case"].eq("six_tasks") & runs["seed"].eq(4))])
    assert (found.verdict, found.n) == ("reproduced", 9)  # 2/5 against 2/4


WARMUPS = [
    ("reproduced", (4, 2, 3), (4, 5, 4)),
    ("reproduced", (4, 4, 3), (2, 2, 5)),
    ("contradicted", (3, 0, 3), (4, 4, 4)),
    ("contradicted", (3, 0, 4), (4, 4, 4)),
    ("contradicted", (4, 2, 1), (4, 5, 3)),
    ("inconclusive", (0, 2, 1), (4, 5, 4)),
    ("inconclusive", (4, 2, 1), (0, 5, 4)),
]


@pytest.mark.parametrize("expected, simple, complex_", WARMUPS)
def test_c29_holds_the_longest_warmup_against_the_shortest(expected, simple, complex_):
    assert verdict("C29", warmup(simple=simple, complex_=complex_)) == expected


@pytest.mark.parametrize("models", [("small", "small_dcn"), ("small_dcn", "large")])
def test_c29_orders_models_by_complexity(models):
    assert verdict("C29", warmup(models=models)) == "reproduced"
    found = decide("C29", warmup(models=models[::-1]))  # the simpler one does not improve
    assert (found.verdict, found.n) == ("contradicted", 20)
    expected = [f"{model} {days} days" for model in models for days in (100, 1000)]
    assert list(found.statistic) == expected


WINDOWS = [
    ("reproduced", (5, 3, 3, 1)),
    ("reproduced", (2, 2, 2, 1)),
    ("contradicted", (3, 1, 1, 3)),
    ("contradicted", (3, 1, 1, 4)),
    ("inconclusive", (5, 1, 2, 1)),
    ("inconclusive", (0, 0, 0, 0)),
    ("inconclusive", (0, 1, 1, 2)),
]


@pytest.mark.parametrize("expected, dead", WINDOWS)
def test_c30_needs_a_fall_without_a_step_up(expected, dead):
    found = decide("C30", window(dead=dead)[::-1])
    assert (found.verdict, found.n) == (expected, 20)
    ratios = [count / 5 for count in dead]
    assert found.statistic == dict(
        zip(("2 days", "4 days", "7 days", "14 days"), ratios, strict=True)
    )


SHORT = [
    ("C29", warmup().query("model == 'large'"), "needs two of small, small_dcn"),
    ("C29", warmup().query("x == 100"), "needs two values of x, has 1"),
    ("C30", window().query("x == 4"), "needs two values of x, has 1"),
    ("C30", table3(), "needs two values of x, has 0"),
]


@pytest.mark.parametrize("claim, runs, said", SHORT)
def test_a_sweep_needs_two_values_and_a_comparison_of_models_two_models(claim, runs, said):
    with pytest.raises(MissingRuns, match=said):
        decide(claim, runs)


ONSETS, DAYS = (3, 9, 14, 20, 26, 22), (2, 8, 13, 19, 25, 5)


def test_onsets_after_their_shocks_reproduce():
    found = decide("C31", shocks())
    assert (found.verdict, found.n) == ("reproduced", 12)
    orders = [np.subtract(ONSETS, order) for order in itertools.permutations(DAYS)]
    counts = np.array([np.isin(gaps, (0, 1, 2)).sum() for gaps in orders])
    assert found.statistic["followed"] == pytest.approx(5 / 6)
    assert found.statistic["expected"] == pytest.approx(counts.mean() / 6, abs=0.01)
    assert found.statistic["p"] == pytest.approx(np.mean(counts >= 5), abs=0.001)
    assert (found.statistic["ratio on"], found.statistic["ratio off"]) == (1, 0)
    assert found.interval["p"] is None
    assert found.interval["ratio off"][0] == 0


def test_runs_that_lived_have_no_onset():
    onsets = (3, None, 14, 20, 26, None)
    found = decide("C31", shocks(onsets=onsets))
    assert found.statistic["followed"] == 1
    assert found.statistic["ratio on"] == pytest.approx(4 / 6)
    # 4 onsets in place are 1 of 24 orders.
    assert found.statistic["p"] == pytest.approx(1 / 24, abs=0.01)
    assert found.verdict == "reproduced"


def test_onsets_that_follow_no_more_often_than_by_chance_contradict():
    early = decide("C31", shocks(onsets=tuple(day - 1 for day in DAYS)))
    assert (early.verdict, early.statistic["followed"]) == ("contradicted", 0)
    found = decide("C31", shocks(onsets=(3, 9, 14, 20), shock_days=(19, 2, 8, 13)))
    assert found.verdict == "contradicted"
    assert found.statistic["followed"] < found.statistic["expected"]


def test_as_many_divergences_without_shocks_contradict():
    assert verdict("C31", shocks(off=5)) == "reproduced"
    assert verdict("C31", shocks(off=6)) == "contradicted"


def test_few_onsets_or_a_weak_test_are_open():
    two = decide("C31", shocks(onsets=(3, 9, None, None), shock_days=DAYS[:4]))
    assert (two.verdict, set(two.statistic)) == ("inconclusive", {"ratio on", "ratio off"})
    assert two.reason.startswith("fewer than 3 onsets")
    three = decide("C31", shocks(onsets=ONSETS[:3], shock_days=DAYS[:3]))  # p = 1/6
    assert three.verdict == "inconclusive"
    assert three.statistic["p"] == pytest.approx(1 / 6, abs=0.01)


def test_one_shock_day_for_all_tests_nothing():
    found = decide("C31", shocks(shock_days=(8,) * 6))
    assert found.verdict == "inconclusive"
    assert found.statistic["followed"] == found.statistic["expected"]


def test_pooled_runs_are_permuted_within_their_data_seed():
    pooled = joined(shocks(seed, onsets=ONSETS[:3], shock_days=DAYS[:3]) for seed in (1, 2))
    found = decide("C31", pooled)
    assert found.statistic["p"] == pytest.approx(1 / 36, abs=0.01)
    assert found.verdict == "reproduced"


def descending(monkeypatch, path):
    """The outcome of C28 if descent takes a path made of the honest one and the rate."""
    honest = quadratic.descend
    monkeypatch.setattr(
        quadratic, "descend", lambda rate, *where: path(lambda r: honest(r, *where), rate)
    )
    return decide("C28", None)


@pytest.mark.parametrize("times", [0.5, 1, 2])
def test_descent_must_obey_the_edge(monkeypatch, times):
    found = descending(monkeypatch, lambda honest, rate: honest(times * rate))
    assert found.verdict == ("reproduced" if times == 1 else "contradicted")


def test_descent_that_ends_in_no_number_has_grown(monkeypatch):
    edge = quadratic.edge()
    found = descending(
        monkeypatch, lambda honest, rate: honest(rate) * (1 if rate < edge else np.nan)
    )
    expected = {"0.9 * 2/alpha": pytest.approx(3.7e-6, rel=0.1), "1.1 * 2/alpha": None}
    assert (found.statistic, found.verdict) == (expected, "reproduced")

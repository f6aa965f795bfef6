"""Rules on divergence ratios, shocks and descent on a quadratic, each way."""

import numpy as np
import pytest

from experiments.findings import quadratic, statistics
from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.testing import (
    DEAD,
    changed,
    decide,
    joined,
    labels,
    objectives,
    shocks,
    table3,
    warmup,
    window,
)

CHANGES = tuple(DEAD)[1:]
ONSETS, DAYS = (3, 9, 14, 20, 26, 22), (2, 8, 13, 19, 25, 5)
ABOVE = dict.fromkeys(CHANGES, 0) | {"clean": 4}

CASES = [
    ("C16", table3(clean=11), "contradicted"),
    *(("C17", table3(**{case: 11}), "inconclusive") for case in CHANGES),
    *(("C17", table3(**{case: 12}), "inconclusive") for case in CHANGES),  # no fall, nor a rise
    *(("C17", table3(**ABOVE | {case: 11}), "contradicted") for case in CHANGES),
    # One comparison alone would tell 8 of 12 from 12 of 12; five do not.
    ("C17", table3(**dict.fromkeys(CHANGES, 8)), "inconclusive"),
    ("C18", table3(one_task_removed=12, two_tasks_removed=8), "reproduced"),
    # The longest warmup against the shortest.
    ("C29", warmup(simple=(11, 6, 12)), "inconclusive"),
    ("C29", warmup(simple=(3, 0, 12)), "contradicted"),
    ("C29", warmup(simple=(12, 12, 1), complex_=(2, 12, 4)), "reproduced"),
    ("C29", warmup(simple=(12, 6, 1), complex_=(12, 12, 5)), "contradicted"),  # a clear fall
    ("C29", warmup(simple=(12, 6, 0), complex_=(12, 12, 9)), "reproduced"),  # an unclear one
    ("C29", warmup(simple=(12, 6, 3), complex_=(12, 12, 9)), "inconclusive"),  # both much alike
    ("C29", warmup(simple=(0, 6, 0)), "inconclusive"),
    ("C29", warmup(models=("small", "small_dcn")), "reproduced"),
    ("C29", warmup(models=("small_dcn", "small")), "contradicted"),  # the simpler does not improve
    ("C29", warmup(models=("large", "small_dcn")), "contradicted"),
    # A fall without a clear step up.
    ("C30", window(dead=(11, 1, 2, 1)), "reproduced"),
    ("C30", window(dead=(11, 1, 11, 1)), "contradicted"),
    ("C30", window(dead=(5, 5, 5, 1)), "inconclusive"),
    ("C30", window(dead=(1, 5, 7, 11)), "contradicted"),
    ("C30", window(dead=(1, 5, 7, 11))[::-1], "contradicted"),
    ("C30", window().query("x in (2, 14)"), "reproduced"),
    ("C30", window(dead=(1, 0, 0, 11)).query("x in (2, 14)"), "contradicted"),
    ("C31", shocks(onsets=(3, None, 14, 20, 26, 22, 5), shock_days=(*DAYS, 4)), "reproduced"),
    ("C31", shocks(onsets=tuple(day - 1 for day in DAYS)), "inconclusive"),  # none, nor by chance
    ("C31", shocks(onsets=(9, 3, 19, 14, 26, 22), shock_days=DAYS), "inconclusive"),
    ("C31", shocks(onsets=(30,) * 4 + (2,) * 4, shock_days=(2,) * 4 + (30,) * 4), "contradicted"),
    ("C31", shocks(off=5), "inconclusive"),
    ("C31", shocks(1, (*ONSETS[:3], *[None] * 9), (*DAYS, *DAYS), off=11), "contradicted"),
    ("C31", shocks(onsets=ONSETS[:3], shock_days=DAYS[:3]), "inconclusive"),  # p = 2/6
    ("C31", shocks(shock_days=(8,) * 6), "inconclusive"),  # one day for all tests nothing
]
PAIRS = [
    ("C18", lambda low, high: table3(two_tasks_removed=low, one_task_removed=high)),
    ("C19", lambda low, high: table3(smaller_model=low, no_dcn=high)),
    ("C32", lambda low, high: objectives(one=low, six=high)),
]
for pair, runs_of in PAIRS:
    CASES += [(pair, runs_of(1, 6), "reproduced"), (pair, runs_of(6, 1), "contradicted")]
    CASES += [(pair, runs_of(*counts), "inconclusive") for counts in [(1, 4), (4, 1), (0, 0)]]


@pytest.mark.parametrize("claim, runs, expected", CASES)
def test_what_decides(claim, runs, expected):
    assert decide(claim, runs).verdict == expected


def test_ratios_are_those_of_full_divergences_whatever_the_numbers_of_runs():
    found = decide("C16", table3())
    assert (found.statistic, found.n) == (1.0, 12)
    assert found.interval == pytest.approx([0.7575, 1.0], abs=1e-4)
    runs = changed(table3(), {"label": "damaged"}, case="one_task_removed")
    found = decide("C17", runs[~(runs["case"].eq("fewer_features") & runs["seed"].ge(9))])
    ratios = dict(zip(DEAD, (1, 0, 1 / 2, 4 / 9, 0, 0), strict=True))
    falls = {f"clean - {case}": 1 - ratio for case, ratio in ratios.items() if case != "clean"}
    assert (found.statistic, found.n) == (pytest.approx(ratios | falls), 69)
    assert list(decide("C29", warmup(models=("large", "small_dcn"))).statistic) == [
        *(f"{model} {days} days" for model in ("small_dcn", "large") for days in (100, 1000)),
        "fall on small_dcn",
        "fall on small_dcn - on large",
        "rise on large",
    ]
    found = decide("C29", warmup())
    assert found.statistic["fall on small_dcn - on large"] == pytest.approx((10 - 1) / 12)
    assert found.statistic["rise on large"] == pytest.approx(-1 / 12)
    found = decide("C30", window()[::-1]).statistic
    assert list(found.values())[:4] == pytest.approx([11 / 12, 7 / 12, 7 / 12, 1 / 12])
    assert found["2 days - 14 days"] == pytest.approx(10 / 12)


def test_ratios_are_pooled_over_data_seeds_and_corrected_within_a_claim():
    """25 of 30 against 2 of 15, both of two data seeds."""
    runs = joined([objectives(1, one=2, six=12), objectives(2, one=0, six=12)])
    runs = changed(runs, {"label": labels(13, 24)}, case="six_tasks")
    low, high = statistics.proportions([(13, 24)], [(2, 24)])[1:]
    assert decide("C32", runs).interval["six_tasks - one_task"] == pytest.approx([low, high])
    # The largest of five falls has alpha / 5, the smallest alpha / 1.
    found = decide("C17", table3(two_tasks_removed=1)).interval
    for case, left in (("smaller_model", 5), ("two_tasks_removed", 4), ("no_dcn", 1)):
        theirs = (DEAD | {"two_tasks_removed": 1})[case]
        expected = statistics.proportions([(12, 12)], [(theirs, 12)], 0.05 / left)[1:]
        assert found[f"clean - {case}"] == pytest.approx(list(expected)), case


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


def test_the_figures_of_onsets_and_that_few_decide_nothing():
    found = decide("C31", shocks(onsets=(3, None, 14, 20, 26, 22)))
    assert list(found.statistic) == ["ratio on", "ratio off", "on - off", "followed - by chance"]
    assert (found.statistic["ratio on"], found.n) == (pytest.approx(5 / 6), 12)
    assert found.statistic["on - off"] == pytest.approx(5 / 6)
    # Each of the five shocks is followed by its own onset, the last one aside, and by no other.
    assert found.statistic["followed - by chance"] == pytest.approx(4 / 5 - 4 / 5 / 5, abs=0.01)
    assert "0.8 of 5 onsets follow a shock, 0.16" in found.reason
    two = decide("C31", shocks(onsets=(3, 9, None, None), shock_days=DAYS[:4]))
    assert (two.verdict, set(two.statistic)) == ("inconclusive", {"ratio on", "ratio off"})
    assert two.reason.endswith("fewer than 3 onsets")


@pytest.mark.parametrize("times, above", [(0.5, 1), (1, 1), (2, 1), (1, np.nan)])
def test_descent_must_obey_the_edge_and_what_is_no_number_has_grown(monkeypatch, times, above):
    honest, edge = quadratic.descend, quadratic.edge()
    monkeypatch.setattr(
        quadratic,
        "descend",
        lambda rate, *where: honest(times * rate, *where) * (1 if rate < edge else above),
    )
    found = decide("C28", None)
    assert found.verdict == ("reproduced" if times == 1 else "contradicted")
    assert (found.statistic["1.1 * 2/alpha"] is None) == np.isnan(above)

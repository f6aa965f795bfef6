"""Rules on divergence ratios, shocks and descent on a quadratic, each way."""

import numpy as np
import pytest

from experiments.findings import quadratic
from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.published import TABLE3
from experiments.findings.testing import changed, decide, objectives, shocks, table3, warmup, window

CHANGES = tuple(TABLE3)[1:]
LOW = dict.fromkeys(CHANGES, 1) | {"clean": 2}  # 2/5 against 1/3
ONSETS, DAYS = (3, 9, 14, 20, 26, 22), (2, 8, 13, 19, 25, 5)

CASES = [
    ("C16", table3(clean=4), "contradicted"),
    ("C17", table3(**LOW), "reproduced"),
    *(("C17", table3(**{case: 3}), "contradicted") for case in CHANGES),
    *(("C17", table3(**LOW | {case: 2}), "contradicted") for case in CHANGES),
    # The longest warmup against the shortest.
    ("C29", warmup(simple=(4, 2, 3), complex_=(4, 5, 4)), "reproduced"),
    ("C29", warmup(simple=(4, 4, 3), complex_=(2, 2, 5)), "reproduced"),
    ("C29", warmup(simple=(3, 0, 3), complex_=(4, 4, 4)), "contradicted"),
    ("C29", warmup(simple=(3, 0, 4), complex_=(4, 4, 4)), "contradicted"),
    ("C29", warmup(simple=(4, 2, 1), complex_=(4, 5, 3)), "contradicted"),
    ("C29", warmup(simple=(0, 2, 1), complex_=(4, 5, 4)), "inconclusive"),
    ("C29", warmup(simple=(4, 2, 1), complex_=(0, 5, 4)), "inconclusive"),
    ("C29", warmup(models=("small", "small_dcn")), "reproduced"),
    ("C29", warmup(models=("small_dcn", "small")), "contradicted"),  # the simpler does not improve
    ("C29", warmup(models=("large", "small_dcn")), "contradicted"),
    # A fall without a step up.
    ("C30", window(dead=(2, 2, 2, 1)), "reproduced"),
    ("C30", window(dead=(3, 1, 1, 3)), "contradicted"),
    ("C30", window(dead=(3, 1, 1, 4)), "contradicted"),
    ("C30", window(dead=(5, 1, 2, 1)), "inconclusive"),
    ("C30", window(dead=(0, 0, 0, 0)), "inconclusive"),
    ("C30", window(dead=(0, 1, 1, 2))[::-1], "inconclusive"),
    ("C31", shocks(onsets=(3, None, 14, 20, 26, None)), "reproduced"),  # what lived has no onset
    ("C31", shocks(onsets=tuple(day - 1 for day in DAYS)), "contradicted"),
    ("C31", shocks(onsets=(3, 9, 14, 20), shock_days=(19, 2, 8, 13)), "contradicted"),
    ("C31", shocks(off=5), "reproduced"),
    ("C31", shocks(off=6), "contradicted"),
    ("C31", shocks(onsets=ONSETS[:3], shock_days=DAYS[:3]), "inconclusive"),  # p = 1/6
    ("C31", shocks(shock_days=(8,) * 6), "inconclusive"),  # one day for all tests nothing
]
PAIRS = [
    ("C18", lambda low, high: table3(two_tasks_removed=low, one_task_removed=high)),
    ("C19", lambda low, high: table3(smaller_model=low, no_dcn=high)),
    ("C32", lambda low, high: objectives(one=low, six=high)),
]
for pair, runs_of in PAIRS:
    CASES += [(pair, runs_of(1, 2), "reproduced"), (pair, runs_of(2, 1), "contradicted")]
    CASES += [(pair, runs_of(2, 2), "inconclusive"), (pair, runs_of(0, 0), "inconclusive")]


@pytest.mark.parametrize("claim, runs, expected", CASES)
def test_what_decides(claim, runs, expected):
    assert decide(claim, runs).verdict == expected


def test_ratios_are_those_of_full_divergences_whatever_the_numbers_of_runs():
    found = decide("C16", table3())
    assert (found.statistic, found.n) == (1.0, 5)
    assert found.interval == pytest.approx([0.5655, 1.0], abs=1e-4)
    found = decide("C17", changed(table3(), {"label": "damaged"}, case="two_tasks_removed"))
    ratios = dict(zip(("clean", *CHANGES), (1, 1 / 3, 2 / 3, 2 / 3, 2 / 3, 0), strict=True))
    assert (found.statistic, found.n) == (pytest.approx(ratios), 20)
    runs = objectives(one=2, six=2)  # of 5 each
    found = decide("C32", runs[~(runs["case"].eq("six_tasks") & runs["seed"].eq(4))])
    assert (found.verdict, found.n) == ("reproduced", 9)  # 2/5 against 2/4
    assert list(decide("C29", warmup(models=("large", "small_dcn"))).statistic) == [
        f"{model} {days} days" for model in ("small_dcn", "large") for days in (100, 1000)
    ]
    found = decide("C30", window()[::-1])
    assert found.statistic == {"2 days": 1, "4 days": 0.6, "7 days": 0.6, "14 days": 0.2}


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
    found = decide("C31", shocks(onsets=(3, None, 14, 20, 26, None)))
    assert (found.statistic["followed"], found.statistic["ratio off"]) == (1, 0)
    assert found.statistic["ratio on"] == pytest.approx(4 / 6)
    assert found.statistic["p"] == pytest.approx(1 / 24, abs=0.01)  # one order of 4!
    assert (found.n, found.interval["p"]) == (12, None)
    two = decide("C31", shocks(onsets=(3, 9, None, None), shock_days=DAYS[:4]))
    assert (two.verdict, set(two.statistic)) == ("inconclusive", {"ratio on", "ratio off"})
    assert two.reason.startswith("fewer than 3 onsets")


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

"""Rules on divergence ratios, each way."""

import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.published import TABLE3
from experiments.findings.testing import (
    changed,
    decide,
    objectives,
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

"""The rule on shocks, each way."""

import itertools

import numpy as np
import pytest

from experiments.findings.testing import decide, joined, shocks, verdict

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

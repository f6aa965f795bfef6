"""The rules on what happens inside a divergence, each way."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import quadratic, statistics
from experiments.findings.claims.curvature import descent_has_an_edge
from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.claims.runs_test import SENSITIVITY, changed, decide, divergences, verdict
from experiments.findings.dynamics import CLASSIFICATION, LAYERS, REGRESSION

TOP, BOTTOM = "top_hidden", "bottom_hidden"


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "RESAMPLES", 500)
        yield


def severe(**values):
    return changed(divergences(), values, case="severe")


def of_layer(layer, **values):
    return severe(**{f"{layer}/{name}": value for name, value in values.items()})


def test_one_divergence_that_shows_all_three_is_enough():
    found = decide("C20", severe(chance_from_c=[0, 0, 1, 0, 0, 0]))
    assert (found.verdict, found.n) == ("reproduced", 6)
    assert found.statistic == pytest.approx(1 / 6)
    for part in ("healthy_at_a", "auc_falls_at_b", "chance_from_c"):
        assert verdict("C20", severe(**{part: 0})) == "contradicted"
    # All three in one run, not one in each of three.
    scattered = severe(healthy_at_a=[1, 0, 1, 0, 1, 0], chance_from_c=[0, 1, 0, 1, 0, 1])
    assert verdict("C20", scattered) == "contradicted"


@pytest.mark.parametrize("claim", ["C20", "C21", "C22", "C23", "C24", "C25"])
def test_few_divergences_decide_nothing_about_a_typical_one(claim):
    few = severe(label=["full"] * 4 + ["micro"] * 2, chance_from_c=0)
    found = decide(claim, few)
    assert (found.verdict, found.n) == ("inconclusive", 4)
    none = decide(claim, severe(step_b=np.nan))
    assert (none.verdict, none.n) == ("inconclusive", 0)


@pytest.mark.parametrize("claim", ["C20", "C21", "C22", "C23", "C24", "C25", "C26"])
def test_without_telemetry_nothing_is_decided(claim):
    runs = divergences().assign(**{f"{TOP}/sigma_mean": np.nan})
    with pytest.raises(MissingRuns, match="no telemetry"):
        decide(claim, runs)
    with pytest.raises(MissingRuns, match="0 runs of divergences"):
        decide(claim, runs[~runs["case"].isin(["severe", "clippy"])])


def test_a_gradient_that_is_not_large_at_b_or_not_tiny_at_c_contradicts():
    found = decide("C21", divergences())
    assert found.statistic["norm(b)"] == pytest.approx(10, rel=0.1)
    assert found.statistic["norm(c)"] == pytest.approx(0.05, rel=0.1)
    wiggle = np.array([0.9, 1.0, 1.1, 1.0, 0.95, 1.05])
    assert verdict("C21", of_layer(TOP, grad_norm_b=2 * wiggle)) == "contradicted"
    assert verdict("C21", of_layer(TOP, grad_norm_c=0.5 * wiggle)) == "contradicted"
    assert verdict("C21", of_layer(TOP, grad_norm_c=[0.01, 9, 0.01, 9, 0.01, 9])) == "inconclusive"
    assert verdict("C21", of_layer(TOP, grad_norm_c=0)) == "reproduced"  # a dead network
    assert verdict("C21", of_layer(BOTTOM, grad_norm_b=1.0)) == "reproduced"
    assert verdict("C21", of_layer(TOP, grad_norm_after_c=9.0)) == "reproduced"


def test_the_order_of_the_rises_decides():
    found = decide("C22", divergences())
    assert found.statistic["update/weight over grad/weight"] == pytest.approx(40 / 6)
    assert found.statistic["grad/weight over grad"] == pytest.approx(6 / 5)
    for wrong in ("grad_norm", "grad_over_weight"):
        runs = of_layer(TOP, **{f"{wrong}_rise": 41.0 * np.linspace(0.99, 1.3, 6)})
        assert verdict("C22", runs) == "contradicted"
    tied = SENSITIVITY["grad_norm"] * np.array([0.8, 1.2, 0.8, 1.2, 0.8, 1.2])
    runs = of_layer(TOP, grad_norm_rise=5.0, grad_over_weight_rise=tied)
    assert verdict("C22", runs) == "inconclusive"


def test_clippy_must_be_ten_times_below_both():
    found = decide("C23", divergences())
    assert found.statistic == pytest.approx(
        {"gc / clippy, top_hidden": 200, "agc / clippy, top_hidden": 100}
    )
    for method in ("gc", "agc"):
        assert verdict("C23", of_layer(TOP, **{f"sigma_{method}_b": 5e-4})) == "contradicted"
    assert verdict("C23", of_layer(TOP, sigma_clippy_eq4_b=0.5)) == "contradicted"
    runs = of_layer(TOP, sigma_agc_b=[9e-4, 2e-3, 9e-4, 2e-3, 9e-4, 2e-3])
    assert verdict("C23", runs) == "inconclusive"


def test_both_other_layers_must_behave_as_the_top_one():
    assert verdict("C25", of_layer(TOP, sigma_gc_b=1e-9)) == "reproduced"
    for layer in (BOTTOM, REGRESSION):
        assert verdict("C25", of_layer(layer, sigma_gc_b=1e-9)) == "contradicted"
    assert len(decide("C25", divergences()).statistic) == 4


def test_most_divergences_must_leave_the_classification_to_clippy():
    found = decide("C24", divergences())
    assert found.statistic["all three"] == 1
    for change in ({"sigma_gc_b": 0.9}, {"sigma_agc_b": 0.9}, {"sigma_clippy_eq4_b": 1.0}):
        assert verdict("C24", of_layer(CLASSIFICATION, **change)) == "contradicted"
    half = of_layer(CLASSIFICATION, sigma_agc_b=[1, 0.9, 1, 0.9, 1, 0.9])
    assert verdict("C24", half) == "inconclusive"


def test_factors_must_rise_from_layer_to_layer():
    found = decide("C26", divergences())
    assert found.statistic[TOP] == pytest.approx(0.2, rel=0.05)
    assert found.statistic[f"{TOP} - cross"] == pytest.approx(0.15, rel=0.05)
    lows = {LAYERS[0]: 0.9, BOTTOM: 0.9, CLASSIFICATION: 0.01, REGRESSION: 0.01}
    for layer, mean in lows.items():
        runs = changed(divergences(), {f"{layer}/sigma_mean": mean}, case="clippy")
        assert verdict("C26", runs) == "contradicted"
    mixed = np.array([0.1, 0.3, 0.1, 0.3, 0.1, 0.3])
    runs = changed(divergences(), {"cross/sigma_mean": mixed}, case="clippy")
    assert verdict("C26", runs) == "inconclusive"


def test_a_full_divergence_that_comes_back_contradicts():
    found = decide("C27", divergences())
    assert found.statistic == {"micro as good": 1, "full as good": 0}
    back = changed(divergences(), {"auc": [0.5, 0.5, 0.73, 0.5, 0.5, 0.5]}, case="severe")
    assert verdict("C27", back) == "contradicted"
    # Judged by how long it was gone, so that what came back counts whatever its label says.
    relabelled = changed(back, {"label": "micro"}, case="severe")
    assert verdict("C27", relabelled) == "contradicted"


def test_micro_divergences_that_never_come_back_contradict():
    lost = changed(divergences(), {"auc": 0.68}, case="mild")
    assert verdict("C27", lost) == "contradicted"
    one = changed(divergences(), {"auc": [0.68] * 5 + [0.71]}, case="mild")
    assert verdict("C27", one) == "reproduced"
    assert decide("C27", one).statistic["micro as good"] == pytest.approx(1 / 6)
    few = changed(lost, {"label": ["micro"] * 4 + ["damaged"] * 2}, case="mild")
    assert verdict("C27", few) == "inconclusive"
    none = changed(divergences(), {"days_at_chance": 1}, case="severe")
    assert verdict("C27", none) == "inconclusive"


def test_pairs_are_of_one_seed_and_undefined_is_not_as_good():
    runs = divergences()
    runs.loc[runs["case"] == "severe", "auc"] = np.nan
    assert verdict("C27", runs) == "reproduced"
    calm = changed(divergences(), {"auc": [0.9, 0.72, 0.72, 0.72, 0.72, 0.72]}, case="undisturbed")
    assert decide("C27", calm).statistic["micro as good"] == pytest.approx(5 / 6)


def test_pooled_intervals_hold_the_spread_between_data_seeds():
    far = changed(divergences(2), {f"{TOP}/grad_norm_b": 1.0}, case="severe")
    runs = pd.concat([divergences(1), far, divergences(3)], ignore_index=True)
    found = decide("C21", runs)
    assert found.n == 18
    low, high = found.interval["norm(b)"]
    assert low < 3 < high
    assert found.verdict == "inconclusive"


def test_descent_that_does_not_obey_the_edge_contradicts():
    assert descent_has_an_edge(None).verdict == "reproduced"

    def tame(rate, *where):
        return quadratic.descend(0.5 * rate, *where)

    def wild(rate, *where):
        return quadratic.descend(2 * rate, *where)

    assert descent_has_an_edge(None, descend=tame).verdict == "contradicted"
    assert descent_has_an_edge(None, descend=wild).verdict == "contradicted"


def test_descent_that_ends_in_no_number_has_grown():
    def overflow(rate, eigenvalues, start, steps):
        points = quadratic.descend(rate, eigenvalues, start, steps)
        return points if rate < quadratic.edge() else np.full_like(points, np.nan)

    found = descent_has_an_edge(None, descend=overflow)
    assert found.statistic == {
        "0.9 * 2/alpha": pytest.approx(3.7e-6, rel=0.1),
        "1.1 * 2/alpha": None,
    }

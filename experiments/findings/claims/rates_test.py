"""Rules on rates and divergence, each way."""

import numpy as np
import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.claims.runs_test import (
    NOISE,
    changed,
    decide,
    shifted,
    table2,
    verdict,
    where,
)


@pytest.fixture(scope="module")
def runs():
    return table2()


def cell(model, method, rate):
    return {"model": model, "method": method, "rate_multiple": rate}


NAIVE = cell("large", "naive", 2.0)
MIXED = ["full", "micro", "full", "damaged", "full"]


def test_c01_counts_every_run_of_six_cells(runs):
    found = decide("C01", runs)
    assert (found.verdict, found.statistic, found.n) == ("reproduced", 1.0, 30)
    assert set(found.run_ids) == set(runs.loc[runs["method"] == "naive", "run_id"])


def test_c01_counts_recovered_runs_where_gc_is_clearly_better(runs):
    hurt = changed(runs, {"label": MIXED, "auc": [0.5, 0.68, 0.5, 0.66, 0.5]}, **NAIVE)
    found = decide("C01", hurt)
    assert (found.verdict, found.statistic, found.n) == ("reproduced", 1.0, 35)
    assert set(found.run_ids) > set(runs.loc[where(runs, **cell("large", "gc", 2.0)), "run_id"])


def test_c01_is_open_where_recovered_runs_are_not_clearly_worse(runs):
    auc = [0.76, 0.72, 0.71, 0.70, 0.71]  # GC: 0.73
    found = decide("C01", changed(runs, {"label": MIXED, "auc": auc}, **NAIVE))
    assert (found.verdict, found.statistic) == ("inconclusive", pytest.approx(28 / 30))


def test_c01_fails_where_recovered_runs_are_as_good(runs):
    for auc in (0.74, 0.731 + 0.01 * NOISE):  # clearly better than GC, and in the mean alone
        found = decide("C01", changed(runs, {"label": MIXED, "auc": auc}, **NAIVE))
        assert (found.verdict, found.statistic) == ("contradicted", pytest.approx(28 / 30))


@pytest.mark.parametrize("label", ["healthy", "untrained"])
def test_c01_fails_with_a_run_that_did_not_diverge(runs, label):
    labels = ["full", "full", label, "full", "full"]
    found = decide("C01", changed(runs, {"label": labels}, **NAIVE))
    assert (found.verdict, found.statistic) == ("contradicted", pytest.approx(29 / 30))
    assert "29 of 30" in found.reason
    # A recovered run beside it, clearly worse than GC, does not help.
    labels[0] = "micro"
    assert verdict("C01", changed(runs, {"label": labels}, **NAIVE)) == "contradicted"


SURVIVAL = [("C02", "gc", "large", 2.0), ("C06", "lamb", "large_dcn", 1.0)]
SURVIVAL += [("C08", "clippy", "large_dcn", 2.0), ("C08", "clippy", "small", 2.0)]


@pytest.mark.parametrize("claim, method, model, best", SURVIVAL)
def test_a_best_rate_that_diverges_contradicts(runs, claim, method, model, best):
    dead = {"label": ["healthy", "full", "healthy", "healthy", "healthy"]}
    other = 3.0 - best
    assert verdict(claim, changed(runs, dead, **cell(model, method, best))) == "contradicted"
    assert verdict(claim, changed(runs, dead, **cell(model, method, other))) == "reproduced"
    hurt = {"label": "damaged"}
    assert verdict(claim, changed(runs, hurt, **cell(model, method, best))) == "reproduced"


@pytest.mark.parametrize("claim, method, model, best", SURVIVAL)
def test_a_best_rate_that_is_worse(runs, claim, method, model, best):
    place = cell(model, method, best)
    other = runs.loc[where(runs, **cell(model, method, 3.0 - best)), "auc"].to_numpy()
    assert verdict(claim, changed(runs, {"auc": other - 0.001}, **place)) == "contradicted"
    unclear = other - 0.001 + 0.01 * NOISE
    found = decide(claim, changed(runs, {"auc": unclear}, **place))
    assert found.verdict == "inconclusive"
    assert found.statistic[model] == pytest.approx(-0.001)
    low, high = found.interval[model]
    assert low < 0 < high
    # A better mean is enough where it is not clear.
    assert verdict(claim, changed(runs, {"auc": unclear + 0.002}, **place)) == "reproduced"


def test_c02_leaves_the_third_model_out(runs):
    worse = shifted(runs, "auc", -0.1, **cell("large_dcn", "gc", 2.0))
    found = decide("C02", worse)
    assert (found.verdict, found.n, set(found.statistic)) == ("reproduced", 20, {"small", "large"})
    assert set(decide("C08", runs).statistic) == {"small", "large", "large_dcn"}


def test_c03_needs_a_divergence_or_a_loss_at_2x(runs):
    place = cell("large_dcn", "gc", 2.0)
    slow = runs.loc[where(runs, **cell("large_dcn", "gc", 1.0)), "auc"].to_numpy()
    better = changed(runs, {"auc": slow + 0.002}, **place)
    assert verdict("C03", better) == "contradicted"
    for by in (-0.001, 0.001):
        unclear = changed(runs, {"auc": slow + by + 0.01 * NOISE}, **place)
        assert verdict("C03", unclear) == "inconclusive"
    one_dead = changed(better, {"label": ["full", *["healthy"] * 4]}, **place)
    assert verdict("C03", one_dead) == "reproduced"
    micro = changed(better, {"label": "micro"}, **place)
    assert verdict("C03", micro) == "contradicted"


def test_c03_takes_an_undefined_auc_as_chance(runs):
    place = cell("large_dcn", "gc", 2.0)
    found = decide("C03", changed(runs, {"auc": np.nan}, **place))
    slow = runs.loc[where(runs, **cell("large_dcn", "gc", 1.0)), "auc"]
    assert found.statistic == pytest.approx(0.5 - slow.mean())


@pytest.mark.parametrize("model", ["small", "large"])
def test_c04_needs_a_clear_loss_on_both(runs, model):
    slow = runs.loc[where(runs, **cell(model, "agc", 1.0)), "auc"].to_numpy()
    place = cell(model, "agc", 2.0)
    assert verdict("C04", changed(runs, {"auc": slow + 0.001}, **place)) == "contradicted"
    unclear = slow - 0.001 + 0.01 * NOISE
    assert verdict("C04", changed(runs, {"auc": unclear}, **place)) == "inconclusive"


@pytest.mark.parametrize("claim", ["C01", "C02", "C03", "C04", "C06", "C08"])
def test_a_cell_with_two_runs_is_not_enough(runs, claim):
    method = {"C01": "naive", "C06": "lamb", "C08": "clippy", "C04": "agc"}.get(claim, "gc")
    model = "large_dcn" if claim == "C03" else "small"
    few = runs[~(where(runs, **cell(model, method, 1.0)) & (runs["seed"] > 1))]
    with pytest.raises(MissingRuns, match=f"model={model}, method={method}, rate_multiple=1"):
        decide(claim, few)

"""Rules on final quality, each way."""

import numpy as np
import pytest

from experiments.findings.testing import (
    NOISE,
    changed,
    decide,
    labels,
    shifted,
    table2,
    verdict,
    where,
)

RUNS = table2()
DEAD = {"label": labels(1)}
UNCLEAR = 0.02  # noise in which a difference of 0.001 is not clear


def cell(model, method):
    """The chosen cell, which Table 2 prints."""
    return {"model": model, "method": method, "chosen": True}


def level(metric, model, method, rival, by=0.0, noise=0.0):
    """The runs, but a chosen cell differs from another by an amount and paired noise."""
    values = RUNS.loc[where(RUNS, **cell(model, rival)), metric].to_numpy()
    return changed(RUNS, {metric: values + by + noise * NOISE}, **cell(model, method))


@pytest.mark.parametrize("model", ["large", "large_dcn"])
@pytest.mark.parametrize("metric", ["early_auc", "auc"])
def test_c07_fails_where_lamb_is_clearly_above_one(model, metric):
    found = decide("C07", level(metric, model, "lamb", "agc", by=1e-3))
    assert (found.verdict, found.reason.count("lamb - ")) == ("contradicted", 1)
    assert found.statistic[f"{model} {metric}: lamb - agc"] == pytest.approx(1e-3)
    assert len(found.statistic) == 12


@pytest.mark.parametrize("metric", ["early_auc", "auc"])
def test_c07_is_open_where_lamb_is_not_the_lowest(metric):
    assert verdict("C07", level(metric, "large", "lamb", "gc", 1e-3, UNCLEAR)) == "inconclusive"
    barely = level(metric, "large", "lamb", "agc", -1e-3, UNCLEAR)
    for rival in ("gc", "clippy"):  # so that AGC is the next one up
        barely = shifted(barely, metric, 0.1, **cell("large", rival))
    assert verdict("C07", barely) == "reproduced"


def test_c07_leaves_out_small_and_methods_with_a_full_divergence():
    assert verdict("C07", level("auc", "small", "lamb", "gc", by=0.1)) == "reproduced"
    dead = changed(level("auc", "large", "lamb", "agc", by=1e-3), DEAD, **cell("large", "agc"))
    found = decide("C07", dead)
    assert (found.verdict, len(found.statistic)) == ("reproduced", 10)
    for method in ("gc", "clippy"):
        dead = changed(dead, DEAD, **cell("large", method))
    found = decide("C07", dead)
    assert (found.verdict, len(found.statistic)) == ("inconclusive", 6)
    assert "large early_auc, large auc" in found.reason


@pytest.mark.parametrize("model", ["small", "large"])
def test_c09_fails_where_clippy_is_clearly_below(model):
    assert verdict("C09", level("auc", model, "clippy", "gc", -1e-3)) == "contradicted"
    assert verdict("C09", level("auc", model, "clippy", "gc", -1e-3, UNCLEAR)) == "reproduced"


@pytest.mark.parametrize("metric, worse", [("auc", -1e-3), ("rmse", 1e-3)])
def test_c10_needs_both_metrics(metric, worse):
    place = (metric, "large_dcn", "clippy", "gc")
    assert verdict("C10", level(*place, worse)) == "contradicted"
    assert verdict("C10", level(*place, -worse, UNCLEAR)) == "inconclusive"


def test_c10_is_open_where_an_rmse_is_undefined():
    found = decide("C10", changed(RUNS, {"rmse": np.nan}, **cell("large_dcn", "gc")))
    assert (found.verdict, found.n) == ("inconclusive", 10)
    assert found.statistic["rmse"] is None
    assert found.interval["rmse"] is None


BEATEN = [("C11", "auc", 1e-3, *pair) for pair in [("small", "agc"), ("large_dcn", "lamb")]]
BEATEN += [("C12", "rmse", -1e-3, *pair) for pair in [("small", "lamb"), ("large", "gc")]]


@pytest.mark.parametrize("claim, metric, better, model, rival", BEATEN)
def test_c11_and_c12_fail_where_a_survivor_is_clearly_better(claim, metric, better, model, rival):
    above = level(metric, model, rival, "clippy", better)
    found = decide(claim, above)
    assert found.verdict == "contradicted"
    assert f"{model}: clippy - {rival} {-better:g}" in found.reason
    assert verdict(claim, changed(above, DEAD, **cell(model, rival))) == "reproduced"


TIES = [("C11", "auc", "large", 1e-3, "reproduced"), ("C12", "rmse", "large", -1e-3, "reproduced")]
TIES += [("C12", "rmse", "large_dcn", -1e-3, "reproduced")]
TIES += [("C11", "auc", "large_dcn", -1e-3, "inconclusive")]  # Clippy must be clearly above there


@pytest.mark.parametrize("claim, metric, model, by, expected", TIES)
def test_c11_and_c12_where_another_is_as_good(claim, metric, model, by, expected):
    assert verdict(claim, level(metric, model, "agc", "clippy", by, UNCLEAR)) == expected


@pytest.mark.parametrize("claim", ["C11", "C12"])
def test_a_model_without_another_survivor_decides_nothing(claim):
    runs = RUNS
    for method in ("gc", "agc", "lamb"):
        runs = changed(runs, DEAD, **cell("small", method))
    found = decide(claim, runs)
    assert (found.verdict, len(found.statistic)) == ("inconclusive", 6)
    assert found.reason.endswith("without a full divergence on small")


def test_c12_is_open_where_an_rmse_is_undefined():
    few = {"rmse": [np.nan, np.inf, np.nan, 1.0, 1.0]}
    found = decide("C12", changed(RUNS, few, **cell("large", "clippy")))
    assert found.verdict == "inconclusive"
    assert found.statistic["large: clippy - gc"] is None
    assert found.statistic["small: clippy - gc"] < 0


@pytest.mark.parametrize("model", ["small", "large"])
def test_c13_compares_the_gaps_at_2x(model):
    found = decide("C13", RUNS)
    means = RUNS[RUNS["rate_multiple"] == 2].groupby(["model", "method"])["auc"].mean()
    gap = means[:, "clippy"] - means[:, "gc"]
    assert found.statistic[f"large_dcn - {model}"] == pytest.approx(gap["large_dcn"] - gap[model])
    assert found.n == 30
    gc = {"model": model, "method": "gc", "rate_multiple": 2.0}
    # A gap of 0.025 is larger than that of Large+DCN by about 0.011.
    assert verdict("C13", shifted(RUNS, "auc", -0.024, **gc)) == "contradicted"
    assert verdict("C13", shifted(RUNS, "auc", 0.2 * NOISE, **gc)) == "inconclusive"


@pytest.mark.parametrize("larger, smaller", [("large", "small"), ("large_dcn", "large")])
def test_c14_needs_each_step_up(larger, smaller):
    found = decide("C14", RUNS)
    means = RUNS[where(RUNS, chosen=True, method="clippy")].groupby("model")["auc"].mean()
    expected = means[larger] - means[smaller]
    assert found.statistic[f"{larger} - {smaller}"] == pytest.approx(expected)
    place = cell(larger, "clippy")
    assert verdict("C14", shifted(RUNS, "auc", -expected - 1e-3, **place)) == "contradicted"
    assert verdict("C14", shifted(RUNS, "auc", 0.2 * NOISE, **place)) == "inconclusive"

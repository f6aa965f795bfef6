"""Rules on final quality and on the spread over seeds, each way."""

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


WIDE = np.array([0.71, 0.73, 0.69, 0.75, 0.72])
OTHERS = ("gc", "agc", "lamb")


def at(method, rate):
    return {"model": "large_dcn", "method": method, "rate_multiple": rate}


def as_agc(rate, scale):
    """Clippy's runs vary as AGC's do at that rate, times a scale."""
    agc = RUNS.loc[where(RUNS, **at("agc", rate)), "auc"].to_numpy()
    auc = 0.7 + scale * (agc - agc.mean())
    return changed(RUNS, {"auc": np.roll(auc, 1)}, **at("clippy", rate))


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_c05_holds_each_rate_against_three_times_clippy(rate):
    found = decide("C05", RUNS)
    std = RUNS[where(RUNS, model="large_dcn")].groupby(["method", "rate_multiple"])["auc"].std()
    assert found.statistic[f"{rate:g}x"] == pytest.approx(std["agc", rate] / std["clippy", rate])
    assert found.n == 20
    assert verdict("C05", as_agc(rate, scale=5.0)) == "contradicted"
    near = decide("C05", as_agc(rate, scale=1 / 2.95))
    assert (near.verdict, near.statistic[f"{rate:g}x"]) == ("inconclusive", pytest.approx(2.95))
    assert verdict("C05", as_agc(rate, scale=1 / 3.1)) == "reproduced"


def test_c05_where_clippy_does_not_vary():
    flat = changed(RUNS, {"auc": 0.7}, **at("clippy", 1.0))
    found = decide("C05", flat)
    assert (found.verdict, found.statistic["1x"]) == ("reproduced", None)
    assert found.interval["1x"] == [None, None]
    found = decide("C05", changed(flat, {"auc": 0.7}, **at("agc", 1.0)))
    assert (found.verdict, found.interval["1x"]) == ("inconclusive", None)


def of_all(method, **more):
    return {"method": method, "chosen": True, **more}


def test_c15_pools_the_chosen_cells_of_all_models():
    found = decide("C15", RUNS)
    variances = RUNS[where(RUNS, chosen=True)].groupby(["method", "model"])["auc"].var(ddof=1)
    pooled = np.sqrt(variances.groupby("method").mean())
    expected = {f"{name} / clippy": pooled[name] / pooled["clippy"] for name in OTHERS}
    assert found.statistic == pytest.approx(expected)
    assert found.n == 60


def test_c15_fails_where_another_varies_clearly_less():
    wide = 0.7 + 0.05 * (WIDE - WIDE.mean())
    found = decide("C15", changed(RUNS, {"auc": wide}, **of_all("clippy", model="large")))
    assert found.verdict == "contradicted"
    assert found.interval["gc / clippy"][1] < 1
    assert found.statistic["agc / clippy"] > 1


@pytest.mark.parametrize("scale, expected", [(0.95, "inconclusive"), (1.05, "reproduced")])
def test_c15_where_another_varies_about_as_much(scale, expected):
    runs = RUNS
    for place, model in enumerate(("small", "large", "large_dcn")):
        auc = runs.loc[where(runs, **of_all("clippy", model=model)), "auc"].to_numpy()
        near = 0.7 + scale * np.roll(auc - auc.mean(), place + 1)
        runs = changed(runs, {"auc": near}, **of_all("lamb", model=model))
    found = decide("C15", runs)
    assert (found.verdict, found.statistic["lamb / clippy"]) == (expected, pytest.approx(scale))
    low, high = found.interval["lamb / clippy"]
    assert low < 1 < high


def test_c15_keeps_methods_with_a_full_divergence():
    dead = {"label": ["full", *["healthy"] * 4], "auc": [np.nan, 0.71, 0.71, 0.71, 0.71]}
    found = decide("C15", changed(RUNS, dead, **of_all("gc", model="small")))
    assert (found.verdict, found.n) == ("reproduced", 60)
    assert found.statistic["gc / clippy"] > 100
    # Of Clippy too: a divergence is the largest spread of all.
    assert verdict("C15", changed(RUNS, dead, **of_all("clippy", model="small"))) != "reproduced"

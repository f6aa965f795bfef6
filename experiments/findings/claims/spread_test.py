"""Rules on the spread over seeds, each way."""

import numpy as np
import pytest

from experiments.findings.testing import changed, decide, table2, verdict, where

RUNS = table2()
WIDE = np.array([0.71, 0.73, 0.69, 0.75, 0.72])
OTHERS = ("gc", "agc", "lamb")


def cell(method, rate):
    return {"model": "large_dcn", "method": method, "rate_multiple": rate}


def as_agc(rate, scale):
    """Clippy's runs vary as AGC's do at that rate, times a scale."""
    agc = RUNS.loc[where(RUNS, **cell("agc", rate)), "auc"].to_numpy()
    auc = 0.7 + scale * (agc - agc.mean())
    return changed(RUNS, {"auc": np.roll(auc, 1)}, **cell("clippy", rate))


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
    flat = changed(RUNS, {"auc": 0.7}, **cell("clippy", 1.0))
    found = decide("C05", flat)
    assert (found.verdict, found.statistic["1x"]) == ("reproduced", None)
    assert found.interval["1x"] == [None, None]
    found = decide("C05", changed(flat, {"auc": 0.7}, **cell("agc", 1.0)))
    assert (found.verdict, found.interval["1x"]) == ("inconclusive", None)


def chosen(method, **more):
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
    found = decide("C15", changed(RUNS, {"auc": wide}, **chosen("clippy", model="large")))
    assert found.verdict == "contradicted"
    assert found.interval["gc / clippy"][1] < 1
    assert found.statistic["agc / clippy"] > 1


@pytest.mark.parametrize("scale, expected", [(0.95, "inconclusive"), (1.05, "reproduced")])
def test_c15_where_another_varies_about_as_much(scale, expected):
    runs = RUNS
    for place, model in enumerate(("small", "large", "large_dcn")):
        auc = runs.loc[where(runs, **chosen("clippy", model=model)), "auc"].to_numpy()
        near = 0.7 + scale * np.roll(auc - auc.mean(), place + 1)
        runs = changed(runs, {"auc": near}, **chosen("lamb", model=model))
    found = decide("C15", runs)
    assert (found.verdict, found.statistic["lamb / clippy"]) == (expected, pytest.approx(scale))
    low, high = found.interval["lamb / clippy"]
    assert low < 1 < high


def test_c15_keeps_methods_with_a_full_divergence():
    dead = {"label": ["full", *["healthy"] * 4], "auc": [np.nan, 0.71, 0.71, 0.71, 0.71]}
    found = decide("C15", changed(RUNS, dead, **chosen("gc", model="small")))
    assert (found.verdict, found.n) == ("reproduced", 60)
    assert found.statistic["gc / clippy"] > 100
    # Of Clippy too: a divergence is the largest spread of all.
    assert verdict("C15", changed(RUNS, dead, **chosen("clippy", model="small"))) != "reproduced"

"""Rules on final quality and on the spread over seeds, each way."""

from itertools import pairwise

import numpy as np
import pytest

from experiments.findings.published import TREATED
from experiments.findings.testing import NOISE, changed, decide, labels, shifted, table2, where

RUNS = table2()
SPREAD = {"auc": 0.7 + 1.6e-3 * NOISE}  # more than GC's, less than AGC's
UNCLEAR = 0.02  # noise in which a difference of 0.001 is not clear
MODELS = ("small", "large", "large_dcn")


def cell(model, method):
    """The chosen cell, which Table 2 prints."""
    return {"model": model, "method": method, "chosen": True}


def at(method, rate, model="large_dcn"):
    return {"model": model, "method": method, "rate_multiple": rate}


def level(metric, model, method, rival, by=0.0, noise=0.0):
    """The runs, but a chosen cell differs from another by an amount and paired noise."""
    values = RUNS.loc[where(RUNS, **cell(model, rival)), metric].to_numpy()
    return changed(RUNS, {metric: values + by + noise * NOISE}, **cell(model, method))


def dead(runs, model, *methods, n=1):
    """So many of the five runs of these methods have fully diverged."""
    for method in methods:
        runs = changed(runs, {"label": labels(n)}, **cell(model, method))
    return runs


def barely_lowest(metric):
    """LAMB is below AGC, the next one up, but not clearly."""
    runs = level(metric, "large", "lamb", "agc", -1e-3, UNCLEAR)
    for rival in ("gc", "clippy"):
        runs = shifted(runs, metric, 0.1, **cell("large", rival))
    return runs


def as_agc(rate, scale):
    """Clippy's runs vary as AGC's do at that rate, times a scale."""
    agc = RUNS.loc[where(RUNS, **at("agc", rate)), "auc"].to_numpy()
    auc = 0.7 + scale * (agc - agc.mean())
    return changed(RUNS, {"auc": np.roll(auc, 1)}, **at("clippy", rate))


def lamb_as_clippy(scale):
    """LAMB's runs vary as Clippy's do, times a scale."""
    runs = RUNS
    for place, model in enumerate(MODELS):
        auc = runs.loc[where(runs, **cell(model, "clippy")), "auc"].to_numpy()
        near = 0.7 + scale * np.roll(auc - auc.mean(), place + 1)
        runs = changed(runs, {"auc": near}, **cell(model, "lamb"))
    return runs


DCN = "large_dcn"
CASES = [
    ("C07", level("auc", "small", "lamb", "gc", by=0.1), "reproduced"),  # Small does not count
    ("C07", dead(level("auc", "large", "lamb", "agc", by=1e-3), "large", "agc"), "reproduced"),
    ("C07", dead(RUNS, "large", "lamb"), "inconclusive"),
    ("C11", dead(RUNS, "large", "clippy"), "inconclusive"),
    ("C12", dead(RUNS, "small", "clippy"), "inconclusive"),
    ("C05", dead(RUNS, DCN, "agc", n=3), "inconclusive"),
    ("C09", dead(RUNS, "small", "clippy", n=3), "contradicted"),
    ("C09", level("auc", DCN, "clippy", "gc", by=-0.1), "reproduced"),  # nor Large+DCN here
    ("C10", level("auc", DCN, "clippy", "gc", -1e-3), "contradicted"),
    ("C10", level("rmse", DCN, "clippy", "gc", 1e-3), "contradicted"),
    ("C10", level("auc", DCN, "clippy", "gc", 1e-3, UNCLEAR), "inconclusive"),
    ("C10", level("rmse", DCN, "clippy", "gc", -1e-3, UNCLEAR), "inconclusive"),
    # No tie will do there: Clippy must be clearly above.
    ("C11", level("auc", DCN, "lamb", "clippy", 1e-3), "contradicted"),
    ("C11", level("auc", DCN, "agc", "clippy", -1e-3, UNCLEAR), "inconclusive"),
    # A gap of 0.025 is larger than that of Large+DCN by about 0.011.
    ("C13", shifted(RUNS, "auc", -0.024, **at("gc", 2.0, "small")), "contradicted"),
    ("C13", shifted(RUNS, "auc", -0.024, **at("gc", 2.0, "large")), "contradicted"),
    ("C13", shifted(RUNS, "auc", 0.2 * NOISE, **at("gc", 2.0, "small")), "inconclusive"),
    ("C14", level("auc", "large", "clippy", "clippy", -0.0065), "contradicted"),
    ("C14", level("auc", DCN, "clippy", "clippy", -0.0035), "contradicted"),
    ("C14", shifted(RUNS, "auc", 0.2 * NOISE, **cell("large", "clippy")), "inconclusive"),
    ("C15", lamb_as_clippy(0.4), "contradicted"),
    ("C15", lamb_as_clippy(0.95), "inconclusive"),
    ("C15", lamb_as_clippy(1.05), "inconclusive"),
    ("C15", lamb_as_clippy(2.5), "reproduced"),
    ("C15", changed(RUNS, SPREAD, **cell("large", "clippy")), "contradicted"),
]
# Clippy less a rival, by claim and metric: worse than 0 by a part of what a tie may be.
for claim, metric, model, rival in [
    ("C09", "auc", "small", "gc"),
    ("C09", "auc", "large", "gc"),
    ("C11", "auc", "small", "agc"),
    ("C11", "auc", "large", "lamb"),
    ("C12", "rmse", "small", "lamb"),
    ("C12", "rmse", "large", "gc"),
    ("C12", "rmse", DCN, "agc"),
]:
    tie = {"auc": -0.005, "rmse": 0.01}[metric]
    for part, noise, expected in [
        (0.2, 1e-4, "reproduced"),  # worse, but tied
        (0.8, 0.01, "reproduced"),
        (0.8, 0.5, "inconclusive"),  # worse, but perhaps tied
        (1.1, 1e-4, "contradicted"),
        (0.2, 2.0, "inconclusive"),
        (-0.2, 2.0, "inconclusive"),  # better, but not surely above a tie
        (-4.0, 2.0, "reproduced"),
    ]:
        beside = level(metric, model, rival, "clippy", -part * tie, noise * tie)
        CASES += [(claim, beside, expected)]
        if claim != "C09":
            CASES += [(claim, dead(beside, model, rival, n=2), expected)]
            CASES += [(claim, dead(beside, model, rival, n=3), "reproduced")]
for metric in ("early_auc", "auc"):
    CASES += [
        ("C07", level(metric, "large", "lamb", "agc", by=1e-3), "contradicted"),
        ("C07", level(metric, DCN, "lamb", "agc", by=1e-3), "contradicted"),
        ("C07", level(metric, "large", "lamb", "gc", 1e-3, UNCLEAR), "inconclusive"),
        ("C07", barely_lowest(metric), "inconclusive"),
    ]
for rate in (1.0, 2.0):
    CASES += [
        ("C05", as_agc(rate, scale=5.0), "contradicted"),
        ("C05", as_agc(rate, scale=1 / 2.95), "inconclusive"),
        ("C05", as_agc(rate, scale=1 / 3.1), "inconclusive"),
        ("C05", as_agc(rate, scale=1 / 12), "reproduced"),
    ]


@pytest.mark.parametrize("claim, runs, expected", CASES)
def test_what_decides(claim, runs, expected):
    assert decide(claim, runs).verdict == expected


def test_the_figures_are_of_the_means_and_deviations_of_the_cells():
    at_2x = RUNS[where(RUNS, rate_multiple=2.0)].groupby(["method", "model"])["auc"].mean()
    chosen = RUNS[where(RUNS, chosen=True)].groupby(["method", "model"])["auc"]
    widest = RUNS[where(RUNS, model="large_dcn")].groupby(["method", "rate_multiple"])["auc"].std()
    gap, mean = at_2x["clippy"] - at_2x["gc"], chosen.mean()["clippy"]
    ratio, pooled = widest["agc"] / widest["clippy"], np.sqrt(chosen.var().groupby("method").mean())
    expected = {
        "C13": (30, {f"large_dcn - {name}": gap["large_dcn"] - gap[name] for name in MODELS[:2]}),
        "C14": (15, {f"{b} - {a}": mean[b] - mean[a] for a, b in pairwise(MODELS)}),
        "C05": (20, {f"{rate:g}x": ratio[rate] for rate in (1.0, 2.0)}),
        "C15": (60, {f"{it} / clippy": pooled[it] / pooled["clippy"] for it in TREATED[:3]}),
    }
    for claim, (n, figures) in expected.items():
        found = decide(claim, RUNS)
        assert (found.n, found.statistic) == (n, pytest.approx(figures)), claim


def test_the_rivals_that_are_shown_are_those_that_survive():
    above = level("auc", "large", "lamb", "agc", by=1e-3)
    found = decide("C07", above)
    assert len(found.statistic) == 12
    assert found.statistic["large auc: lamb - agc"] == pytest.approx(1e-3)
    found = decide("C07", dead(above, "large", "agc", "gc", "clippy"))
    assert (found.verdict, len(found.statistic)) == ("inconclusive", 6)
    assert "large early_auc, large auc" in found.reason
    for claim in ("C11", "C12"):
        found = decide(claim, dead(RUNS, "small", "gc", "agc", "lamb", n=3))
        assert (found.verdict, len(found.statistic)) == ("inconclusive", 6)
        assert "no other method survives on small; large: " in found.reason


def test_an_undefined_rmse_leaves_c10_and_c12_open():
    found = decide("C10", changed(RUNS, {"rmse": np.nan}, **cell("large_dcn", "gc")))
    assert (found.verdict, found.n) == ("inconclusive", 10)
    assert found.statistic["rmse"] is found.interval["rmse"] is None
    few = {"rmse": [np.nan, np.inf, np.nan, 1.0, 1.0]}
    found = decide("C12", changed(RUNS, few, **cell("large", "clippy")))
    assert (found.verdict, found.statistic["large: clippy - gc"]) == ("inconclusive", None)
    assert found.statistic["small: clippy - gc"] < 0


def test_c05_where_clippy_does_not_vary():
    flat = changed(RUNS, {"auc": 0.7}, **at("clippy", 1.0))
    both = changed(flat, {"auc": 0.7}, **at("agc", 1.0))
    for runs, *expected in [(flat, "reproduced", [None, None]), (both, "inconclusive", None)]:
        found = decide("C05", runs)
        assert [found.verdict, found.interval["1x"], found.statistic["1x"]] == [*expected, None]


def test_c15_keeps_methods_with_a_full_divergence():
    apart = {"label": labels(1), "auc": [np.nan, 0.71, 0.71, 0.71, 0.71]}
    found = decide("C15", changed(RUNS, apart, **cell("small", "gc")))
    assert (found.verdict, found.n) == ("reproduced", 60)
    assert found.statistic["gc / clippy"] > 100
    # Of Clippy too: a divergence is the largest spread of all.
    assert decide("C15", changed(RUNS, apart, **cell("small", "clippy"))).verdict != "reproduced"

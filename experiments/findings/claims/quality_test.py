"""Rules on final quality, each way."""

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

DEAD = {"label": ["healthy", "healthy", "full", "healthy", "healthy"]}


@pytest.fixture(scope="module")
def runs():
    return table2()


def cell(model, method):
    """The chosen cell, which Table 2 prints."""
    return {"model": model, "method": method, "chosen": True}


def level(runs, metric, model, method, rival, by=0.0, noise=0.0):
    """A copy in which a chosen cell differs from another by an amount and paired noise."""
    values = runs.loc[where(runs, **cell(model, rival)), metric].to_numpy()
    return changed(runs, {metric: values + by + noise * NOISE}, **cell(model, method))


@pytest.mark.parametrize("model", ["large", "large_dcn"])
@pytest.mark.parametrize("metric", ["early_auc", "auc"])
def test_c07_fails_where_lamb_is_clearly_above_one(runs, model, metric):
    found = decide("C07", level(runs, metric, model, "lamb", "agc", by=1e-3))
    assert found.verdict == "contradicted"
    assert found.reason.count("lamb - ") == 1
    assert found.statistic[f"{model} {metric}: lamb - agc"] == pytest.approx(1e-3)
    assert len(found.statistic) == 12


@pytest.mark.parametrize("metric", ["early_auc", "auc"])
def test_c07_is_open_where_lamb_is_not_the_lowest(runs, metric):
    unclear = level(runs, metric, "large", "lamb", "gc", by=1e-3, noise=0.02)
    assert verdict("C07", unclear) == "inconclusive"
    barely = level(runs, metric, "large", "lamb", "agc", by=-1e-3, noise=0.02)
    rivals = ("gc", "clippy")
    for rival in rivals:  # so that AGC is the next one up
        barely = shifted(barely, metric, 0.1, **cell("large", rival))
    assert verdict("C07", barely) == "reproduced"


def test_c07_leaves_out_methods_with_a_full_divergence(runs):
    above = level(runs, "auc", "large", "lamb", "agc", by=1e-3)
    dead = changed(above, DEAD, **cell("large", "agc"))
    found = decide("C07", dead)
    assert (found.verdict, len(found.statistic)) == ("reproduced", 10)
    for method in ("gc", "clippy"):
        dead = changed(dead, DEAD, **cell("large", method))
    found = decide("C07", dead)
    assert (found.verdict, len(found.statistic)) == ("inconclusive", 6)
    assert "large early_auc, large auc" in found.reason


def test_c07_leaves_small_out(runs):
    assert verdict("C07", level(runs, "auc", "small", "lamb", "gc", by=0.1)) == "reproduced"


@pytest.mark.parametrize("model", ["small", "large"])
def test_c09_fails_where_clippy_is_clearly_below(runs, model):
    assert verdict("C09", level(runs, "auc", model, "clippy", "gc", -1e-3)) == "contradicted"
    unclear = level(runs, "auc", model, "clippy", "gc", -1e-3, noise=0.02)
    assert verdict("C09", unclear) == "reproduced"


def test_c10_needs_both_metrics(runs):
    for metric, worse in (("auc", -1e-3), ("rmse", 1e-3)):
        place = (metric, "large_dcn", "clippy", "gc")
        assert verdict("C10", level(runs, *place, worse)) == "contradicted"
        assert verdict("C10", level(runs, *place, -worse, noise=0.02)) == "inconclusive"
    undefined = changed(runs, {"rmse": np.nan}, **cell("large_dcn", "gc"))
    found = decide("C10", undefined)
    assert (found.verdict, found.statistic["rmse"], found.interval["rmse"]) == (
        "inconclusive", None, None,
    )  # fmt: skip
    assert found.n == 10


@pytest.mark.parametrize("model, rival", [("small", "agc"), ("large", "gc"), ("large_dcn", "lamb")])
def test_c11_fails_where_another_is_clearly_above(runs, model, rival):
    above = level(runs, "auc", model, rival, "clippy", by=1e-3)
    found = decide("C11", above)
    assert found.verdict == "contradicted"
    assert f"{model}: clippy - {rival} -0.001" in found.reason
    dead = changed(above, DEAD, **cell(model, rival))
    assert verdict("C11", dead) == "reproduced"


def test_c11_allows_a_tie_but_not_on_large_dcn(runs):
    tie = level(runs, "auc", "large", "gc", "clippy", by=1e-3, noise=0.02)
    assert verdict("C11", tie) == "reproduced"
    tie = level(runs, "auc", "large_dcn", "agc", "clippy", by=-1e-3, noise=0.02)
    assert verdict("C11", tie) == "inconclusive"


@pytest.mark.parametrize("claim", ["C11", "C12"])
def test_a_model_without_another_survivor_decides_nothing(runs, claim):
    for method in ("gc", "agc", "lamb"):
        runs = changed(runs, DEAD, **cell("small", method))
    found = decide(claim, runs)
    assert (found.verdict, len(found.statistic)) == ("inconclusive", 6)
    assert found.reason.endswith("without a full divergence on small")


@pytest.mark.parametrize("model, rival", [("small", "lamb"), ("large", "gc"), ("large_dcn", "agc")])
def test_c12_fails_where_another_rmse_is_clearly_lower(runs, model, rival):
    lower = level(runs, "rmse", model, rival, "clippy", by=-1e-3)
    assert verdict("C12", lower) == "contradicted"
    assert verdict("C12", changed(lower, DEAD, **cell(model, rival))) == "reproduced"
    tie = level(runs, "rmse", model, rival, "clippy", by=-1e-3, noise=0.02)
    assert verdict("C12", tie) == "reproduced"


def test_c12_is_open_where_an_rmse_is_undefined(runs):
    undefined = changed(
        runs, {"rmse": [np.nan, np.inf, np.nan, 1.0, 1.0]}, **cell("large", "clippy")
    )
    found = decide("C12", undefined)
    assert found.verdict == "inconclusive"
    assert found.statistic["large: clippy - gc"] is None
    assert found.statistic["small: clippy - gc"] < 0


def at_2x(model, method):
    return {"model": model, "method": method, "rate_multiple": 2.0}


@pytest.mark.parametrize("model", ["small", "large"])
def test_c13_compares_the_gaps_at_2x(runs, model):
    found = decide("C13", runs)
    means = runs[runs["rate_multiple"] == 2].groupby(["model", "method"])["auc"].mean()
    gap = means[:, "clippy"] - means[:, "gc"]
    expected = gap["large_dcn"] - gap[model]
    assert found.statistic[f"large_dcn - {model}"] == pytest.approx(expected)
    assert found.n == 30
    # A gap of 0.025 is larger than that of Large+DCN by about 0.011.
    wide = shifted(runs, "auc", -0.024, **at_2x(model, "gc"))
    assert verdict("C13", wide) == "contradicted"
    noisy = runs.copy()
    noisy.loc[where(runs, **at_2x(model, "gc")), "auc"] += 0.2 * NOISE
    assert verdict("C13", noisy) == "inconclusive"


@pytest.mark.parametrize("larger, smaller", [("large", "small"), ("large_dcn", "large")])
def test_c14_needs_each_step_up(runs, larger, smaller):
    found = decide("C14", runs)
    means = runs[where(runs, chosen=True, method="clippy")].groupby("model")["auc"].mean()
    expected = means[larger] - means[smaller]
    assert found.statistic[f"{larger} - {smaller}"] == pytest.approx(expected)
    down = shifted(runs, "auc", -expected - 1e-3, **cell(larger, "clippy"))
    assert verdict("C14", down) == "contradicted"
    noisy = runs.copy()
    noisy.loc[where(runs, **cell(larger, "clippy")), "auc"] += 0.2 * NOISE
    assert verdict("C14", noisy) == "inconclusive"


NEEDED = [("C07", "lamb", "large"), ("C09", "gc", "small"), ("C10", "clippy", "large_dcn")]
NEEDED += [("C11", "agc", "small"), ("C12", "lamb", "small"), ("C14", "clippy", "small")]


@pytest.mark.parametrize("claim, method, model", NEEDED)
def test_a_chosen_cell_that_lacks_runs(runs, claim, method, model):
    few = runs[~(where(runs, **cell(model, method)) & (runs["seed"] > 1))]
    with pytest.raises(MissingRuns, match=f"model={model}, method={method}, chosen=True"):
        decide(claim, few)
    other = runs[~(where(runs, model=model, method=method) & runs["chosen"].eq(False))]
    assert verdict(claim, other) == "reproduced"


def test_c13_needs_2x_whatever_was_chosen(runs):
    with pytest.raises(MissingRuns, match="model=large_dcn, method=gc, rate_multiple=2"):
        decide("C13", runs[~where(runs, **at_2x("large_dcn", "gc"))])

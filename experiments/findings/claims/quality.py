"""Claims on which method ends with the better quality (C07, C09 to C14)."""

from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    decided,
    listed,
)
from experiments.findings.claims.quantities import at_rate, chosen, contrast, difference, full
from experiments.findings.claims.rates import MODELS

TREATED = ("gc", "agc", "lamb", "clippy")
ALONE = "no other method without a full divergence on {}"


def lamb_is_worst(runs):
    """C07. LAMB has the lowest AUC, early and at the end, of the survivors on both Large models."""
    margins = {
        f"{model} {metric}": _margins(runs, "lamb", model, metric)
        for model in ("large", "large_dcn")
        for metric in ("early_auc", "auc")
    }
    figures, alone = _flat(margins)
    above = {name: figure for name, figure in figures.items() if figure.positive}
    not_below = {name: figure for name, figure in figures.items() if figure.value >= 0}
    if above:
        return decided(CONTRADICTED, figures, f"LAMB is above: {listed(above)}")
    if alone:
        return decided(INCONCLUSIVE, figures, ALONE.format(", ".join(alone)))
    if not_below:
        return decided(INCONCLUSIVE, figures, f"LAMB is not the lowest: {listed(not_below)}")
    return decided(REPRODUCED, figures, f"LAMB is the lowest: {listed(figures)}")


def clippy_is_comparable(runs):
    """C09. Clippy is not clearly worse than GC on Small and Large."""
    figures = {model: _clippy_minus_gc(runs, model, "auc") for model in ("small", "large")}
    worse = any(figure.negative for figure in figures.values())
    reason = f"AUC, Clippy - GC: {listed(figures)}"
    return decided(CONTRADICTED if worse else REPRODUCED, figures, reason)


def clippy_beats_gc(runs):
    """C10. Clippy is clearly better than GC on Large+DCN, in AUC and in RMSE."""
    auc = _clippy_minus_gc(runs, "large_dcn", "auc")
    rmse = _clippy_minus_gc(runs, "large_dcn", "rmse")
    if auc.positive and rmse.negative:
        verdict = REPRODUCED
    else:
        verdict = CONTRADICTED if auc.negative or rmse.positive else INCONCLUSIVE
    figures = {"auc": auc, "rmse": rmse}
    return decided(verdict, figures, f"Clippy - GC: {listed(figures)}")


def clippy_has_best_auc(runs):
    """C11. No method is clearly above Clippy, and Clippy is clearly above all on Large+DCN."""
    margins = {model: _margins(runs, "clippy", model, "auc") for model in MODELS}
    figures, alone = _flat(margins)
    below = {name: figure for name, figure in figures.items() if figure.negative}
    tied, _ = _flat({"large_dcn": margins["large_dcn"]})
    tied = {name: figure for name, figure in tied.items() if not figure.positive}
    if below:
        return decided(CONTRADICTED, figures, f"Clippy is below: {listed(below)}")
    if alone:
        return decided(INCONCLUSIVE, figures, ALONE.format(", ".join(alone)))
    if tied:
        return decided(INCONCLUSIVE, figures, f"not clearly above: {listed(tied)}")
    return decided(REPRODUCED, figures, f"nowhere below, above all on large_dcn: {listed(figures)}")


def clippy_has_best_rmse(runs):
    """C12. No method has a clearly lower RMSE than Clippy."""
    margins = {model: _margins(runs, "clippy", model, "rmse") for model in MODELS}
    figures, alone = _flat(margins)
    above = {name: figure for name, figure in figures.items() if figure.positive}
    undefined = [name for name, figure in figures.items() if not figure.defined]
    if above:
        return decided(CONTRADICTED, figures, f"Clippy's RMSE is above: {listed(above)}")
    if alone:
        return decided(INCONCLUSIVE, figures, ALONE.format(", ".join(alone)))
    if undefined:
        return decided(INCONCLUSIVE, figures, f"too few defined RMSE: {', '.join(undefined)}")
    return decided(REPRODUCED, figures, f"Clippy's RMSE is nowhere above: {listed(figures)}")


def gap_grows(runs):
    """C13. The gap Clippy - GC at 2x is larger on Large+DCN than on Large and on Small."""
    clippy = {model: at_rate(runs, model, "clippy", 2.0) for model in MODELS}
    gc = {model: at_rate(runs, model, "gc", 2.0) for model in MODELS}
    figures = {
        f"large_dcn - {model}": contrast(
            [clippy["large_dcn"], gc[model]], [gc["large_dcn"], clippy[model]], "auc"
        )
        for model in ("large", "small")
    }
    return _all_positive(figures, "AUC gap Clippy - GC at 2x")


def quality_rises(runs):
    """C14. With Clippy, AUC rises from Small to Large to Large+DCN."""
    cells = {model: chosen(runs, model, "clippy") for model in MODELS}
    steps = (("large", "small"), ("large_dcn", "large"))
    figures = {
        f"{larger} - {smaller}": difference(cells[larger], cells[smaller], "auc")
        for larger, smaller in steps
    }
    return _all_positive(figures, "AUC of Clippy")


def _all_positive(figures, what):
    if all(figure.positive for figure in figures.values()):
        verdict = REPRODUCED
    elif any(figure.negative for figure in figures.values()):
        verdict = CONTRADICTED
    else:
        verdict = INCONCLUSIVE
    return decided(verdict, figures, f"{what}: {listed(figures)}")


def _clippy_minus_gc(runs, model, metric):
    return difference(chosen(runs, model, "clippy"), chosen(runs, model, "gc"), metric)


def _margins(runs, method, model, metric):
    """A method minus each other treated one that has no full divergence, by "method - other"."""
    own = chosen(runs, model, method)
    others = {other: chosen(runs, model, other) for other in TREATED if other != method}
    return {
        f"{method} - {other}": difference(own, rows, metric)
        for other, rows in others.items()
        if not full(rows)
    }


def _flat(margins):
    """All margins by "<place>: <method> - <other>", and the places that have none."""
    figures = {
        f"{place}: {name}": figure
        for place, found in margins.items()
        for name, figure in found.items()
    }
    return figures, [place for place, found in margins.items() if not found]

"""Claims on which method ends with the better quality (C07, C09 to C14)."""

from itertools import pairwise

import numpy as np

from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    by_sides,
    decided,
    listed,
    verdict,
)
from experiments.findings.claims.paper_figures import margins, steps
from experiments.findings.claims.quantities import at_rate, chosen, contrast, difference, full
from experiments.findings.published import MODELS, TREATED

WITHOUT_DCN, WIDE, DCN = ("small", "large"), ("large", "large_dcn"), ("large_dcn",)


@claim(
    "C07",
    "LAMB converges worse than the others throughout",
    "5.2, Fig. 5a",
    f"AUC, LAMB - lowest other: {margins('lamb', TREATED, 'auc', min, WIDE)}",
)
def lamb_is_worst(runs):
    """LAMB has the lowest AUC, early and at the end, of the survivors on both Large models."""
    return _against_all(
        runs,
        "lamb",
        {f"{model} {metric}": (model, metric) for model in WIDE for metric in ("early_auc", "auc")},
        wrong=("LAMB is above", lambda _, margin: margin.side() > 0),
        unclear=("LAMB is not the lowest", lambda _, margin: margin.value >= 0),
        right="LAMB is the lowest",
    )


@claim(
    "C11",
    "Clippy has the best AUC of all methods on every model",
    "Table 2",
    f"AUC, Clippy - highest other: {margins('clippy', TREATED, 'auc', max)}",
)
def clippy_has_best_auc(runs):
    """No method is clearly above Clippy, and Clippy is clearly above all on Large+DCN."""
    return _against_all(
        runs,
        "clippy",
        {model: (model, "auc") for model in MODELS},
        wrong=("Clippy is below", lambda _, margin: margin.side() < 0),
        unclear=(
            "not clearly above",
            lambda place, margin: place == "large_dcn" and margin.side() <= 0,
        ),
        right="nowhere below, above all on large_dcn",
    )


@claim(
    "C12",
    "Clippy has the best or tied RMSE on every model",
    "Table 2",
    f"RMSE, Clippy - lowest other: {margins('clippy', TREATED, 'rmse', min)}",
)
def clippy_has_best_rmse(runs):
    """No method has a clearly lower RMSE than Clippy."""
    return _against_all(
        runs,
        "clippy",
        {model: (model, "rmse") for model in MODELS},
        wrong=("Clippy's RMSE is above", lambda _, margin: margin.side() > 0),
        unclear=("too few defined RMSE", lambda _, margin: np.isnan(margin.value)),
        right="Clippy's RMSE is nowhere above",
    )


def _against_all(runs, method, places, *, wrong, unclear, right):
    """Holds a method against each other treated one that has no full divergence.

    Args:
      places: dict from a name to the (model, metric) at which the methods are compared.
      wrong, unclear: the words for margins that contradict the claim, or leave it open, and a
        function from the name of a place and a margin (Figure) to whether it is one of them.
      right: the words for all margins where none is wrong or unclear.
    """
    found, alone = {}, []
    for place, (model, metric) in places.items():
        own = chosen(runs, model, method)
        others = {other: chosen(runs, model, other) for other in TREATED if other != method}
        alive = {other: rows for other, rows in others.items() if not full(rows)}
        alone += [] if alive else [place]
        for other, rows in alive.items():
            margin = difference(own, rows, metric)
            found[f"{place}: {method} - {other}"] = place, margin
    figures = {name: margin for name, (_, margin) in found.items()}

    def those(is_one):
        return listed({name: figures[name] for name, pair in found.items() if is_one(*pair)})

    if shown := those(wrong[1]):
        return decided(CONTRADICTED, figures, f"{wrong[0]}: {shown}")
    if alone:
        nobody = f"no other method without a full divergence on {', '.join(alone)}"
        return decided(INCONCLUSIVE, figures, nobody)
    if shown := those(unclear[1]):
        return decided(INCONCLUSIVE, figures, f"{unclear[0]}: {shown}")
    return decided(REPRODUCED, figures, f"{right}: {listed(figures)}")


@claim(
    "C09",
    "Clippy is comparable with GC on Small and Large",
    "5.2",
    f"AUC, Clippy - GC: {margins('clippy', ('gc',), 'auc', max, WITHOUT_DCN)}",
)
def clippy_is_comparable(runs):
    """Clippy is not clearly worse than GC on Small and Large."""
    figures = {model: _clippy_minus_gc(runs, model, "auc") for model in WITHOUT_DCN}
    holds = all(figure.side() >= 0 for figure in figures.values())
    return decided(verdict(holds), figures, f"AUC, Clippy - GC: {listed(figures)}")


@claim(
    "C10",
    "Clippy has significantly better AUC and RMSE than GC on Large+DCN",
    "5.2",
    f"Clippy - GC, AUC: {margins('clippy', ('gc',), 'auc', max, DCN)}; "
    f"RMSE: {margins('clippy', ('gc',), 'rmse', min, DCN)}",
)
def clippy_beats_gc(runs):
    """Clippy is clearly better than GC on Large+DCN, in AUC and in RMSE."""
    auc, rmse = (_clippy_minus_gc(runs, "large_dcn", metric) for metric in ("auc", "rmse"))
    return by_sides([auc.side(), -rmse.side()], {"auc": auc, "rmse": rmse}, "Clippy - GC: ")


def _clippy_minus_gc(runs, model, metric):
    return difference(chosen(runs, model, "clippy"), chosen(runs, model, "gc"), metric)


@claim("C13", "The gap Clippy - GC at 2x grows with model complexity", "5.2, Fig. 5b")
def gap_grows(runs):
    """The gap Clippy - GC at 2x is larger on Large+DCN than on Large and on Small."""
    clippy, gc = (
        {model: at_rate(runs, model, method, 2.0) for model in MODELS}
        for method in ("clippy", "gc")
    )
    figures = {
        f"large_dcn - {model}": contrast(
            [clippy["large_dcn"], gc[model]], [gc["large_dcn"], clippy[model]], "auc"
        )
        for model in ("large", "small")
    }
    sides = (figure.side() for figure in figures.values())
    return by_sides(sides, figures, "AUC gap Clippy - GC at 2x: ")


@claim(
    "C14",
    "With Clippy, quality rises with size: Small < Large < Large+DCN",
    "Table 2",
    f"AUC, {steps()}",
)
def quality_rises(runs):
    """With Clippy, AUC rises from Small to Large to Large+DCN."""
    cells = {model: chosen(runs, model, "clippy") for model in MODELS}
    figures = {
        f"{larger} - {smaller}": difference(cells[larger], cells[smaller], "auc")
        for smaller, larger in pairwise(MODELS)
    }
    return by_sides((figure.side() for figure in figures.values()), figures, "AUC of Clippy: ")

"""The claim on the translation model (C35), from the study of Figure 7."""

from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import by_sides
from experiments.findings.claims.quantities import MissingRuns, cell, difference, full
from experiments.studies.figure7 import NAME, at_edge

UNTREATED = ("adamw", "adagrad")
CLIPPY = "clippy"
DECIDING = (*UNTREATED, CLIPPY)  # optimizers; the others of the study are ours
TIE = 0.005  # ours: half a point; the two gaps of section A.2 are 1.8 and 3.5 points


@claim(
    "C35",
    "Transformer translation: Clippy never diverges where Adagrad (0.3) and AdamW do, "
    "and ends between them",
    "A.2, Fig. 7",
    "validation error: AdamW 31.6 %, Clippy 33.4 %, Adagrad 36.9 %",
)
def clippy_survives_and_ends_between(runs):
    """Clippy diverges at no rate and warmup, Adagrad and AdamW at some; it ends between the two.

    At the best rates the error rate of Adagrad is above Clippy's, and Clippy's is above AdamW's or
    tied with it (TIE). Intervals are over the run seeds of one corpus, and a run that diverged
    counts with the error rate that it ended with. An optimizer whose whole grid learns too little
    shows nothing about divergence, and leaves the claim open.
    """
    study = runs[runs["study"] == NAME]
    repeats = study["chosen"].astype(bool)
    grids = {name: study[(study["case"] == name) & ~repeats] for name in DECIDING}
    if any(grid.empty for grid in grids.values()):
        raise MissingRuns("no records of it exist yet")
    best = {name: cell(study, NAME, case=name, chosen=True) for name in grids}
    gaps = {
        "Adagrad - Clippy": difference(best["adagrad"], best[CLIPPY], "error_rate").above(),
        "Clippy - AdamW": difference(best[CLIPPY], best["adamw"], "error_rate").above_or_tied(TIE),
    }
    repeated = full(best[CLIPPY])
    sides = [_diverges(grids[name]) for name in UNTREATED]
    sides.append(-1 if repeated else -_diverges(grids[CLIPPY]))
    counted = ", ".join(
        f"{name} {full(grid)} ({_untrained(grid)}) of {len(grid)}" for name, grid in grids.items()
    )
    words = f"full (untrained) by rate and warmup, one run a cell: {counted}; "
    words += f"Clippy's repeats {repeated}; {_edges(grids, best)}error rate: "
    return by_sides(gaps, words, more=sides)


def _diverges(grid):
    """1 if some run of a grid fully diverged, -1 if none did, 0 if all of them are untrained."""
    if full(grid):
        return 1
    return 0 if _untrained(grid) == len(grid) else -1


def _untrained(grid):
    return int((grid["label"] == "untrained").sum())


def _edges(grids, best):
    """Says which optimizers have their best rate at the edge of their grid."""
    found = [
        name
        for name, grid in grids.items()
        if at_edge(best[name]["rate_multiple"].iloc[0], grid["rate_multiple"])
    ]
    return f"best at the edge of its grid: {', '.join(found)}; " if found else ""

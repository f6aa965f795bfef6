"""The claim on the translation model (C35), from the study of Figure 7."""

from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import by_sides
from experiments.findings.claims.quantities import MissingRuns, cell, difference, full
from experiments.studies.figure7 import NAME

UNTREATED = ("adamw", "adagrad")
CLIPPY = "clippy"


@claim(
    "C35",
    "Transformer translation: Clippy never diverges where Adagrad (0.3) and AdamW do, "
    "and ends between them",
    "A.2, Fig. 7",
    "validation error: AdamW 31.6 %, Clippy 33.4 %, Adagrad 36.9 %",
)
def clippy_survives_and_ends_between(runs):
    """Clippy diverges at no rate and warmup, Adagrad and AdamW at some; it ends between the two.

    At the best rates the error rate of Adagrad is above Clippy's, whose is not below AdamW's.
    Intervals are over the run seeds of one corpus. An error rate that is undefined counts as 1.
    """
    study = runs[runs["study"] == NAME].assign(error_rate=lambda rows: rows["error_rate"].fillna(1))
    dead, tried = {}, {}
    for optimizer in (*UNTREATED, CLIPPY):
        grid = study[(study["case"] == optimizer) & ~study["chosen"].astype(bool)]
        if grid.empty:
            raise MissingRuns("no records of it exist yet")
        dead[optimizer], tried[optimizer] = full(grid), len(grid)
    best = {
        optimizer: cell(study, NAME, case=optimizer, chosen=True)
        for optimizer in (*UNTREATED, CLIPPY)
    }
    repeated = full(best[CLIPPY])
    sides = [
        -1 if dead[CLIPPY] + repeated else 1,
        *(1 if dead[optimizer] else -1 for optimizer in UNTREATED),
    ]
    gaps = {
        "Adagrad - Clippy": difference(best["adagrad"], best[CLIPPY], "error_rate").above(),
        "Clippy - AdamW": difference(best[CLIPPY], best["adamw"], "error_rate").above(),
    }
    counted = ", ".join(f"{name} {dead[name]}/{tried[name]}" for name in dead)
    words = f"full by rate and warmup: {counted}; Clippy's repeats {repeated}; error rate: "
    return by_sides(gaps, words, more=sides, vetoes=("Clippy - AdamW",))

"""Which method pays in which regime: runs over loss scale, shock and rate in, a table out."""

import numpy as np

from experiments.findings.budgets import expected_auc
from experiments.findings.names import METHOD_NAMES, SCALE, markdown_table
from experiments.training.divergence import CHANCE

STUDY = "regimes"
REGIME = ["loss", "shock", "rate_multiple"]  # factors on the losses, on shocked labels, and on 1x
OURS, UNTREATED = "clippy", "naive"
CLIPS = ("gc", "agc")  # the others that only make a step of Adagrad smaller
GAPS = ["one drawn at random", "GC or AGC", "the best other"]  # what Clippy is held against
NOTE = (
    "A cell is the AUC in percent, one run a setting and data seed, the mean over data seeds "
    "{seeds}; behind it, how many runs of all thresholds fully diverge. GC, AGC and LAMB have "
    "three thresholds, Naive and Clippy have one setting. {choice} Of the last columns the first "
    "is Clippy less the mean of the others' settings without naive, which is what one drawn at "
    "random reaches; then less the best setting of GC and AGC, and less the best of all others, "
    "naive among them, which are chosen as thresholds are. Table 2 shows how far runs of one "
    "setting lie apart: a gap of a point or two says little. 1x is that of loss 1. Adagrad starts "
    "from accumulators that do not know the loss, so that at loss 1/8 a step is up to eight times "
    "smaller at the same rate.\n"
)
HELD_OUT = "A threshold is chosen on the other data seeds and judged on this one, each in turn."
SEEN = "Of one data seed a threshold is chosen on the run that is shown, which flatters the three."


def chosen(runs):
    """Each method in each regime, at the threshold with the best mean AUC there.

    Args:
      runs: rows of the study, of one data seed or of several.
    Returns: DataFrame in the order of the study with the columns REGIME (floats), method,
      threshold (NaN for a method without), auc (mean in [0, 1]; one that is undefined counts as
      chance), full (full divergences) and n (runs).
    """
    rows = _with_axes(runs)
    rows = rows.assign(auc=rows["auc"].fillna(CHANCE), full=rows["label"].eq("full"))
    by = [*REGIME, "method", "threshold"]
    cells = rows.groupby(by, sort=False, dropna=False)
    found = cells.agg(auc=("auc", "mean"), full=("full", "sum"), n=("auc", "size")).reset_index()
    best = found.groupby([*REGIME, "method"], sort=False)["auc"].idxmax()
    return found.loc[best].reset_index(drop=True)


def _with_axes(runs):
    """The runs with the loss and the shock that the name of their case tells, as floats."""
    names = runs["case"].map(lambda case: dict(part.split("=") for part in case.split(", ")))
    return runs.assign(**{axis: names.str[axis].astype(float) for axis in REGIME[:2]})


def markdown(runs):
    """The map as a table, one row a regime, and what its cells are.

    Of several data seeds no run judges a threshold that it chose (budgets.expected_auc).
    """
    lines, rows = [], _with_axes(runs)
    methods = list(rows["method"].unique())
    for regime, part in rows.groupby(REGIME, sort=True):
        cells = [part[part["method"] == method] for method in methods]
        gaps = [f"{gap:+.2f}" for gap in _gaps(part)]
        lines.append([*(f"{each:g}" for each in regime), *map(_cell, cells), *gaps])
    heads = [METHOD_NAMES[method] for method in methods]
    heads += [f"Clippy less {rival}" for rival in GAPS]
    seeds = sorted(runs["data_seed"].unique())
    choice = HELD_OUT if len(seeds) > 1 else SEEN
    note = NOTE.format(seeds=" and ".join(map(str, seeds)), choice=choice)
    return markdown_table(["Loss", "Shock", "Rate", *heads], lines) + f"\n{note}"


def _gaps(cells):
    """The AUC of Clippy less what GAPS reach, in points, from the rows of a regime."""
    others = cells[cells["method"] != OURS]
    treated, clips = others["method"] != UNTREATED, others["method"].isin(CLIPS)
    drawn = SCALE["auc"] * others.loc[treated, "auc"].fillna(CHANCE).mean()
    rivals = np.array([drawn, _reached(others[clips]), _reached(others)])
    return _reached(cells[cells["method"] == OURS]) - rivals


def _reached(cells):
    """The AUC in percent that a choice among the settings of these rows reaches."""
    grid = cells.pivot(index="data_seed", columns="case", values="auc").to_numpy(float)
    if len(grid) == 1:
        return SCALE["auc"] * np.nan_to_num(grid, nan=CHANCE).max()
    return SCALE["auc"] * expected_auc(grid, grid.shape[1])


def _cell(cells):
    full = cells["label"].eq("full").sum()
    return f"{_reached(cells):.2f}" + (f", {full}/{len(cells)} diverge" if full else "")

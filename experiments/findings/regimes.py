"""Which method pays in which regime: runs over loss scale, shock and rate in, a table out."""

import numpy as np

from experiments.findings.names import METHOD_NAMES, markdown_table
from experiments.training.divergence import CHANCE

STUDY = "regimes"
REGIME = ["loss", "shock", "rate_multiple"]  # factors on the losses, on shocked labels, and on 1x
UNTREATED, OURS = "naive", "clippy"


def chosen(runs):
    """Each method in each regime, at the threshold with the best mean AUC there.

    Args:
      runs: rows of the study, of one data seed or of several.
    Returns: DataFrame in the order of the study with the columns REGIME (floats), method,
      threshold (NaN for a method without), auc (mean in [0, 1]; one that is undefined counts as
      chance), full (full divergences) and n (runs).
    """
    names = runs["case"].map(lambda case: dict(part.split("=") for part in case.split(", ")))
    axes = {axis: names.str[axis].astype(float) for axis in ("loss", "shock")}
    rows = runs.assign(**axes, auc=runs["auc"].fillna(CHANCE), full=runs["label"].eq("full"))
    by = [*REGIME, "method", "threshold"]
    cells = rows.groupby(by, sort=False, dropna=False)
    found = cells.agg(auc=("auc", "mean"), full=("full", "sum"), n=("auc", "size")).reset_index()
    best = found.groupby([*REGIME, "method"], sort=False)["auc"].idxmax()
    return found.loc[best].reset_index(drop=True)


def markdown(runs):
    """The map as a table: one row a regime, with Clippy less the best other method in points."""
    lines, rows = [], chosen(runs)
    methods = list(rows["method"].unique())
    for regime, part in rows.groupby(REGIME, sort=True):
        cells = part.set_index("method")
        others = cells["auc"].drop([UNTREATED, OURS])
        gap = 100 * (cells.loc[OURS, "auc"] - others.max())
        texts = [_cell(cell) for _, cell in cells.loc[methods].iterrows()]
        against = f"{gap:+.2f} ({METHOD_NAMES[others.idxmax()]})"
        lines.append([*(f"{each:g}" for each in regime), *texts, against])
    heads = [METHOD_NAMES[method] for method in methods]
    return markdown_table(["Loss", "Shock", "Rate", *heads, "Clippy less the best other"], lines)


def _cell(cell):
    text = f"{100 * cell['auc']:.2f}"
    text += "" if np.isnan(cell["threshold"]) else f" ({cell['threshold']:g})"
    full = f", {int(cell['full'])}/{int(cell['n'])} diverge" if cell["full"] else ""
    return text + full

"""What a method reaches if it may try as many settings as another: equal budgets of a search."""

import math

import numpy as np
import pandas as pd

from experiments.findings.names import METHOD_NAMES, MODEL_NAMES, SCALE, markdown_table, number
from experiments.studies.selection import WORST
from experiments.training.divergence import CHANCE

BUDGETS = (1, 2, 6)  # ours: one setting, all that Clippy has, all that the others have


def expected_auc(aucs, budget):
    """The mean AUC of the best setting of a part of a grid, over all parts of one size.

    Each search seed in turn judges what the others choose by their mean, so that no run judges a
    choice that it made. The number is exact: the setting at place k of s, from 0, is the best of
    C(s - 1 - k, b - 1) of the C(s, b) parts of b settings.

    Args:
      aucs: array (seeds, settings), in [0, 1]. An undefined one counts as -1 where settings are
        compared and as chance level where they are judged; of equal settings the first is taken.
      budget: settings in a part, >= 1; all of a smaller grid.
    Returns: AUC in [0, 1], NaN for fewer than two seeds.
    """
    seeds, settings = aucs.shape
    if seeds < 2:
        return math.nan
    size = min(budget, settings)
    parts = [math.comb(settings - 1 - place, size - 1) for place in range(settings)]
    shares = np.array(parts) / math.comb(settings, size)
    chosen = np.where(np.isnan(aucs), WORST, aucs)
    judged = np.where(np.isnan(aucs), CHANCE, aucs)
    found = []
    for seed in range(seeds):
        order = np.argsort(-np.delete(chosen, seed, axis=0).mean(axis=0), kind="stable")
        found.append((shares * judged[seed, order]).sum())
    return float(np.mean(found))


def table_frame(runs):
    """`expected_auc` in percent by the search among the runs of Table 2, one column a method.

    Returns: DataFrame with model, budget and the methods that are searched, one row a budget.
    """
    search = runs[runs["role"] == "search"]
    methods, rows = search["method"].unique(), []
    for model, cells in search.groupby("model", sort=False):
        grids = {method: _grid(cells[cells["method"] == method]) for method in methods}
        for budget in BUDGETS:
            found = {name: SCALE["auc"] * expected_auc(grids[name], budget) for name in methods}
            rows.append({"model": model, "budget": budget} | found)
    return pd.DataFrame(rows, columns=["model", "budget", *methods])


def _grid(cell):
    """The AUC of every run of one model and method: array (seeds, settings)."""
    by_seed = cell.sort_values("seed", kind="stable")["auc"].to_numpy(float)
    return by_seed.reshape(cell["seed"].nunique(), -1)


def markdown(frame, table):
    """The table for people, and what it says; `table` is the Table2Config."""
    sizes = ", ".join(f"{METHOD_NAMES[name]} {settings(table, name)}" for name in frame.columns[2:])
    return (
        "\nEqual budgets, AUC by the number of settings that a search may try:\n\n"
        f"{markdown_table(header(frame), shown(frame))}\n"
        "Equal budgets: a cell is the AUC to expect if a search tries so many settings of a "
        f"method, drawn at random (all where it has no more: {sizes}): the setting is chosen on "
        "all search seeds but one and judged on that one, each in turn, and a run without a "
        f"defined AUC is judged as {SCALE['auc'] * CHANCE:g}.\n"
    )


def settings(table, method):
    """How many settings of a method the search of a Table2Config tries."""
    return len(table.thresholds.get(method, (None,))) * len(table.rate_multiples)


def header(frame):
    """The names of the columns."""
    return ["Model", "Settings", *(METHOD_NAMES[name] for name in frame.columns[2:])]


def shown(frame):
    """The cells of the table as text, in the order of `header`."""
    return [
        [MODEL_NAMES[model], str(budget), *(number(auc, None, "auc") for auc in aucs)]
        for model, budget, *aucs in frame.itertuples(index=False)
    ]

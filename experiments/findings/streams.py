"""Results beside each other by data seed: rows of runs in, tables for people out."""

import numpy as np
import pandas as pd

from experiments.findings import power
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES, markdown_table
from experiments.findings.statistics import mean, proportion
from experiments.training.divergence import CHANCE


def divergence_ratios(studies):
    """Full divergences of the cases of studies by data seed, and pooled with Wilson's interval.

    Args:
      studies: dict from the title of a study to its runs, a DataFrame with case, data_seed, label.
    """
    seeds = sorted({seed for runs in studies.values() for seed in runs["data_seed"]})
    lines = []
    for title, runs in studies.items():
        for case, cell in runs.groupby("case", sort=False):
            full = cell["label"].eq("full")
            counts = [_count(full[cell["data_seed"] == seed]) for seed in seeds]
            share = proportion(int(full.sum()), len(full))
            pooled = f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]"
            lines.append([title, case, *counts, pooled])
    return markdown_table(["Study", "Case", *seeds, "All"], lines)


def _count(full):
    return f"{full.sum()}/{len(full)}" if len(full) else "-"


def best_aucs(runs):
    """AUC in percent of each model and method at its chosen rate by data seed, and the mean.

    Args:
      runs: rows of Table 2 of all data seeds. An AUC that is undefined counts as chance.
    The interval of the mean over data seeds is Student's t over their means.
    """
    chosen = _chosen(runs)
    seeds, lines = sorted(chosen["data_seed"].unique()), []
    for (model, method), cell in chosen.groupby(["model", "method"], sort=False):
        cells = [_cell(cell[cell["data_seed"] == seed]) for seed in seeds]
        means = cell.groupby("data_seed")["percent"].mean().to_numpy()
        lines.append([MODEL_NAMES[model], METHOD_NAMES[method], *cells, _over(means, ".2f")])
    return markdown_table(["Model", "Method", *seeds, "Mean"], lines)


def gaps(runs, ours="clippy"):
    """AUC of a method less that of each other in points, within data seeds, and over them.

    Args:
      runs: as of best_aucs; a model, or a method, that a data seed lacks is left out of its rows.
    The last column is the smallest mean gap that as many data seeds show (power.detectable_gap),
    from the standard deviation of the gap over them, which has the noise of the runs in it.
    """
    chosen = _chosen(runs)
    means = chosen.groupby(["model", "method", "data_seed"], sort=False)["percent"].mean().unstack()
    seeds, lines = sorted(chosen["data_seed"].unique()), []
    for model, method in means.index:
        if method == ours or (model, ours) not in means.index:
            continue
        gap = (means.loc[(model, ours)] - means.loc[(model, method)]).reindex(seeds)
        known = gap.dropna().to_numpy()
        ends = ["-", "-"]
        if len(known) > 1:
            seen = power.detectable_gap(known.std(ddof=1), len(known))
            ends = [_over(known, "+.2f"), f"{seen:.2f}"]
        cells = ["-" if np.isnan(each) else f"{each:+.2f}" for each in gap]
        lines.append([MODEL_NAMES[model], METHOD_NAMES[method], *cells, *ends])
    heads = ["Model", f"{METHOD_NAMES[ours]} less", *seeds, "Mean", "Seen from"]
    return markdown_table(heads, lines)


def budget_gaps(tables, ours="clippy"):
    """AUC in points by the number of settings that a search may try, over data seeds.

    Args:
      tables: the table2_budgets.csv of each data seed, in a list of DataFrames.
    The last column is the gap of a method to the best other of its data seed, with Student's t.
    """
    rows, lines = pd.concat(tables, ignore_index=True), []
    methods = [name for name in rows.columns if name not in ("model", "budget")]
    for (model, budget), cell in rows.groupby(["model", "budget"], sort=False):
        gap = (cell[ours] - cell[methods].drop(columns=ours).max(axis=1)).to_numpy()
        means = [f"{value:.2f}" for value in cell[methods].mean()]
        lines.append([MODEL_NAMES[model], budget, *means, _over(gap, "+.2f")])
    names = [METHOD_NAMES[method] for method in methods]
    heads = ["Model", "Settings", *names, f"{METHOD_NAMES[ours]} less the best other"]
    return markdown_table(heads, lines)


def _chosen(runs):
    """The repeats at the chosen rate of Table 2's rows, with their AUC in percent."""
    chosen = runs[(runs["role"] == "repeat") & runs["chosen"]]
    return chosen.assign(percent=100 * chosen["auc"].fillna(CHANCE))


def _over(values, form):
    """The mean of one value a data seed as text, with Student's interval; one has none."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    value, low, high = mean([values])
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def _cell(runs):
    if runs.empty:
        return "-"
    full = int(runs["label"].eq("full").sum())
    text = f"{runs['percent'].mean():.2f} at {runs['rate_multiple'].iloc[0]:g}x"
    return f"{text}, {full}/{len(runs)} diverge" if full else text


def joined(paths):
    """The rows of some csv files in one DataFrame."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)

"""Table 2, a pure function of the runs: in long form, in Markdown and in LaTeX."""

import math
from typing import NamedTuple

import pandas as pd

from experiments.findings import power
from experiments.findings.cases import COUNTED, counted
from experiments.findings.names import (
    METHOD_NAMES,
    METRIC_NAMES,
    MODEL_NAMES,
    SCALE,
    latex_table,
    markdown_table,
    number,
)
from experiments.findings.published import table2_cell, table2_rate
from experiments.findings.statistics import described
from experiments.studies.rows import METRICS

OUTCOMES = {column: column.replace("_", "-") for column in COUNTED}  # what they are called
RATES_HEADER = ("Model", "Method", "Rate", "Threshold", "AUC", "95 % interval", "RMSE")
RATES_HEADER += tuple(name.capitalize() for name in OUTCOMES.values())
SETTING = ["model", "method", "rate_multiple", "threshold"]


class Style(NamedTuple):
    """How a cell is marked up: `best` and `diverged` are templates of what they stand around."""

    sign: str
    best: str
    diverged: str
    gap: str


MARKDOWN = Style("±", "<u>{}</u>", "*diverged*", "<br>")
LATEX = Style(r"$\pm$", r"\underline{{{}}}", r"\emph{diverged}", " ")


def table_frame(runs, untreated):
    """Table 2 in long form, from the repeats among the runs alone.

    The row of the method that is not searched, `untreated`, is the rate with the higher mean AUC,
    so that no other choice would make it look better.

    Returns: DataFrame with the columns of table2.csv, one row per (model, method, metric). AUC in
      percent; std is the sample standard deviation over seeds; mean, std and the 95 % interval of
      the mean (low, high; Student's t) are over the runs whose metric is defined, n counts all;
      diverged, micro_diverged, damaged and untrained count those of each divergence.Label.
    """
    rows = []
    repeats = runs[runs["role"] == "repeat"]
    for (model, method), cell in repeats.groupby(["model", "method"], sort=False):
        if method == untreated:
            by_rate = cell.groupby("rate_multiple")["auc"].mean().fillna(-1.0)
            cell = cell[cell["rate_multiple"] == by_rate.idxmax()]
        else:
            cell = cell[cell["chosen"]]
        for metric in METRICS:
            found = described(cell[metric] * SCALE[metric])
            row = {"model": model, "method": method, "metric": metric}
            row |= {"mean": found.mean, "std": found.std} | _counts(cell)
            row |= cell[SETTING[2:]].iloc[0].to_dict()
            row["paper_mean"], row["paper_std"] = table2_cell(model, method, metric)
            rows.append(row | {"low": found.low, "high": found.high})
    return pd.DataFrame(rows)


def rates_frame(runs):
    """Every repeated setting, one row each; both rates, as the repeats did not choose the rate.

    Returns: DataFrame with model, method, rate_multiple, threshold, the counts of table2.csv, and
      for auc (percent) and rmse: <metric>_mean, <metric>_std, <metric>_low, <metric>_high.
    """
    rows = []
    for _, cell in runs[runs["role"] == "repeat"].groupby(SETTING[:3], sort=False):
        row = cell[SETTING].iloc[0].to_dict() | _counts(cell)
        for metric in METRICS:
            found = described(cell[metric] * SCALE[metric])
            row |= {f"{metric}_{name}": value for name, value in found._asdict().items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _counts(cell):
    return {"n": len(cell)} | counted(cell["label"])


def best_method(rows, metric):
    """The method with the best mean among those none of whose runs fully diverged, or None.

    `rows` are those of one model and metric ("auc" or "rmse"), in the columns of table2.csv.
    """
    alive = rows[(rows["diverged"] == 0) & rows["mean"].notna()]
    if alive.empty:
        return None
    order = alive["mean"].idxmax() if metric == "auc" else alive["mean"].idxmin()
    return alive.loc[order, "method"]


def markdown(table, optimal):
    """The table in Markdown; `optimal` has the Bayes-optimal metrics in the units of the table."""
    return markdown_table(header(table), sum(_groups(table, optimal, MARKDOWN), []))


def latex(table, optimal):
    """The same in LaTeX."""
    columns = f"ll{'c' * table['method'].nunique()}c"
    return latex_table(columns, header(table), _groups(table, optimal, LATEX))


def header(table):
    """The names of the columns of the table, in Markdown, in LaTeX and on the page."""
    names = (METHOD_NAMES[name] for name in table["method"].unique())
    return ["Model", "Metric", *names, "Optimal"]


def _groups(table, optimal, style):
    """The rows of each model, as text."""
    methods = list(table["method"].unique())
    for model, rows in table.groupby("model", sort=False):
        group = []
        for metric, name in METRIC_NAMES.items():
            first, best = "" if group else MODEL_NAMES[model], number(optimal[metric], None, metric)
            found = by_method(rows, methods, metric)
            group.append([first, name, *(_cell(*cell, metric, style) for cell in found), best])
        yield [*group, ["", "Best learning rate", *chosen_rates(rows, methods, model), ""]]


def by_method(rows, methods, metric):
    """(its row of one metric, whether it is the best) of each method on one model."""
    rows = rows[rows["metric"] == metric].set_index("method", drop=False).loc[methods]
    best = best_method(rows, metric)
    return [(row, name == best) for name, row in rows.iterrows()]


def _cell(row, is_best, metric, style):
    ours = number(row["mean"], row["std"], metric, style.sign)
    if is_best:
        ours = style.best.format(ours)
    if row["diverged"] == row["n"]:
        ours = f"{style.diverged} {row['diverged']}/{row['n']} ({ours})"
    else:
        ours += outcomes(row)
    return f"{ours}{style.gap}[{theirs(row, metric, style.sign)}]"


def outcomes(row):
    """The runs of a row of table2.csv that were not healthy, as text that follows its number."""
    shown = {name: row[column] for column, name in OUTCOMES.items() if row[column]}
    return "".join(f", {count}/{row['n']} {name}" for name, count in shown.items())


def theirs(row, metric, sign="±"):
    """The paper's figure of a row of table2.csv as text."""
    if pd.isna(row["paper_mean"]):
        return "diverged"
    return number(row["paper_mean"], row["paper_std"], metric, sign)


def chosen_rates(rows, methods, model):
    """The rate that the search chose for each method, with the paper's in brackets, as text."""
    by_method = rows.drop_duplicates("method").set_index("method")
    cells = []
    for name in methods:
        paper, shown = table2_rate(model, name), f"{by_method.loc[name, 'rate_multiple']:g}x"
        threshold = by_method.loc[name, "threshold"]
        shown += "" if pd.isna(threshold) else f", {threshold:g}"
        cells.append(f"{shown} [{'-' if paper is None else f'{paper}x'}]")
    return cells


def calibration_text(found):
    """Where 1x comes from, in one sentence; `found` is the calibration.Calibration."""
    n, seeds = len(found.data_seeds), ", ".join(map(str, found.data_seeds))
    return (
        f"1x is {found.base_rate:g}: naive {MODEL_NAMES[found.model]} fully diverges in "
        f"{n} of {n} runs at {found.edge:g}, called {found.edge_multiple:g}x, "
        f"on design data seeds {seeds}."
    )


def notes(rates, table, found):
    """What a reader of table2.md must know; of rates_frame, the Table2Config and Calibration."""
    seeds = ", ".join(map(str, table.search_seeds))
    lines = [
        "\nBoth rates, each with its best threshold:\n",
        markdown_table(RATES_HEADER, map(rates_cells, rates.itertuples())),
        "Cells: mean ± sample standard deviation over fresh seeds, last day, over the runs whose "
        "metric is defined; in brackets the paper's. Intervals are of the mean (Student's t). "
        "Underlined: the best of the methods without a full divergence. Optimal: the "
        "Bayes-optimal prediction of this stream.",
        f"Each setting was chosen by the mean AUC of its search runs (seeds {seeds}) and repeated "
        f"with {table.repeats} other seeds. The row of rates gives the chosen multiple and "
        f"threshold. {METHOD_NAMES[table.untreated]} is not searched; its column is its better "
        "rate.",
        power_text(rates, table.repeats),
        calibration_text(found),
    ]
    return "\n".join(lines) + "\n"


def power_text(rates, repeats):
    """Which gap the repeats can show, in one sentence, from the rows of rates_frame."""
    alive = rates[rates["diverged"] == 0]
    within = power.pooled_std(alive["auc_std"], alive["n"])
    gap = power.detectable_gap(math.sqrt(2) * within, repeats)
    if pd.isna(gap):
        return "No setting with several runs is without a full divergence, so no gap can be shown."
    return (
        f"The smallest gap in AUC between two settings that {repeats} pairs of runs on one data "
        f"seed show with a power of 80 % (Student's t, two-sided at 5 %): "
        f"{number(gap, None, 'auc')}, from a standard deviation within a setting of "
        f"{number(within, None, 'auc')} (pooled over the settings without a full divergence), "
        "times √2 for a difference."
    )


def rates_cells(row):
    """One row of rates_frame as text, in the order of RATES_HEADER."""
    return [
        MODEL_NAMES[row.model],
        METHOD_NAMES[row.method],
        f"{row.rate_multiple:g}x",
        "-" if pd.isna(row.threshold) else f"{row.threshold:g}",
        number(row.auc_mean, row.auc_std, "auc"),
        "-" if pd.isna(row.auc_low) else f"{row.auc_low:.2f} to {row.auc_high:.2f}",  # of one run
        number(row.rmse_mean, row.rmse_std, "rmse"),
        *(f"{getattr(row, column)}/{row.n}" for column in OUTCOMES),
    ]

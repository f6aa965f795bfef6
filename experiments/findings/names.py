"""Table 2 as a person reads it: the paper's layout in Markdown and LaTeX."""

import pandas as pd

from experiments.findings import published as paper

MODEL_NAMES = {
    "small": "Small",
    "large": "Large",
    "large_dcn": "Large+DCN",
    "small_dcn": "Small+DCN",
}
METHOD_NAMES = {
    "naive": "Naive",
    "gc": "GC",
    "agc": "AGC",
    "lamb": "LAMB",
    "clippy": "Clippy",
    "adam": "Adam",
    "clippy_adam": "Clippy on Adam",  # section 4.3.3
}
METRIC_NAMES = {"auc": "AUC (higher is better)", "rmse": "RMSE (lower is better)"}
DIGITS = {"auc": 2, "rmse": 3}
RATES_HEADER = ("Model", "Method", "Rate", "Threshold", "AUC", "95 % interval", "RMSE", "Diverged")
RATES_HEADER += ("Micro-diverged",)
PLUS_MINUS = {"markdown": "±", "latex": r"$\pm$"}


def best_method(rows, metric):
    """The method with the best mean among those none of whose runs fully diverged, or None.

    Args:
      rows: rows of one model and one metric, in the columns of table2.csv.
      metric: "auc" or "rmse".
    """
    alive = rows[(rows["diverged"] == 0) & rows["mean"].notna()]
    if alive.empty:
        return None
    order = alive["mean"].idxmax() if metric == "auc" else alive["mean"].idxmin()
    return alive.loc[order, "method"]


def markdown(table, optimal):
    """The table in Markdown: ours, and the paper's figure below it in each cell.

    Args:
      table: DataFrame with the columns of table2.csv.
      optimal: dict from metric to its Bayes-optimal value, in the units of the table.
    """
    methods = list(table["method"].unique())
    header = ["Model", "Metric", *(METHOD_NAMES.get(name, name) for name in methods), "Optimal"]
    lines = [markdown_row(header), markdown_row(["---"] * len(header))]
    for model, rows in table.groupby("model", sort=False):
        for metric in METRIC_NAMES:
            cells = _cells(rows, methods, metric, "markdown")
            best = f"{optimal[metric]:.{DIGITS[metric]}f}"
            first = MODEL_NAMES.get(model, model) if metric == "auc" else ""
            lines.append(markdown_row([first, METRIC_NAMES[metric], *cells, best]))
        rates = chosen_rates(rows, methods, model)
        lines.append(markdown_row(["", "Best learning rate", *rates, ""]))
    return "\n".join(lines) + "\n"


def latex(table, optimal):
    """The same as a LaTeX tabular, without packages."""
    methods = list(table["method"].unique())
    names = [METHOD_NAMES.get(name, name) for name in methods]
    lines = [
        rf"\begin{{tabular}}{{ll{'c' * len(methods)}c}}",
        r"\hline",
        " & ".join(["Model", "Metric", *names, "Optimal"]) + r" \\",
    ]
    for model, rows in table.groupby("model", sort=False):
        lines.append(r"\hline")
        for metric in METRIC_NAMES:
            cells = _cells(rows, methods, metric, "latex")
            best = f"{optimal[metric]:.{DIGITS[metric]}f}"
            first = MODEL_NAMES.get(model, model) if metric == "auc" else ""
            lines.append(" & ".join([first, METRIC_NAMES[metric], *cells, best]) + r" \\")
        rates = chosen_rates(rows, methods, model)
        lines.append(" & ".join(["", "Best learning rate", *rates, ""]) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def calibration_text(found):
    """Where 1x comes from, in one sentence.

    Args:
      found: calibration.Calibration.
    """
    seeds = ", ".join(map(str, found.data_seeds))
    return (
        f"1x is {found.base_rate:g}: naive {MODEL_NAMES.get(found.model, found.model)} fully "
        f"diverges in {len(found.data_seeds)} of {len(found.data_seeds)} runs at {found.edge:g}, "
        f"called {found.edge_multiple:g}x, on design data seeds {seeds}."
    )


def notes(rates, table, found):
    """What the reader of table2.md must know to read it: every rate, and sentences.

    Args:
      rates: table2.rates_frame.
      table: Table2Config.
      found: calibration.Calibration.
    """
    lines = ["", "Both rates, each with its best threshold:", "", markdown_row(RATES_HEADER)]
    lines.append(markdown_row(["---"] * len(RATES_HEADER)))
    lines += [markdown_row(rates_cells(row)) for row in rates.itertuples()]
    lines += [
        "",
        "Cells: mean ± sample standard deviation over fresh seeds, last day, over the runs whose "
        "metric is defined; in brackets the paper's. Intervals are of the mean (Student's t). "
        "Underlined: the best of the methods without a full divergence. Optimal: the "
        "Bayes-optimal prediction of this stream.",
        f"Each setting was chosen by one search run (seed {table.search_seed}) and repeated with "
        f"{table.repeats} other seeds. The row of rates gives the chosen multiple and threshold. "
        f"{METHOD_NAMES.get(table.untreated, table.untreated)} is not searched; its column is its "
        "better rate.",
        calibration_text(found),
    ]
    return "\n".join(lines) + "\n"


def rates_cells(row):
    """One row of table2.rates_frame as text, in the order of RATES_HEADER."""
    return [
        MODEL_NAMES.get(row.model, row.model),
        METHOD_NAMES.get(row.method, row.method),
        f"{row.rate_multiple:g}x",
        "-" if pd.isna(row.threshold) else f"{row.threshold:g}",
        number(row.auc_mean, row.auc_std, "auc"),
        f"{row.auc_low:.2f} to {row.auc_high:.2f}",
        number(row.rmse_mean, row.rmse_std, "rmse"),
        f"{row.diverged}/{row.n}",
        f"{row.micro_diverged}/{row.n}",
    ]


def markdown_row(cells):
    """One row of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def _cells(rows, methods, metric, style):
    rows = rows[rows["metric"] == metric]
    best = best_method(rows, metric)
    by_method = rows.set_index("method")
    return [_cell(by_method.loc[name], metric, name == best, style) for name in methods]


def _cell(row, metric, is_best, style):
    sign = PLUS_MINUS[style]
    ours = number(row["mean"], row["std"], metric, sign)
    if is_best:
        ours = f"<u>{ours}</u>" if style == "markdown" else rf"\underline{{{ours}}}"
    if row["diverged"] == row["n"]:
        word = "*diverged*" if style == "markdown" else r"\emph{diverged}"
        ours = f"{word} {row['diverged']}/{row['n']} ({ours})"
    elif row["diverged"]:
        ours = f"{ours}, {row['diverged']}/{row['n']} diverged"
    gap = "<br>" if style == "markdown" else " "
    return f"{ours}{gap}[{theirs(row, metric, sign)}]"


def theirs(row, metric, sign="±"):
    """The paper's figure of a row of table2.csv as text."""
    if pd.isna(row["paper_mean"]):
        return "diverged"
    return number(row["paper_mean"], row["paper_std"], metric, sign)


def number(mean, std, metric, sign="±"):
    """mean ± standard deviation with the metric's digits; the latter is left out if undefined."""
    digits = DIGITS[metric]
    if pd.isna(mean):
        return "not defined"
    if pd.isna(std):
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} {sign} {std:.{digits}f}"


def chosen_rates(rows, methods, model):
    """The rate that the search chose for each method, with the paper's in brackets, as text."""
    by_method = rows.drop_duplicates("method").set_index("method")
    cells = []
    for name in methods:
        multiple = paper.table2_rate(model, name)
        shown = f"{by_method.loc[name, 'rate_multiple']:g}x"
        threshold = by_method.loc[name, "threshold"]
        shown += "" if pd.isna(threshold) else f", {threshold:g}"
        cells.append(f"{shown} [{'-' if multiple is None else f'{multiple}x'}]")
    return cells

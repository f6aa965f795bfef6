"""What tables and figures show by name, and the rows that tables are made of."""

import pandas as pd


class Names(dict):
    """Display names by name in code; what has none, as an added method, is shown by its own."""

    def __missing__(self, name):
        return name


MODEL_NAMES = Names(small="Small", large="Large", large_dcn="Large+DCN", small_dcn="Small+DCN")
METHOD_NAMES = Names(
    naive="Naive",
    gc="GC",
    agc="AGC",
    lamb="LAMB",
    clippy="Clippy",
    adam="Adam",
    clippy_adam="Clippy on Adam",  # section 4.3.3
)
METRIC_NAMES = {"auc": "AUC (higher is better)", "rmse": "RMSE (lower is better)"}
SCALE = {"auc": 100.0, "rmse": 1.0}  # AUC in percent, as the paper prints it
DIGITS = {"auc": 2, "rmse": 3}


def number(mean, std, metric, sign="±"):
    """mean ± standard deviation with the metric's digits; the latter is left out if undefined."""
    digits = DIGITS[metric]
    if pd.isna(mean):
        return "not defined"
    if pd.isna(std):
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} {sign} {std:.{digits}f}"


def share_interval(row):
    """The ends of a share's interval, `low` and `high` of a row or an Estimate, in percent."""
    return f"{row.low:.0%} to {row.high:.0%}"


def markdown_table(header, rows):
    """A Markdown table of texts and whole numbers, a newline after each of its lines."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


def latex_table(columns, header, groups):
    """The same as a LaTeX tabular, without packages; a line is drawn above each group of rows.

    `columns` has a letter a column: how it is aligned.
    """
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\hline"]
    for rows in ([header], *groups):
        lines += [" & ".join(cells).replace("%", r"\%") + r" \\" for cells in rows]
        lines.append(r"\hline")
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"

"""The table of a study of cases: how many runs of each diverged, and what quality was left."""

import pandas as pd

from experiments.findings.names import (
    DIGITS,
    METHOD_NAMES,
    MODEL_NAMES,
    SCALE,
    markdown_table,
    number,
    share_interval,
)
from experiments.findings.statistics import described, proportion
from experiments.studies.rows import METRICS

# The columns that count runs: of what kind of divergence.Label each is.
COUNTED = {"diverged": "full", "micro_diverged": "micro"}
COUNTED |= {"damaged": "damaged", "untrained": "untrained"}


def counted(labels):
    """How many of some labels are of each kind but healthy: dict by the names of COUNTED."""
    return {column: int((labels == kind).sum()) for column, kind in COUNTED.items()}


def table_frame(runs, against=None):
    """One row a case of the runs of Session.run_cases.

    `against` names for a case the one that it is compared with. The columns: case, model, method,
    rate_multiple, diverged, micro_diverged, damaged, untrained, tried, ratio, low, high (Wilson,
    95 %); auc_mean, auc_std (percent), rmse_mean, rmse_std over the runs whose metric is defined;
    against, and for each metric the mean difference paired by seed with its 95 % interval by
    Student's t (auc_gap, auc_gap_low, auc_gap_high; NaN for a case that is compared with none).
    """
    cells = dict(iter(runs.groupby("case", sort=False)))
    rows = []
    for name, cell in cells.items():
        tried = len(cell)
        row = cell[["case", "model", "method", "rate_multiple"]].iloc[0].to_dict()
        row |= counted(cell["label"])
        ratio, low, high = proportion(row["diverged"], tried)
        row |= {"tried": tried, "ratio": ratio, "low": low, "high": high}
        for metric in METRICS:
            found = described(cell[metric] * SCALE[metric])
            row |= {f"{metric}_mean": found.mean, f"{metric}_std": found.std}
        row["against"] = (against or {}).get(name, "")
        for metric in METRICS:
            row |= _gap(cell, cells.get(row["against"]), metric)
        rows.append(row)
    return pd.DataFrame(rows)


def _gap(cell, other, metric):
    """Mean and interval of a case less another, paired by seed."""
    values = pd.Series(dtype=float)
    if other is not None:
        values = cell.set_index("seed")[metric] - other.set_index("seed")[metric]
    found, gap = described(values * SCALE[metric]), f"{metric}_gap"
    return {gap: found.mean, f"{gap}_low": found.low, f"{gap}_high": found.high}


def markdown(frame, title):
    """The table for people; what is compared with another case has its gaps beside it."""
    return f"## {title}\n\n{markdown_table(*shown(frame))}"


def shown(frame):
    """The cells of the table as text: (header, rows)."""
    compared = bool(frame["against"].any())
    header = ["Case", "Model", "Method", "Rate", "Fully diverged", "95 % interval"]
    header += ["Other labels", "AUC", "RMSE"]
    if compared:
        header += ["Against", "AUC gap", "RMSE gap"]
    rows = []
    for row in frame.itertuples():
        cells = [
            row.case,
            MODEL_NAMES[row.model],
            METHOD_NAMES[row.method],
            f"{row.rate_multiple:g}x",
            f"{row.diverged}/{row.tried}",
            share_interval(row),
            _others(row),
            number(row.auc_mean, row.auc_std, "auc"),
            number(row.rmse_mean, row.rmse_std, "rmse"),
        ]
        if compared:
            cells += [row.against or "-", *(_shown_gap(row, metric) for metric in METRICS)]
        rows.append(cells)
    return header, rows


def _others(row):
    """The runs that neither were healthy nor fully diverged, by kind."""
    counts = {kind: getattr(row, column) for column, kind in COUNTED.items() if kind != "full"}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "-"


def _shown_gap(row, metric):
    """The gap of a row of table_frame with its interval, or "-" where there is none."""
    digits = DIGITS[metric]
    value, low, high = (getattr(row, f"{metric}_gap{end}") for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "-"
    # Of one pair of runs there is no interval.
    interval = "" if pd.isna(low) else f" [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f"{value:+.{digits}f}{interval}"

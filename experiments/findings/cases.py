"""The table of a study of cases: how many runs of each diverged, and what quality was left."""

import pandas as pd

from experiments.findings.names import DIGITS, METHOD_NAMES, MODEL_NAMES, markdown_row, number
from experiments.findings.statistics import proportion
from experiments.findings.table2 import SCALE, interval

OTHER_LABELS = ("micro", "damaged", "untrained")  # kinds of divergence.Label between the two ends


def table_frame(runs, against=None):
    """One row a case.

    Args:
      runs: from CasesProtocol.run.
      against: dict from the name of a case to that of the case it is compared with, or None.
    Returns: DataFrame with case, model, method, rate_multiple, diverged, micro_diverged, damaged,
      untrained, tried, ratio, low, high (Wilson, 95 %); auc_mean, auc_std (percent), rmse_mean,
      rmse_std over the runs whose metric is defined; against, and for each metric the mean of the
      differences paired by seed with its 95 % interval by Student's t (auc_gap, auc_gap_low,
      auc_gap_high; NaN for a case that is compared with none).
    """
    against = against or {}
    cells = dict(iter(runs.groupby("case", sort=False)))
    rows = []
    for name, cell in cells.items():
        labels = cell["label"].value_counts()
        diverged, tried = int(labels.get("full", 0)), len(cell)
        ratio, low, high = proportion(diverged, tried)
        first = cell.iloc[0]
        row = {name: first[name] for name in ("model", "method", "rate_multiple")}
        row |= {"diverged": diverged, "micro_diverged": int(labels.get("micro", 0))}
        row |= {kind: int(labels.get(kind, 0)) for kind in OTHER_LABELS[1:]}
        row |= {"tried": tried, "ratio": ratio, "low": low, "high": high}
        for metric in ("auc", "rmse"):
            values = cell[metric] * SCALE[metric]
            row |= {f"{metric}_mean": values.mean(), f"{metric}_std": values.std(ddof=1)}
        other = against.get(name, "")
        row["against"] = other
        for metric in ("auc", "rmse"):
            row |= _gap(cell, cells.get(other), metric)
        rows.append({"case": name} | row)
    return pd.DataFrame(rows)


def _gap(cell, other, metric):
    """Mean and interval of a case less another, paired by seed."""
    values = pd.Series(dtype=float)
    if other is not None:
        values = cell.set_index("seed")[metric] - other.set_index("seed")[metric]
    values = values * SCALE[metric]
    found, gap = interval(values), f"{metric}_gap"
    return {gap: values.mean(), f"{gap}_low": found["low"], f"{gap}_high": found["high"]}


def markdown(frame, title):
    """The table for people; what is compared with another case has its gaps beside it.

    Args:
      frame: from table_frame.
      title: heading.
    """
    header, rows = shown(frame)
    lines = [f"## {title}", "", markdown_row(header), markdown_row(["---"] * len(header))]
    return "\n".join([*lines, *map(markdown_row, rows)]) + "\n"


def shown(frame):
    """The cells of the table as text: (header, rows).

    Args:
      frame: from table_frame.
    """
    compared = bool(frame["against"].any())
    header = ["Case", "Model", "Method", "Rate", "Fully diverged", "95 % interval"]
    header += ["Other labels", "AUC", "RMSE"]
    if compared:
        header += ["Less", "AUC gap", "RMSE gap"]
    rows = []
    for row in frame.itertuples():
        cells = [
            row.case,
            MODEL_NAMES.get(row.model, row.model),
            METHOD_NAMES.get(row.method, row.method),
            f"{row.rate_multiple:g}x",
            f"{row.diverged}/{row.tried}",
            f"{row.low:.0%} to {row.high:.0%}",
            _others(row),
            number(row.auc_mean, row.auc_std, "auc"),
            number(row.rmse_mean, row.rmse_std, "rmse"),
        ]
        if compared:
            gaps = (shown_gap(row, metric) if row.against else "-" for metric in ("auc", "rmse"))
            cells += [row.against or "-", *gaps]
        rows.append(cells)
    return header, rows


def _others(row):
    counts = zip(OTHER_LABELS, (row.micro_diverged, row.damaged, row.untrained), strict=True)
    return ", ".join(f"{count} {kind}" for kind, count in counts if count) or "-"


def shown_gap(row, metric):
    """The gap of a row of table_frame with its interval, or "-" where there is none."""
    digits = DIGITS[metric]
    value, low, high = (getattr(row, f"{metric}_gap{end}") for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "-"
    return f"{value:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"

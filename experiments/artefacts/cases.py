"""The table of a study of cases: how many runs of each diverged, and what quality was left."""

import pandas as pd

from experiments.artefacts.statistics import proportion
from experiments.artefacts.table2 import SCALE
from experiments.artefacts.tables import METHOD_NAMES, MODEL_NAMES, markdown_row, number


def table_frame(runs):
    """One row a case.

    Args:
      runs: from CasesProtocol.run.
    Returns: DataFrame with case, model, method, rate_multiple, diverged, micro_diverged, tried,
      ratio, low, high (Wilson, 95 %); auc_mean, auc_std (percent), rmse_mean, rmse_std over the
      runs whose metric is defined.
    """
    rows = []
    for name, cell in runs.groupby("case", sort=False):
        diverged, tried = int((cell["label"] == "full").sum()), len(cell)
        ratio, low, high = proportion(diverged, tried)
        first = cell.iloc[0]
        row = {name: first[name] for name in ("model", "method", "rate_multiple")}
        row |= {"diverged": diverged, "micro_diverged": int((cell["label"] == "micro").sum())}
        row |= {"tried": tried, "ratio": ratio, "low": low, "high": high}
        for metric in ("auc", "rmse"):
            values = cell[metric] * SCALE[metric]
            row |= {f"{metric}_mean": values.mean(), f"{metric}_std": values.std(ddof=1)}
        rows.append({"case": name} | row)
    return pd.DataFrame(rows)


def markdown(frame, title):
    """The table for people.

    Args:
      frame: from table_frame.
      title: heading.
    """
    header = ["Case", "Model", "Method", "Rate", "Fully diverged", "95 % interval", "AUC", "RMSE"]
    lines = [f"## {title}", "", markdown_row(header), markdown_row(["---"] * len(header))]
    for row in frame.itertuples():
        lines.append(
            markdown_row(
                [
                    row.case,
                    MODEL_NAMES.get(row.model, row.model),
                    METHOD_NAMES.get(row.method, row.method),
                    f"{row.rate_multiple:g}x",
                    f"{row.diverged}/{row.tried}",
                    f"{row.low:.0%} to {row.high:.0%}",
                    number(row.auc_mean, row.auc_std, "auc"),
                    number(row.rmse_mean, row.rmse_std, "rmse"),
                ]
            )
        )
    return "\n".join(lines) + "\n"

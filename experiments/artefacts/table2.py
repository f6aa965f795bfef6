"""Table 2 in long form, a pure function of the runs."""

import pandas as pd

from experiments.artefacts import paper
from experiments.study.selection import METRICS

SCALE = {"auc": 100.0, "rmse": 1.0}  # AUC in percent, as the paper prints it


def table_frame(runs, untreated):
    """Table 2 in long form, from the repeats alone.

    Args:
      runs: runs_frame of all jobs.
      untreated: the method that was repeated at every rate; the rate with the higher mean AUC is
        its row, so that nothing else could have made it look better.
    Returns: DataFrame with the columns of table2.csv, one row per (model, method, metric). AUC in
      percent; std is the sample standard deviation over seeds; mean and std are over the runs
      whose metric is defined, n counts all.
    """
    repeats = runs[runs["role"] == "repeat"]
    rows = []
    for (model, method), cell in repeats.groupby(["model", "method"], sort=False):
        if method == untreated:
            by_rate = cell.groupby("rate_multiple")["auc"].mean().fillna(-1.0)
            cell = cell[cell["rate_multiple"] == by_rate.idxmax()]
        for metric in METRICS:
            values = cell[metric] * SCALE[metric]
            theirs = paper.table2_cell(model, method, metric)
            rows.append(
                {
                    "model": model,
                    "method": method,
                    "metric": metric,
                    "mean": values.mean(),
                    "std": values.std(ddof=1),
                    "n": len(cell),
                    "diverged": int((cell["label"] == "full").sum()),
                    "micro_diverged": int((cell["label"] == "micro").sum()),
                    "rate_multiple": cell["rate_multiple"].iloc[0],
                    "threshold": cell["threshold"].iloc[0],
                    "paper_mean": theirs.mean,
                    "paper_std": theirs.std,
                }
            )
    return pd.DataFrame(rows)


def untreated_counts(runs, untreated):
    """How the untreated method fared at each rate.

    Returns: DataFrame with model, rate_multiple, n, diverged, micro_diverged, auc (mean, percent).
    """
    cell = runs[(runs["role"] == "repeat") & (runs["method"] == untreated)]
    grouped = cell.groupby(["model", "rate_multiple"], sort=False)
    return pd.DataFrame(
        {
            "n": grouped.size(),
            "diverged": grouped["label"].agg(lambda kinds: (kinds == "full").sum()),
            "micro_diverged": grouped["label"].agg(lambda kinds: (kinds == "micro").sum()),
            "auc": grouped["auc"].mean() * SCALE["auc"],
        }
    ).reset_index()

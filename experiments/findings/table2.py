"""Table 2 in long form, a pure function of the runs."""

import pandas as pd
from scipy.stats import t

from experiments.findings import published as paper
from experiments.studies.rows import METRICS

SCALE = {"auc": 100.0, "rmse": 1.0}  # AUC in percent, as the paper prints it


def table_frame(runs, untreated):
    """Table 2 in long form, from the repeats alone.

    Args:
      runs: runs_frame of all jobs.
      untreated: the method that was repeated at every rate; the rate with the higher mean AUC is
        its row, so that nothing else could have made it look better.
    Returns: DataFrame with the columns of table2.csv, one row per (model, method, metric). AUC in
      percent; std is the sample standard deviation over seeds; mean, std and the 95 % interval of
      the mean (low, high; Student's t) are over the runs whose metric is defined, n counts all.
    """
    repeats = runs[runs["role"] == "repeat"]
    rows = []
    for (model, method), cell in repeats.groupby(["model", "method"], sort=False):
        if method == untreated:
            by_rate = cell.groupby("rate_multiple")["auc"].mean().fillna(-1.0)
            cell = cell[cell["rate_multiple"] == by_rate.idxmax()]
        else:
            cell = cell[cell["chosen"]]
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
                    **interval(values),
                }
            )
    return pd.DataFrame(rows)


def rates_frame(runs):
    """Every repeated setting, one row each: what the doubled rate does to each method.

    Args:
      runs: runs_frame of all jobs.
    Returns: DataFrame with model, method, rate_multiple, threshold, n, diverged, micro_diverged,
      and for auc (percent) and rmse: <metric>_mean, <metric>_std, <metric>_low, <metric>_high.
    """
    repeats = runs[runs["role"] == "repeat"]
    rows = []
    cells = repeats.groupby(["model", "method", "rate_multiple"], sort=False)
    for (model, method, multiple), cell in cells:
        row = {"model": model, "method": method, "rate_multiple": multiple}
        row |= {"threshold": cell["threshold"].iloc[0], "n": len(cell)}
        for name, label in {"diverged": "full", "micro_diverged": "micro"}.items():
            row[name] = int((cell["label"] == label).sum())
        for metric in METRICS:
            values = cell[metric] * SCALE[metric]
            row |= {f"{metric}_mean": values.mean(), f"{metric}_std": values.std(ddof=1)}
            row |= {f"{metric}_{end}": value for end, value in interval(values).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def interval(values):
    """95 % interval of a mean by Student's t: dict of low and high, NaN for fewer than two values.

    Args:
      values: Series; undefined ones are left out.
    """
    values = values.dropna()
    half = values.sem(ddof=1) * t.ppf(0.975, len(values) - 1) if len(values) > 1 else float("nan")
    return {"low": values.mean() - half, "high": values.mean() + half}

"""One row a run: what tables, claims and selections are computed from."""

import pandas as pd

from data.tasks import Labelled
from experiments.training.divergence import label
from experiments.training.divergence import reported as reported_in

METRICS = {"auc": "binary", "rmse": "regression"}  # by the kind of the task that tables show


def reported(config):
    """Where the metrics that tables show stand in curves and records: those of Labelled.reported.

    Args:
      config: RunConfig.to_dict(); one without a stream has the tasks of the project.
    Returns: dict from "auc" and "rmse" to "<task>/<metric>", None without a task of that kind.
    """
    given = config.get("stream", {})
    labelled = Labelled(**{name: given[name] for name in ("tasks", "reported") if name in given})
    shown = {metric: labelled.shown(kind) for metric, kind in METRICS.items()}
    return {metric: name and f"{name}/{metric}" for metric, name in shown.items()}


def reported_of(values, config):
    """The numbers of "auc" and "rmse" among `<task>/<metric>` values, None where not defined."""
    return {metric: values.get(column) for metric, column in reported(config).items()}


def first_of_each_kind(row):
    """The numbers of "auc" and "rmse" in a row of curves, which begin with the reported tasks."""
    return {metric: row.get(reported_in(row, metric)) for metric in METRICS}


def run_row(record, curves, divergence):
    """What the curves of a RunRecord showed under a DivergenceConfig.

    Returns: dict with data_seed, seed, learning_rate; auc (in [0, 1]) and rmse of the last day,
      None where undefined; early_auc, the mean AUC of the evaluations in the first quarter of the
      run; label, label_step, onset_day (the day of that step if the label is "full", else None);
      shock_day (the first shock, of features or of labels, None without), warmup_days,
      window_days, steps, run_id.
    """
    found = label(curves, divergence)
    config = record.config
    last_step = (config["stream"]["days"] - 1) * config["trainer"]["steps_per_day"]
    early = curves[curves["step"] <= last_step / 4]
    full = found.kind == "full"
    shocks = [config["stream"].get(name) for name in ("shocks", "label_shocks")]
    auc = reported(config)["auc"]
    return {
        "data_seed": config["data_seed"],
        "seed": config["run_seed"],
        "learning_rate": config["learning_rate"],
        **reported_of(record.metrics, config),
        "early_auc": early[auc].mean() if auc in early else None,
        "label": found.kind,
        "label_step": found.step,
        "onset_day": curves.loc[curves["step"] == found.step, "day"].iloc[0] if full else None,
        "shock_day": min((day for part in shocks if part for day in part["days"]), default=None),
        "warmup_days": config["trainer"]["warmup_days"],
        "window_days": config["trainer"]["window_days"],
        "steps": record.steps,
        "run_id": record.run_id,
    }


def runs_frame(heads, records, session):
    """The `frame_of` some RunRecords; `heads` are dicts of the first columns of each."""
    store, divergence = session.study.store, session.divergence
    return frame_of(
        head | run_row(record, store.curves(record), divergence)
        for head, record in zip(heads, records, strict=True)
    )


def frame_of(rows):
    """Rows with a setting and what run_row gives, as a DataFrame; None becomes NaN."""
    frame = pd.DataFrame(rows)
    numbers = ["threshold", "rate_multiple", "auc", "rmse", "early_auc"]
    numbers += ["label_step", "onset_day", "shock_day"]
    frame[numbers] = frame[numbers].astype(float)
    return frame

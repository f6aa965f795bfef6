"""What Table 2 runs: the search, the choice it makes, the repeats that judge the choice."""

from typing import NamedTuple

import pandas as pd

from data import TASKS
from experiments.run.divergence import label
from experiments.study.grid import Setting

# Section 5.2 shows the most representative task of each kind; ours are the first of each.
METRICS = {
    "auc": next(f"{task.name}/auc" for task in TASKS if task.kind == "binary"),
    "rmse": next(f"{task.name}/rmse" for task in TASKS if task.kind == "regression"),
}


class Job(NamedTuple):
    """One run of the table: its setting, its seed, and whether it searches or judges."""

    setting: Setting
    seed: int
    role: str  # "search" or "repeat"


def search_jobs(table):
    """The search: every threshold and rate of every treated method, on the search seed."""
    return [
        Job(Setting(model, method, threshold, multiple), table.search_seed, "search")
        for model in table.models
        for method in table.methods
        if method != table.untreated
        for threshold in table.thresholds.get(method, (None,))
        for multiple in table.rate_multiples
    ]


def repeat_jobs(table, chosen):
    """The repeats: each chosen setting, and the untreated method at every rate, on fresh seeds.

    Args:
      table: Table2Config.
      chosen: Settings, from `choose`.
    """
    untreated = [
        Setting(model, table.untreated, None, multiple)
        for model in table.models
        for multiple in table.rate_multiples
    ]
    return [
        Job(setting, seed, "repeat")
        for setting in [*untreated, *chosen]
        for seed in range(table.repeats)
    ]


def likely_repeats(table):
    """The repeats, if the search were to choose the first setting of each model and method.

    Their number and their cost are right before anything has been chosen.
    """
    first = {}
    for job in search_jobs(table):
        first.setdefault((job.setting.model, job.setting.method), job.setting)
    return repeat_jobs(table, first.values())


def runs_frame(jobs, records, store, divergence):
    """One row a run: its setting, role, metrics and label.

    Args:
      jobs: Jobs.
      records: their RunRecords, in the same order.
      store: record.Store with the curves.
      divergence: DivergenceConfig.
    Returns: DataFrame with model, method, threshold, rate_multiple, learning_rate, seed, role,
      auc (in [0, 1]), rmse, label, label_step, steps, run_id; NaN where a metric is undefined.
    """
    rows = []
    for job, record in zip(jobs, records, strict=True):
        found = label(store.curves(record), divergence)
        rows.append(
            {
                **job.setting._asdict(),
                "learning_rate": record.config["learning_rate"],
                "seed": job.seed,
                "role": job.role,
                **{name: record.metrics.get(key) for name, key in METRICS.items()},
                "label": found.kind,
                "label_step": found.step,
                "steps": record.steps,
                "run_id": record.run_id,
            }
        )
    frame = pd.DataFrame(rows)
    numbers = ["threshold", "rate_multiple", "auc", "rmse", "label_step"]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def choose(search):
    """The best setting of every model and method: highest last-day AUC of the search.

    Args:
      search: runs_frame of the search alone.
    Returns: list of Settings. A run with an undefined AUC is the worst; of equal ones the first
      in the order of the grid is taken.
    """
    chosen = []
    for _, cell in search.groupby(["model", "method"], sort=False):
        best = cell.loc[cell["auc"].fillna(-1.0).idxmax()]
        threshold = None if pd.isna(best["threshold"]) else float(best["threshold"])
        chosen.append(Setting(best["model"], best["method"], threshold, best["rate_multiple"]))
    return chosen

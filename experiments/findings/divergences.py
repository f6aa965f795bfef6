"""The study of recorded divergences: its runs with what their telemetry says, from the disk."""

import pandas as pd

from experiments.findings import dynamics
from experiments.machinery.records.telemetry_store import TelemetryStore

STUDY = "divergences"


def measured_rows(runs, store, divergence):
    """The runs of the study with the columns of dynamics.

    Args:
      runs: from CasesStudy.run.
      store: record.Store of their records.
      divergence: DivergenceConfig.
    Returns: DataFrame, a copy of `runs` with dynamics.COLUMNS; NaN where a run has no telemetry or
      not all three moments.
    """
    rows = []
    for run_id in runs["run_id"]:
        record = store.read(run_id)
        curves, trainer = store.curves(record), record.config["trainer"]
        rows.append(dynamics.run_row(curves, telemetry_of(store, run_id), trainer, divergence))
    found = pd.DataFrame(rows, columns=list(dynamics.COLUMNS), dtype=float)
    return pd.concat([runs.reset_index(drop=True), found], axis=1)


def telemetry_of(store, run_id):
    """The telemetry of a run: DataFrame, or None if it has none."""
    telemetry = TelemetryStore(store.root)
    return telemetry.read(run_id) if telemetry.has(run_id) else None

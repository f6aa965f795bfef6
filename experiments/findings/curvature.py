"""The curvature around step-b in the runs of a study: one row for each run, for claim C33."""

import numpy as np
import pandas as pd

from experiments.findings import dynamics
from experiments.findings.names import METHOD_NAMES, markdown_table
from experiments.machinery.records.curvature_store import CurvatureStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.curvature import BATCHES

STUDY = "curvature"  # the study whose runs are read for claim C33
SHOCKED, UNDISTURBED = "shocked", "undisturbed"  # its cases that the claim is about
EDGE = 2.0  # of alpha_* times the rate: section 3.2
WHEN = ("usual", "peak", "struck", "at_b", "after", "applied")
COLUMNS = ("curvature_b", "curvature_c", *(f"{name}/{when}" for name in BATCHES for when in WHEN))
HEADS = {
    "usual": "usual",
    "peak": "largest up to b",
    "struck": "largest from the shock to b",
    "at_b": "at b",
    "after": "largest in the window after",
    "applied": "of these, as applied",
}


def measured_rows(runs, store, divergence, detector):
    """The runs of a study with curvature (from run_cases), with COLUMNS of it beside them.

    All of them are times the rate of the step. curvature_b and curvature_c are step-b and step-c of
    the shocked run of the same run seed, of moments.find, at which each case is looked at, and
    `<batch>/<when>` is, of the batches of Curvature: usual, the median of the measured steps from
    the end of the warmup to the first of the days that are measured closely, before which a shocked
    run and an undisturbed one are the same; peak, the largest up to b; struck, the largest from
    that day to b; at_b; after, the largest in the window of days after b; applied, the largest
    there of alpha_* with the factors of the method. NaN where a run was not measured or the shocked
    run has no b; a value that is not known is passed over.

    Args:
      store, divergence, detector: Store of the runs, DivergenceConfig, DetectorConfig.
    """
    ends = {}
    for run in runs[runs["case"] == SHOCKED].itertuples():
        ends[run.seed] = moments_of(store, run.run_id, divergence, detector)
    rows = [_row(store, run.run_id, ends.get(run.seed)) for run in runs.itertuples()]
    return dynamics.beside(runs, rows, COLUMNS)


def moments_of(store, run_id, divergence, detector):
    """The moments.Moments of a run, or None where it has no telemetry or not all three."""
    telemetry = dynamics.telemetry_of(store, run_id)
    if telemetry is None:
        return None
    evaluations = dynamics.judged(store.curves(store.read(run_id)))
    return dynamics.moments_of(evaluations, telemetry, divergence, detector)


def curvature_of(store, run_id):
    """The curvature of a run times its rate, or None if it has none that fits its telemetry.

    Returns: DataFrame of Curvature.frame, in which `largest` and `applied` are times the rate.
    """
    measured, telemetry = CurvatureStore(store.root), TelemetryStore(store.root)
    if not measured.has(run_id):
        return None
    both = (measured, telemetry) if telemetry.has(run_id) else (measured,)
    if len({each.read_sidecar(run_id)["curves_sha256"] for each in both}) > 1:
        return None  # the run was another one on the machine that measured this
    rows = measured.read(run_id)
    times_rate = {name: rows[name] * rows["learning_rate"] for name in ("largest", "applied")}
    return rows.assign(**times_rate)


def _row(store, run_id, found):
    rows = curvature_of(store, run_id)
    if rows is None:
        return {}
    measures = CurvatureStore(store.root).read_sidecar(run_id)["measures"]
    trainer = store.read(run_id).config["trainer"]
    per_day = trainer["steps_per_day"]
    warm, first = trainer["warmup_days"] * per_day, min(measures["days"], default=np.inf) * per_day
    row = {} if found is None else {"curvature_b": found.b, "curvature_c": found.c}
    for name, part in rows.groupby("batch", sort=False):
        part = part.set_index("step")
        calm = part["largest"][(part.index >= warm) & (part.index <= first)]
        row[f"{name}/usual"] = calm.median()
        if found is None:
            continue
        after = part.loc[found.b + 1 : found.b + trainer["window_days"] * per_day]
        row[f"{name}/peak"] = part["largest"].loc[: found.b].max()
        row[f"{name}/struck"] = part["largest"].loc[first + 1 : found.b].max()
        row[f"{name}/at_b"] = part["largest"].get(found.b)
        row[f"{name}/after"] = after["largest"].max()
        row[f"{name}/applied"] = after["applied"].max()
    return row


def markdown(runs):
    """A table of the medians over the runs of each case, from the rows of measured_rows."""
    header = ["Case", "Method", "Runs", "Batch", *HEADS.values()]
    lines = []
    for case, cell in runs.groupby("case", sort=False):
        for name in BATCHES:
            values = [cell[f"{name}/{when}"].median() for when in HEADS]
            shown = ["-" if pd.isna(value) else f"{value:.3g}" for value in values]
            about = [case, METHOD_NAMES[cell["method"].iloc[0]], len(cell), name]
            lines.append([*about, *shown])
    text = (
        "\nThe largest eigenvalue of the preconditioned Hessian times the rate; 2 is the edge. "
        "Medians over runs. b is that of the shocked run of the same run seed.\n\n"
    )
    return text + markdown_table(header, lines)

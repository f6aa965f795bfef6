"""The telemetry of runs at step-a, step-b and step-c: one row for each run, for claims."""

import numpy as np
import pandas as pd

from data.tasks import Labelled
from experiments.errors import NotDefined
from experiments.findings import moments
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.divergence import CHANCE, judged_auc
from experiments.training.onset import events_of

STUDY = "divergences"  # the study whose runs are read for claims C20 to C27
# The layers of Figures 4, 6 and 8, lowest first; the outputs are of the tasks that tables show.
CLASSIFICATION, REGRESSION = (f"head_{Labelled().shown(kind)}" for kind in ("binary", "regression"))
LAYERS = ("cross", "bottom_hidden", "top_hidden", CLASSIFICATION, REGRESSION)
# What GC, AGC and Clippy look at (section 4.1), least sensitive first.
MEASURES = ("grad_norm", "grad_over_weight", "update_over_weight")
# Clippy's is that of Algorithm 1; _eq4 that of Equation 4 with 0.1, as in Figure 4b.
FACTORS = ("sigma_gc", "sigma_agc", "sigma_clippy", "sigma_clippy_eq4")
NORMS = ("b", "c", "after_c")  # where the gradient norm is held against its usual size

MOMENT_COLUMNS = ("step_a", "step_b", "step_c", "healthy_at_a", "auc_falls_at_b", "chance_from_c")
COLUMNS = (
    "days_at_chance",
    *MOMENT_COLUMNS,
    *(f"{layer}/grad_norm_{moment}" for layer in LAYERS for moment in NORMS),
    *(f"{layer}/{measure}_rise" for layer in LAYERS for measure in MEASURES),
    *(f"{layer}/{factor}_b" for layer in LAYERS for factor in FACTORS),
    *(f"{layer}/sigma_mean" for layer in LAYERS),
)


def measured_rows(runs, store, divergence, telemetry):
    """The runs of the study (from Session.run_cases), with COLUMNS of their telemetry in `store`.

    NaN stands where a run has no telemetry or not all three moments. `divergence` is the
    DivergenceConfig, `telemetry` the TelemetryConfig of the study: what another study measured of
    a run is not read.
    Raises: NotDefined where runs on a stream with other tasks have other output layers.
    """
    rows = []
    for run_id in runs["run_id"]:
        record, measured = store.read(run_id), telemetry_of(store, run_id, telemetry)
        missing = [] if measured is None else missing_layers(measured)
        if missing:
            why = f"{run_id} has no layer {missing[0]}: expected the tasks of configs/base.gin"
            raise NotDefined(f"{STUDY}: not defined on this stream: {why}")
        curves, trainer = store.curves(record), record.config["trainer"]
        rows.append(run_row(curves, measured, trainer, divergence, telemetry.detector))
    return beside(runs, rows, COLUMNS)


def beside(runs, rows, columns):
    """Runs with further columns: `rows` has for each run a dict of those numbers that are known."""
    found = pd.DataFrame(rows, columns=list(columns), dtype=float)
    return pd.concat([runs.reset_index(drop=True), found], axis=1)


def missing_layers(telemetry):
    """Those of LAYERS that a telemetry does not have."""
    return [layer for layer in LAYERS if f"{layer}/sigma" not in telemetry]


def telemetry_of(store, run_id, config=None):
    """The telemetry of a run: DataFrame, or None if it has none, or none as `config` asks for."""
    telemetry = TelemetryStore(store.root)
    return telemetry.read(run_id) if telemetry.has(run_id, config) else None


def judged(curves):
    """Step and AUC of the judged task at each evaluation; an undefined AUC counts as chance."""
    auc = judged_auc(curves).astype(float).fillna(CHANCE)
    return curves[["step"]].assign(auc=auc)


def moments_of(evaluations, telemetry, divergence, detector):
    """The moments.Moments of a run from its `judged` curves and its telemetry, or None."""
    return moments.find(events_of(telemetry.to_dict("records"), detector), evaluations, divergence)


def run_row(curves, telemetry, trainer, divergence, detector):
    """What claims C20 to C27 ask of one run.

    Args:
      curves, telemetry: DataFrames, one row an evaluation and one a step; the latter may be None.
      trainer, divergence, detector: dict of its TrainerConfig, DivergenceConfig, DetectorConfig.
    Returns: dict with those of COLUMNS that are known: days_at_chance of every run; with telemetry
      `<layer>/sigma_mean`, the mean over all steps of the factor that the run's own method applied;
      of a run with all three moments also MOMENT_COLUMNS (0 or 1 where they say whether), and by
      layer the gradient norm at b, at c and (its median) in the window after c, over its median
      in the window before a; the rise of each measure from a to b as a ratio; each factor at b.
    """
    evaluations, steps_per_day = judged(curves), trainer["steps_per_day"]
    row = {"days_at_chance": moments.days_at_chance(evaluations, divergence, steps_per_day)}
    if telemetry is None:
        return row
    row |= {f"{layer}/sigma_mean": telemetry[f"{layer}/sigma"].mean() for layer in LAYERS}
    window = trainer["window_days"] * steps_per_day
    found = moments_of(evaluations, telemetry, divergence, detector)
    if found is None:
        return row
    row |= _shape(evaluations, found, divergence)
    at = telemetry.set_index("step")
    for layer in LAYERS:
        row |= _layer(at, layer, found, window)
    return row


def _shape(evaluations, found, divergence):
    """Whether the run went as section 4.1 tells it."""
    auc = evaluations.set_index("step")["auc"]
    best, at_a = auc.loc[: found.a].max(), auc.loc[found.a]
    end = auc.loc[found.c :]
    healthy = at_a - CHANCE >= divergence.least_lift and at_a >= best - divergence.auc_drop
    return {f"step_{name}": step for name, step in found._asdict().items()} | {
        "healthy_at_a": float(healthy),
        "auc_falls_at_b": float(auc.loc[found.b :].iloc[0] < at_a),
        "chance_from_c": float((abs(end - CHANCE) <= divergence.auc_drop).all()),
    }


def _layer(at, layer, found, window):
    norms = at[f"{layer}/grad_norm"]
    usual = norms.loc[found.a - window + 1 : found.a].median()
    after_c = norms.loc[found.c : found.c + window - 1].median()
    there = zip(NORMS, (norms.loc[found.b], norms.loc[found.c], after_c), strict=True)
    row = {f"{layer}/grad_norm_{name}": norm / usual for name, norm in there}
    for measure in MEASURES:
        values = at[f"{layer}/{measure}"]
        with np.errstate(divide="ignore", invalid="ignore"):
            row[f"{layer}/{measure}_rise"] = values.loc[found.b] / values.loc[found.a]
    for factor in FACTORS:
        row[f"{layer}/{factor}_b"] = at.at[found.b, f"{layer}/{factor}"]
    return {name: float(value) if np.isfinite(value) else np.nan for name, value in row.items()}

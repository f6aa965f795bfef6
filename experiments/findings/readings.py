"""What the telemetry of untreated runs reads while they are healthy, by loss scale and rate."""

import numpy as np

from experiments.findings.dynamics import beside, telemetry_of
from experiments.findings.names import METHOD_NAMES, SCALE, markdown_table
from experiments.studies.search import SHARED
from experiments.training.divergence import judged_auc

STUDY = "readings"
GUARDS = ("gc", "agc", "clippy")  # rules of the study's telemetry, at their largest thresholds
MEASURED = ("steps_read", "auc_read", "norm", *(f"clips_{rule}" for rule in GUARDS))


def measured_rows(runs, store):
    """The runs of the study (from run_cases) with MEASURED, what telemetry tells before a shock.

    Read are the steps at the full rate, up to the first shock and, in a run that diverged, up to
    the last evaluation ahead of the one that dates this. steps_read is their number and auc_read
    the AUC at the last evaluation there; norm the largest median gradient norm of the labels
    SHARED; clips_<rule> the share of these steps at which the rule's factor is below 1 for at
    least one kernel of the layers that all tasks share. NaN stands where a run is not measured or
    has no such step or evaluation.
    """
    return beside(runs, [_row(run, store) for run in runs.itertuples()], MEASURED)


def _row(run, store):
    rows = telemetry_of(store, run.run_id)
    if rows is None:
        return {}
    record = store.read(run.run_id)
    curves, trainer = store.curves(record), record.config["trainer"]
    shocked = run.shock_day * trainer["steps_per_day"]
    lost = run.label_step - trainer["evaluate_every_steps"]
    if run.label == "untrained":  # it has no date
        lost = np.nan
    end = np.nanmin([shocked, lost, run.steps])
    full_rate = rows["learning_rate"] == rows["learning_rate"].max()
    healthy = rows[full_rate & (rows["step"] <= end)]
    if healthy.empty:
        return {}
    norms = healthy[[f"{layer}/grad_norm" for layer in SHARED]]
    row = {"steps_read": len(healthy), "norm": norms.median().max()}
    row["auc_read"] = next(iter(judged_auc(curves[curves["step"] <= end])[::-1]), np.nan)
    return row | {f"clips_{rule}": (healthy[f"shared/sigma_{rule}"] < 1).mean() for rule in GUARDS}


def markdown(runs):
    """The table of the rows of `measured_rows`, one row a loss and rate, means over data seeds."""
    axes = runs["case"].str.extract(r"loss=(?P<loss>[\d.]+), rate_multiple=(?P<rate>[\d.]+)")
    lines = []
    for regime, cell in runs.join(axes.astype(float)).groupby(["loss", "rate"]):
        read = cell.dropna(subset=["norm"])
        about = [*(f"{each:g}" for each in regime), f"{len(read)} of {len(cell)}"]
        shares = [_mean(read[f"clips_{rule}"], "{:.0f} %", 100) for rule in GUARDS]
        auc, norm = _mean(read["auc_read"], "{:.1f}", SCALE["auc"]), _mean(read["norm"], "{:.2g}")
        full = f"{cell['label'].eq('full').sum()}/{len(cell)}"
        lines.append([*about, auc, norm, *shares, full])
    clips = [f"{METHOD_NAMES[rule]} clips" for rule in GUARDS]  # AGC is that of Eq. 3 here
    header = ["Loss", "Rate", "Runs read", "AUC there", "Gradient norm", *clips, "Fully diverged"]
    return markdown_table(header, lines)


def _mean(values, form, scale=1):
    return form.format(scale * values.mean()) if len(values) else "-"

"""Which method pays in which regime: runs over loss scale, shock and rate in, tables out."""

import numpy as np
import pandas as pd

from experiments.findings.dynamics import telemetry_of
from experiments.findings.names import METHOD_NAMES, markdown_table
from experiments.studies.search import SHARED
from experiments.training.divergence import CHANCE

STUDY = "regimes"
REGIME = ["loss", "shock", "rate_multiple"]  # factors on the losses, on shocked labels, and on 1x
UNTREATED, OURS = "naive", "clippy"
GUARDS = ("gc", "agc", "clippy")  # the rules of the study's telemetry
MEASURED = ("steps_read", "norm", *(f"clips_{rule}" for rule in GUARDS))


def measured_rows(runs, store):
    """The runs of the study (from run_cases) with MEASURED, what telemetry tells of healthy steps.

    These are the steps at the full rate, before the first shock and, in a run that is not healthy
    at the end, before the last evaluation ahead of the one that dates this. steps_read is their
    number; norm the largest median gradient norm of a shared layer; clips_<rule> the share of
    these steps at which the rule's factor is below 1 in at least one shared layer. NaN stands
    where a run is not measured or has no such step.
    """
    found = [_readings(run, store) for run in runs.itertuples()]
    measured = pd.DataFrame(found, columns=list(MEASURED), dtype=float)
    return pd.concat([runs.reset_index(drop=True), measured], axis=1)


def _readings(run, store):
    rows = telemetry_of(store, run.run_id)
    if rows is None:
        return {}
    trainer = store.read(run.run_id).config["trainer"]
    ends = (
        run.shock_day * trainer["steps_per_day"],
        run.label_step - trainer["evaluate_every_steps"],
    )
    full_rate = rows["learning_rate"] == rows["learning_rate"].max()
    healthy = rows[full_rate & ~(rows["step"] > np.fmin(*ends))]
    if healthy.empty:
        return {}
    norms = healthy[[f"{layer}/grad_norm" for layer in SHARED]]
    row = {"steps_read": len(healthy), "norm": norms.median().max()}
    for rule in GUARDS:
        factors = healthy[[f"{layer}/sigma_{rule}" for layer in SHARED]]
        row[f"clips_{rule}"] = (factors < 1).any(axis=1).mean()
    return row


def chosen(runs):
    """Each method in each regime, at the threshold with the best mean AUC there.

    Args:
      runs: rows of the study, of one data seed or of several.
    Returns: DataFrame in the order of the study with the columns REGIME (floats), method,
      threshold (NaN for a method without), auc (mean in [0, 1]; one that is undefined counts as
      chance), full (full divergences) and n (runs).
    """
    rows = _with_axes(runs)
    rows = rows.assign(auc=rows["auc"].fillna(CHANCE), full=rows["label"].eq("full"))
    by = [*REGIME, "method", "threshold"]
    cells = rows.groupby(by, sort=False, dropna=False)
    found = cells.agg(auc=("auc", "mean"), full=("full", "sum"), n=("auc", "size")).reset_index()
    best = found.groupby([*REGIME, "method"], sort=False)["auc"].idxmax()
    return found.loc[best].reset_index(drop=True)


def _with_axes(runs):
    names = runs["case"].map(lambda case: dict(part.split("=") for part in case.split(", ")))
    return runs.assign(**{axis: names.str[axis].astype(float) for axis in ("loss", "shock")})


def page(runs, title):
    """The page of the study: the map of these runs and what telemetry reads."""
    return f"## {title}\n\n{markdown(runs)}\nHealthy steps of untreated runs:\n\n{readings(runs)}"


def markdown(runs):
    """The map as a table: one row a regime, with Clippy less the best other method in points."""
    lines, rows = [], chosen(runs)
    methods = list(rows["method"].unique())
    for regime, part in rows.groupby(REGIME, sort=True):
        cells = part.set_index("method")
        others = cells["auc"].drop([UNTREATED, OURS])
        gap = 100 * (cells.loc[OURS, "auc"] - others.max())
        texts = [_cell(cell) for _, cell in cells.loc[methods].iterrows()]
        against = f"{gap:+.2f} ({METHOD_NAMES[others.idxmax()]})"
        lines.append([*(f"{each:g}" for each in regime), *texts, against])
    heads = [METHOD_NAMES[method] for method in methods]
    return markdown_table(["Loss", "Shock", "Rate", *heads, "Clippy less the best other"], lines)


def readings(runs):
    """What the untreated runs of `measured_rows` tell before a shock, one row a loss and rate.

    Runs of all sizes of shock and of all data seeds are taken together: a median of norms, and
    means of shares.
    """
    rows = _with_axes(runs).dropna(subset=["norm"])
    lines = []
    for regime, cell in rows.groupby(["loss", "rate_multiple"]):
        shares = [f"{100 * cell[f'clips_{rule}'].mean():.0f} %" for rule in GUARDS]
        about = [f"{each:g}" for each in regime]
        lines.append([*about, str(len(cell)), f"{cell['norm'].median():.2g}", *shares])
    clips = [f"{METHOD_NAMES[rule]} would clip" for rule in GUARDS]
    return markdown_table(["Loss", "Rate", "Runs", "Layer's gradient norm", *clips], lines)


def _cell(cell):
    text = f"{100 * cell['auc']:.2f}"
    text += "" if np.isnan(cell["threshold"]) else f" ({cell['threshold']:g})"
    full = f", {int(cell['full'])}/{int(cell['n'])} diverge" if cell["full"] else ""
    return text + full

"""The online detector against the labels from evaluation AUC: records in, rates out."""

import dataclasses

import numpy as np
import pandas as pd

from experiments.errors import BadInput
from experiments.findings.dynamics import telemetry_of
from experiments.findings.names import markdown_table
from experiments.findings.statistics import proportion
from experiments.findings.symptoms import events_of
from experiments.machinery.records.files import write_whole
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.training.divergence import label

# What the detector is shown. "curves" is all that records without telemetry have.
SOURCES = {
    "telemetry": "losses of the tasks and a gradient norm, every step",
    "loss": "the training loss alone, every step",
    "curves": "the worst training loss between two evaluations, one row an evaluation",
}
POSITIVE = {"full": ("full",), "any": ("micro", "damaged", "full")}
COLUMNS = ("run_id", "model", "method", "data_seed", "source", "label", "label_step")
COLUMNS += ("said", "said_step", "onset", "delay")
HEADER = ("Shown to it", "Divergence", "Runs", "Labelled", "Said", "Hits")
HEADER += ("Precision", "Recall", "Median delay (steps)")


def write_detector(options):
    """Writes detector.{csv,md} of one data seed from records alone; returns detector.md as text.

    Raises: BadInput if there is no run.
    """
    store = options.store(options.data_seed)
    divergence, config = divergence_config(), telemetry_config().detector
    rows = []
    for record in store.records():
        if record.status != "crashed":
            telemetry = telemetry_of(store, record.run_id)
            rows += rows_of(record, store.curves(record), telemetry, divergence, config)
    if not rows:
        raise BadInput(f"{store.runs}: no runs: expected some; make run or a study leaves them")
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("label_step", "said_step", "onset", "delay"):
        frame[name] = frame[name].astype("Int64")
    text = markdown(frame)
    write_whole(store.root / "detector.csv", frame.to_csv(index=False).encode())
    write_whole(store.root / "detector.md", text.encode())
    return text


def rows_of(record, curves, telemetry, divergence, config):
    """What the detector says of one run, once for each source that the run has.

    Args:
      record, curves, telemetry: of the run; it may have no telemetry.
      divergence, config: DivergenceConfig of the label and DetectorConfig.
    Returns: list of dicts with COLUMNS. `said` is "full", "micro" for an episode that ended or that
      the run ended in, or "healthy"; `delay` counts steps from the evaluation that dates the label
      to the step at which the detector said it, and is negative where the detector was first.
    """
    truth = label(curves, divergence)
    events = {"curves": _in_rows(curves, config)}
    if telemetry is not None:
        for name, columns in {"telemetry": slice(None), "loss": ["step", "loss"]}.items():
            events[name] = events_of(telemetry.loc[:, columns].to_dict("records"), config)
    about = {
        "run_id": record.run_id,
        "model": record.config["model"]["name"],
        "method": record.config["method"]["name"],
        "data_seed": record.config["data_seed"],
        "label": truth.kind,
        "label_step": truth.step,
    }
    return [about | {"source": name} | _said(found, truth) for name, found in events.items()]


def _in_rows(curves, config):
    """The events of a detector that sees one row an evaluation, its steps counted in rows."""
    every = max(1, int(curves["step"].diff().median())) if len(curves) > 1 else 1
    steps = ("median_steps", "calm_steps", "patience_steps", "dead_steps")
    scaled = {name: max(1, round(getattr(config, name) / every)) for name in steps}
    rows = [{"step": row.step, "loss": row.worst_loss} for row in curves.itertuples()]
    return events_of(rows, dataclasses.replace(config, **scaled))


def _said(events, truth):
    if not events:
        return {"said": "healthy", "said_step": None, "onset": None, "delay": None}
    first = next((event for event in events if event.kind == "full"), events[0])
    kind = "full" if first.kind == "full" else "micro"
    delay = None if truth.step is None else first.step - truth.step
    return {"said": kind, "said_step": first.step, "onset": first.onset, "delay": delay}


def summary(rows):
    """Precision, recall and delay for each source, of full divergences and of any.

    A run of the rows, in COLUMNS, is a hit where label and detector agree that it diverged, fully
    or at all; when is not asked. The columns: source, of, runs, positive, said, hits, precision,
    recall, their 95 % Wilson intervals, the median delay of the hits in steps; NaN where undefined.
    """
    found = []
    for source, group in rows.groupby("source", sort=False):
        for of, kinds in POSITIVE.items():
            true, said = group["label"].isin(kinds), group["said"].isin(kinds)
            hits = true & said
            entry = {"source": source, "of": of, "runs": len(group)}
            entry |= {"positive": true.sum(), "said": said.sum(), "hits": hits.sum()}
            for name, n in {"precision": said.sum(), "recall": true.sum()}.items():
                share = proportion(hits.sum(), n)
                entry |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
            found.append(entry | {"median_delay": group.loc[hits, "delay"].astype(float).median()})
    return pd.DataFrame(found)


def markdown(rows):
    """The table of `summary` as a person reads it."""
    return f"""# The online detector against the labels

Labels are those of `experiments/training/divergence.py`, from the AUC of the last day. A run
is a hit if both say that it diverged. Delay: from the evaluation that dates the label to
the step at which the detector said it; negative is earlier. Intervals: 95 %, Wilson.
Shocks raise the training loss of every run, so that it tells little alone.

{markdown_table(HEADER, shown(rows))}"""


def shown(rows):
    """Yields the cells of summary's rows as text, in the order of HEADER."""
    for row in summary(rows).itertuples():
        delay = "-" if np.isnan(row.median_delay) else f"{row.median_delay:g}"
        cells = [SOURCES[row.source], row.of, row.runs, row.positive, row.said, row.hits]
        cells += [_share(row, "precision"), _share(row, "recall"), delay]
        yield [str(cell) for cell in cells]


def _share(row, name):
    value, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    return "-" if np.isnan(value) else f"{value:.2f} ({low:.2f} to {high:.2f})"

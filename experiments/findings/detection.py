"""The online detector against the labels from evaluation AUC: records in, rates out."""

import numpy as np
import pandas as pd

from experiments.errors import BadInput
from experiments.findings.dynamics import telemetry_of
from experiments.findings.names import markdown_table
from experiments.findings.statistics import proportion
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.training.divergence import label
from experiments.training.onset import events_of

# What the detector is shown of a run with telemetry.
SOURCES = {
    "telemetry": "losses, gradients, steps and dead units, every step",
    "loss": "the training loss alone, every step",
}
# What counts as a divergence: the labels, and what the detector has to say.
POSITIVE = {
    "full": (("full",), ("full",)),
    "lasting": (("full", "damaged"), ("full",)),
    "any": (("full", "damaged", "micro"), ("full", "micro")),
}
COLUMNS = ("run_id", "model", "method", "data_seed", "source", "label", "label_step")
COLUMNS += ("said", "said_step", "onset", "sign", "delay", "near", "steps", "episodes")
HEADER = ("Shown to it", "Divergence", "Runs", "Labelled", "Said", "Hits")
HEADER += ("Dated alike", "Precision", "Recall", "Delay in steps: median, p90", "False alarms")


def write_detector(options):
    """Writes detector.{csv,md} of one data seed from records alone; returns detector.md as text.

    Runs on other data seeds, as those of the calibration, have no say, and neither have those
    without telemetry, or with telemetry of other bits than the record's. Raises: BadInput if there
    is no other.
    """
    store = options.store(options.data_seed)
    divergence, config = divergence_config(), telemetry_config().detector
    rows, twins = [], 0
    for record in store.records():
        if record.status == "crashed" or record.config["data_seed"] != options.data_seed:
            continue
        telemetry = telemetry_of(store, record.run_id)
        if telemetry is None:
            continue
        if TelemetryStore(store.root).is_of(record):
            rows += rows_of(record, store.curves(record), telemetry, divergence, config)
        else:
            twins += 1
    if not rows:
        expected = "expected some; make study STUDY=configs/studies/detection.gin leaves them"
        raise BadInput(f"{store.runs}: no runs with telemetry: {expected}")
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("label_step", "said_step", "onset", "delay"):
        frame[name] = frame[name].astype("Int64")
    text = markdown(frame)
    if twins:
        text += f"\nRuns left out, because they were measured where their bits differ: {twins}.\n"
    write_whole(store.root / "detector.csv", frame.to_csv(index=False).encode())
    write_whole(store.root / "detector.md", text.encode())
    return text


def rows_of(record, curves, telemetry, divergence, config):
    """What the detector says of one run, once for each of SOURCES.

    Args:
      record, curves, telemetry: of the run.
      divergence, config: DivergenceConfig of the label and DetectorConfig.
    Returns: list of dicts with COLUMNS. `said` is "full", "micro" for an episode that ended or that
      the run ended in, or "healthy"; `episodes` is how many began. `delay` counts steps from the
      evaluation that dates the label to the step at which the detector said it, and is negative
      where the detector was first. `near` is whether the onset lies within `patience_steps` of that
      evaluation: an episode that is as long as that is a full divergence.
    """
    truth = label(curves, divergence)
    events = {
        name: events_of(telemetry.loc[:, columns].to_dict("records"), config)
        for name, columns in {"telemetry": slice(None), "loss": ["step", "loss"]}.items()
    }
    about = {
        "run_id": record.run_id,
        "model": record.config["model"]["name"],
        "method": record.config["method"]["name"],
        "data_seed": record.config["data_seed"],
        "label": truth.kind,
        "label_step": truth.step,
        "steps": int(curves["step"].iloc[-1]),
    }
    near = config.patience_steps
    return [about | {"source": name} | _said(found, truth, near) for name, found in events.items()]


def _said(events, truth, near):
    said = dict.fromkeys(("said_step", "onset", "sign", "delay"))
    said |= {"said": "healthy", "near": False}
    said["episodes"] = sum(event.kind == "jump" for event in events)
    if not events:
        return said
    first = next((event for event in events if event.kind == "full"), events[0])
    said |= {"said": "full" if first.kind == "full" else "micro", "said_step": first.step}
    said |= {"onset": first.onset, "sign": first.sign}
    if truth.step is not None:
        said["delay"] = first.step - truth.step
        said["near"] = abs(first.onset - truth.step) <= near
    return said


def summary(rows):
    """Precision, recall, delay and false alarms for each source and each of POSITIVE.

    A run of the rows, in COLUMNS, is a hit where label and detector agree that it diverged. The
    columns: source, of, runs, positive, said, hits, those of them dated alike (`near`), precision,
    recall, their 95 % Wilson intervals; median and 90th percentile of the delay of the hits in
    steps; false_alarms in 1,000 steps of healthy runs, of events "full" or, of any divergence, of
    episodes. NaN where undefined.
    """
    found = []
    for source, group in rows.groupby("source", sort=False):
        healthy = group[group["label"] == "healthy"]
        for of, (labels, kinds) in POSITIVE.items():
            true, said = group["label"].isin(labels), group["said"].isin(kinds)
            hits = true & said
            entry = {"source": source, "of": of, "runs": len(group)}
            entry |= {"positive": true.sum(), "said": said.sum(), "hits": hits.sum()}
            entry["dated"] = (hits & group["near"]).sum()
            for name, n in {"precision": said.sum(), "recall": true.sum()}.items():
                share = proportion(hits.sum(), n)
                entry |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
            delays = group.loc[hits, "delay"].astype(float)
            entry |= {"median_delay": delays.median(), "p90_delay": delays.quantile(0.9)}
            alarms = healthy["episodes"] if of == "any" else healthy["said"].eq("full")
            steps = healthy["steps"].sum()
            entry["false_alarms"] = 1000 * alarms.sum() / steps if steps else np.nan
            found.append(entry)
    return pd.DataFrame(found)


def markdown(rows):
    """The table of `summary` as a person reads it."""
    return f"""# The online detector against the labels

Labels are those of `experiments/training/divergence.py`, from the AUC of the last day. A run
is a hit if both say that it diverged, fully, with lasting harm (fully, or damaged), or at all,
and dated alike if the detector's onset lies within its patience of the evaluation that dates the
label. Delay: from the evaluation that dates the label to the step at which the detector said it;
negative is earlier. False alarms: in 1,000 steps of healthy runs, what the detector called a
full divergence, or in the rows "any" an episode. Intervals: 95 %, Wilson.

{markdown_table(HEADER, shown(rows))}"""


def shown(rows):
    """Yields the cells of summary's rows as text, in the order of HEADER."""
    for row in summary(rows).itertuples():
        cells = [SOURCES[row.source], row.of, row.runs, row.positive, row.said, row.hits, row.dated]
        cells += [_share(row, "precision"), _share(row, "recall")]
        delay = f"{row.median_delay:g}, {row.p90_delay:g}"
        cells += ["-" if np.isnan(row.median_delay) else delay]
        cells += ["-" if np.isnan(row.false_alarms) else f"{row.false_alarms:.2g}"]
        yield [str(cell) for cell in cells]


def _share(row, name):
    value, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    return "-" if np.isnan(value) else f"{value:.2f} ({low:.2f} to {high:.2f})"

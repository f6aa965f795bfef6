"""What went wrong in a recorded run, in a few plain lines."""

from typing import NamedTuple

import pandas as pd

from experiments.findings import symptoms
from experiments.training.detector import SIGNS
from experiments.training.divergence import label, never_learned
from experiments.training.onset import event_of, events_of

SHOWN = 3  # ours: features or labels named
ENDS = {"full": "certain", "micro": "over", "jump": "seen"}  # what happened at an event's step
ENDS |= {"lost": "the loss came back without the AUC"}  # a "micro" of a run that is lost
RESCUERS = {"adagrad": "clippy", "adam": "clippy_adam"}  # by optimizer


class Diagnosis(NamedTuple):
    """What the doctor found.

    culprit: one of CULPRITS; name: the column, the id or the layer it is about, or "".
    lines: the report.
    """

    culprit: str
    name: str
    lines: tuple[str, ...]


CULPRITS = {  # what is said of each, by its name and the learning rate
    "input": "the input {name}",
    "label": "the label {name}",
    "id": "the rows with {name}",
    "batch": "one batch: its loss or gradient exploded before any layer had moved far",
    "layer": "the layer {name}: it died before any layer had moved far",
    "rate": "the learning rate {rate:.4g}",
    "unknown": "not found",
    "none": "none",
}


def diagnose(config, frame, curves, day_rows, divergence, detector, same_bits=True):
    """Looks at a run's telemetry, curves and days: Diagnosis.

    Args:
      config: RunConfig.
      frame, curves: its telemetry, one row a step, and its curves, one row an evaluation.
      day_rows: function from a day of its stream to its rows.
      divergence, detector: DivergenceConfig and DetectorConfig.
      same_bits: whether the telemetry is of a run with the bits of the record.
    """
    found = label(curves, divergence)
    head = [f"{config.run_id}: {found.kind}"]
    if never_learned(curves, divergence):
        least = divergence.least_lift
        head.append(f"it never learned: its AUC was never {least:g} above chance")
    if not same_bits:
        head.append("this machine rounds otherwise than the record's: what follows is of a twin")
    events = events_of(frame.to_dict("records"), detector)
    event = event_of(events, curves, divergence, detector)
    if event is None and found.kind == "healthy":
        return Diagnosis("none", "", (*head, "no step shows a divergence"))
    if event is None:
        seen = f"no step shows an onset; the evaluation of step {found.step} dates the label"
        if events:  # a run that its curves have lost may die later
            late = events[0]
            seen += f"; the first sign is at step {late.onset}: {SIGNS[late.sign]}"
        return Diagnosis("unknown", "", (*head, seen, *_advice("unknown", "", config)))
    ends = ENDS["lost" if (found.kind, event.kind) == ("full", "micro") else event.kind]
    return _of_event(event, ends, head, config, frame, day_rows, detector)


def _of_event(event, ends, head, config, frame, day_rows, detector):
    day = int(frame.loc[frame["step"] == event.onset, "day"].iloc[0])
    head.append(
        f"onset at step {event.onset}, day {day}: {SIGNS[event.sign]}; {ends} at step {event.step}"
    )
    lines = [*head, *_movement(frame, event.onset), _shock(config, day)]
    data_lines, culprit, name = _data(config, day_rows, day)
    lines += [*data_lines, _dying(frame, event.onset)]
    step = symptoms.largest_step(frame, event.onset)
    if step.name:
        lines.append(
            f"largest step before: {step.name} moved by {step.ratio:.2g} of its norm at step "
            f"{step.at}"
        )
    if culprit is None:
        culprit, name = _without_data(event, frame, step, detector)
    lines += [_factors(frame, event.onset), *_advice(culprit, name, config)]
    return Diagnosis(culprit, name, tuple(lines))


def _without_data(event, frame, step, detector):
    """(culprit, name) where no day of the window is out of range.

    A large step before the onset is that of a rate. Without one, what the onset shows was not
    brought about by steps: a batch whose loss explodes, or a layer that is dead at once.
    """
    if step.ratio > detector.large_step or event.sign == "step":
        return "rate", ""
    if event.sign in ("number", "loss", "gradient"):
        return "batch", ""
    dead = symptoms.dead_after(frame, event.onset)
    return ("layer", next(iter(dead))) if dead else ("unknown", "")


def _movement(frame, onset):
    layer = symptoms.moved_first(frame, onset, "/grad_norm$", symptoms.LAYER_MOVED)
    task = symptoms.moved_first(frame, onset, "^loss/")
    return [
        f"first {what} to move: "
        + ("none" if it is None else f"{it.name}, {it.ratio:.3g} times its usual at {it.at}")
        for what, it in {"layer (gradient norm)": layer, "task (loss)": task}.items()
    ]


def _shock(config, day):
    first = day - config.trainer.window_days + 1
    found = [
        f"{name} on day {shock}"
        for name, part in config.stream.known_shocks.items()
        for shock in part.days
        if first <= shock <= day
    ]
    return "shocks in the window: " + (", ".join(found) or "none")


def _data(config, day_rows, day):
    """Lines about inputs and labels, the culprit among them or None, and its name."""
    first = max(0, day - config.trainer.window_days + 1)
    # Compared with all days so far: their median is that of the healthy ones.
    days, earlier = list(range(first, day + 1)), list(range(day + 1))
    stream = config.stream
    inputs = symptoms.input_outliers(stream, day_rows, days, earlier)
    labels = symptoms.label_outliers(stream, day_rows, days, earlier)
    lines = [f"inputs out of range: {_named(inputs)}", f"labels out of range: {_named(labels)}"]
    if not inputs and not labels:
        return lines, None, ""
    # A label changes its scale by less than an input does: each is judged by its own limit.
    of_input = _excess(inputs, symptoms.RANGE) >= _excess(labels, symptoms.LABEL_RANGE)
    culprit, worst = ("input", inputs[0]) if of_input else ("label", labels[0])
    field, names = ("dense", stream.dense_names) if of_input else ("labels", dict(stream.tasks))
    rows = day_rows(worst.at)[: symptoms.ROWS]
    which = symptoms.same_id(stream, rows, rows[field][:, list(names).index(worst.name)])
    if which:
        return [*lines, f"the rows out of range share the id {which}"], "id", which
    return lines, culprit, worst.name


def _excess(outliers, limit):
    if not outliers:
        return -1.0
    ratio = outliers[0].ratio
    return max(ratio, 1 / ratio) / limit if 0 < ratio < float("inf") else float("inf")


def _named(outliers):
    shown = [f"{item.name} x{item.ratio:.3g} on day {item.at}" for item in outliers[:SHOWN]]
    more = len(outliers) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")


def _dying(frame, onset):
    shown = [
        f"{name} {'?' if pd.isna(before) else f'{before:.0%}'} -> {after:.0%}"
        for name, (before, after) in symptoms.dead_after(frame, onset).items()
    ]
    return "dead units: " + (", ".join(shown) or "no layer has lost most of its units")


def _factors(frame, onset):
    found = symptoms.factors_at(frame, onset)
    shown = [f"{rule} {factor:.2g} ({where})" for rule, (factor, where) in found.items()]
    return "smallest factor each rule gives there: " + (", ".join(shown) or "not measured")


def _advice(culprit, name, config):
    replay, rate = f"make replay RUN={config.run_id}", config.learning_rate
    remedies = {
        "input": f"mend or clip {name}; ",
        "label": f"mend the label {name}; ",
        "id": f"mend or leave out the rows with {name}; ",
        "rate": f"{replay} RATE={rate / 10:.3g}; warmup; ",
    }
    said = CULPRITS[culprit].format(name=name, rate=rate)
    rescuer = RESCUERS.get(config.method.optimizer)
    if rescuer and config.method.rule != "clippy":
        replay += f" METHOD={rescuer}"
    return [f"culprit: {said}", f"try: {remedies.get(culprit, '')}{replay}"]


def words_path(store, run_id):
    """Where the doctor's words on a run lie, beside its record in a record.Store."""
    return store.runs / f"{run_id}.doctor.txt"

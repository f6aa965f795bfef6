"""What went wrong in a recorded run, in a few plain lines."""

from typing import NamedTuple

from experiments.findings import symptoms

SHOWN = 3  # ours: features or labels named


class Diagnosis(NamedTuple):
    """What the doctor found.

    culprit: "input", "label", "rate", "none" or "unknown"; name: the column it is about, or "".
    lines: the report.
    """

    culprit: str
    name: str
    lines: tuple[str, ...]


def diagnose(config, frame, kind, day_rows, detector, same_bits=True):
    """Looks at a run's telemetry and days: Diagnosis.

    Args:
      config, detector: RunConfig and DetectorConfig.
      frame: its telemetry, one row a step.
      kind: the label of its record.
      day_rows: function from a day of its stream to its rows.
      same_bits: whether the telemetry is of a run with the bits of the record.
    """
    head = [f"{config.run_id}: {kind}"]
    if not same_bits:
        head.append("this machine rounds otherwise than the record's: what follows is of a twin")
    event = symptoms.worst_event(frame, detector)
    if event is None:
        return Diagnosis("none", "", (*head, "the detector saw no divergence while it trained"))
    day = int(frame.loc[frame["step"] == event.onset, "day"].iloc[0])
    head.append(
        f"first bad step {event.onset}, day {day}; {event.kind!r} was certain at step {event.step}"
    )
    lines = [*head, *_movement(frame, event.onset), _shock(config, day)]
    data_lines, culprit, name = _data(config, day_rows, day)
    lines += [*data_lines, _dying(frame, event.onset)]
    step = symptoms.largest_step(frame, event.onset)
    if step.name:
        lines.append(
            f"largest step: {step.name} moved by {step.ratio:.2g} of its norm at step {step.at}"
        )
    if culprit is None:
        culprit = "rate" if step.ratio > symptoms.LARGE_STEP else "unknown"
    lines += [_factors(frame, event.onset), *_advice(culprit, name, config)]
    return Diagnosis(culprit, name, tuple(lines))


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
    inputs = symptoms.input_outliers(config.stream, day_rows, days, earlier)
    labels = symptoms.label_outliers(config.stream, day_rows, days, earlier)
    lines = [f"inputs out of range: {_named(inputs)}", f"labels out of range: {_named(labels)}"]
    if not inputs and not labels:
        return lines, None, ""
    # A label changes its scale by less than an input does: each is judged by its own limit.
    if _excess(inputs, symptoms.RANGE) >= _excess(labels, symptoms.LABEL_RANGE):
        return lines, "input", inputs[0].name
    return lines, "label", labels[0].name


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
        f"{name} {'?' if before is None else f'{before:.0%}'} -> {after:.0%}"
        for name, (before, after) in symptoms.dead_after(frame, onset).items()
    ]
    return "dead units: " + (", ".join(shown) or "no layer has lost most of its units")


def _factors(frame, onset):
    found = symptoms.factors_at(frame, onset)
    shown = [f"{rule} {factor:.2g} ({where})" for rule, (factor, where) in found.items()]
    return "smallest factor each rule gives there: " + (", ".join(shown) or "not measured")


def _advice(culprit, name, config):
    replay, rate = f"make replay RUN={config.run_id}", config.learning_rate
    said, remedy = {
        "input": (f"the input {name}", f"mend or clip {name}; "),
        "label": (f"the label {name}", f"mend the label {name}; "),
        "rate": (f"the learning rate {rate:.4g}", f"{replay} RATE={rate / 10:.3g}; warmup; "),
        "unknown": ("not found", ""),
    }[culprit]
    return [f"culprit: {said}", f"try: {remedy}{replay} METHOD=clippy"]


def words_path(store, run_id):
    """Where the doctor's words on a run lie, beside its record in a record.Store."""
    return store.runs / f"{run_id}.doctor.txt"

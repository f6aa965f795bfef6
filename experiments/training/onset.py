"""The onset of a recorded run: the event of the detector in whose episode it was lost."""

from experiments.training.detector import Detector, see_row
from experiments.training.divergence import label, never_learned


def events_of(rows, config):
    """The events that a Detector of a DetectorConfig sees in rows of telemetry."""
    detector = Detector(config)
    return [event for row in rows if (event := see_row(detector, row))]


def dated(events, step):
    """The event in whose episode a run was lost that its curves show to be lost at `step`: Event.

    That is the full divergence if one began by then, or else the last episode that did. Without a
    `step`, of a run that lives, the first that ended. None if there is no such event.
    """
    if step is None:
        return next((event for event in events if event.kind != "jump"), None)
    begun = [event for event in events if event.onset <= step]
    full = [event for event in begun if event.kind == "full"]
    return next(iter(full + begun[::-1]), None)


def event_of(events, curves, divergence, detector):
    """The event that dates a run by its curves and a DivergenceConfig, as `dated`: Event or None.

    The AUC of a run that never learned dates nothing: its full divergence does, or its first event.
    Such a run may explode again and again, calm for a day in between. An episode that begins within
    the calm_steps of the DetectorConfig after another goes on with it, and has its onset.
    """
    if not never_learned(curves, divergence):
        return dated(events, label(curves, divergence).step)
    full = [event for event in events if event.kind == "full"]
    last = next(iter(full + events), None)
    for event in reversed(events):
        if event.kind == "micro" and 0 < last.onset - event.step <= detector.calm_steps:
            last = last._replace(onset=event.onset, sign=event.sign)
    return last

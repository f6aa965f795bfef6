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


def event_of(events, curves, divergence):
    """The event that dates a run by its curves and a DivergenceConfig, as `dated`: Event or None.

    The AUC of a run that never learned dates nothing: its full divergence does, or its first event.
    """
    if never_learned(curves, divergence):
        full = [event for event in events if event.kind == "full"]
        return next(iter(full + events), None)
    return dated(events, label(curves, divergence).step)

"""Which snapshot a flight recorder saves."""

import types

import pytest

from experiments.training.detector import Event
from experiments.training.flight_recorder import FlightRecorder, RecorderConfig


def saved_by(events, steps=200):
    """The steps of the snapshots that a recorder saves, with events {step: Event}."""
    config = RecorderConfig(every_steps=10, snapshots=5, lead_steps=12)
    saved = []
    recorder = FlightRecorder(config, lambda held, event: saved.append((held.step, event.kind)))
    program = types.SimpleNamespace(snapshot=lambda step: types.SimpleNamespace(step=step))
    for step in range(steps):
        recorder.before(types.SimpleNamespace(step=step, program=program))
        if step + 1 in events:
            recorder.fired(events[step + 1])
    return saved


def test_a_full_divergence_takes_the_place_of_a_micro_one():
    said = [("jump", 55, 55), ("micro", 70, 55), ("jump", 120, 120), ("full", 190, 120)]
    # 107 is the last step early enough for an onset at 120; it is held until the end is known.
    assert saved_by({event[1]: Event(*event, "loss") for event in said}) == [
        (40, "jump"),
        (100, "full"),
    ]


def test_a_late_detector_gets_the_oldest_snapshot():
    assert saved_by({150: Event("full", 150, 20, "loss")}) == [(100, "full")]
    assert saved_by({3: Event("full", 3, 2, "loss")}) == [(0, "full")]


@pytest.mark.parametrize("field, value", [("every_steps", 0), ("snapshots", 0), ("lead_steps", -1)])
def test_bad_values_are_refused(field, value):
    good = {"every_steps": 10, "snapshots": 5, "lead_steps": 12}
    with pytest.raises(ValueError, match=f"RecorderConfig.{field} = {value}: expected"):
        RecorderConfig(**good | {field: value})

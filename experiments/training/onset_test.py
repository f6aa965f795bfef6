"""Which of the detector's events dates a run that its curves show to be lost."""

import types

import pandas as pd
import pytest

from experiments.training import onset
from experiments.training.detector import Event
from experiments.training.divergence import DivergenceConfig

CONFIG = DivergenceConfig(
    lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
DETECTOR = types.SimpleNamespace(calm_steps=9)
JUMP, MICRO = Event("jump", 13, 13, "loss"), Event("micro", 30, 13, "loss")
LATER, FULL = Event("jump", 40, 40, "step"), Event("full", 60, 40, "step")


@pytest.mark.parametrize(
    "events, step, expected",
    [
        ([JUMP, MICRO, LATER, FULL], 48, FULL),
        ([JUMP, MICRO, LATER, FULL], 39, MICRO),  # the full one began after the curves had lost it
        ([JUMP, MICRO, LATER], 48, LATER),
        ([JUMP, MICRO, LATER, FULL], None, MICRO),
        ([JUMP], None, None),
        ([LATER, FULL], 12, None),
        ([], 48, None),
    ],
)
def test_a_label_is_dated_by_the_episode_in_which_the_run_was_lost(events, step, expected):
    assert onset.dated(events, step) == expected


@pytest.mark.parametrize(
    "auc, expected",
    [
        ([0.6, 0.7, 0.5, 0.5], MICRO),  # lost at step 36, before the second episode
        ([0.6, 0.7, 0.7, 0.5], FULL),
        ([0.6, 0.7, 0.7, 0.7], MICRO),  # which lives
        ([0.51, 0.52, 0.5, 0.5], FULL),  # which never learned
    ],
)
def test_curves_choose_the_event(auc, expected):
    curves = pd.DataFrame({"step": [12, 24, 36, 48], "loss": 1.0, "worst_loss": 1.0})
    curves = curves.assign(**{"click/auc": auc, "click/log_loss": 0.6})
    events = [JUMP, MICRO, LATER, FULL]
    assert onset.event_of(events, curves, CONFIG, DETECTOR) == expected
    never = curves.assign(**{"click/auc": 0.5})
    assert onset.event_of(events[:3], never, CONFIG, DETECTOR) == JUMP
    assert onset.event_of([], never, CONFIG, DETECTOR) is None


def test_in_a_run_that_never_learned_episodes_without_calm_between_them_are_one():
    curves = pd.DataFrame({"step": [12, 24], "loss": 1.0, "worst_loss": 1.0, "click/auc": 0.5})
    curves = curves.assign(**{"click/log_loss": 0.6})
    first = [Event("jump", 1, 1, "death"), Event("micro", 2, 1, "death")]
    events = [*first, JUMP, MICRO, LATER, FULL]  # the last begins 10 steps after MICRO ended

    def found(calm_steps):
        return onset.event_of(events, curves, CONFIG, types.SimpleNamespace(calm_steps=calm_steps))

    assert found(9) == FULL
    assert found(10) == FULL._replace(onset=13, sign="loss")
    assert found(11) == FULL._replace(onset=1, sign="death")  # MICRO began 11 after the first ended

"""The online detector on series whose kind a reader can see."""

from unittest import mock

import numpy as np
import pytest

from experiments.training.detector import SIGNS, Detector, DetectorConfig, see_row

CONFIG = DetectorConfig(
    median_steps=24,
    loss_jump=1.5,
    gradient_jump=30.0,
    large_step=0.2,
    dead_units=0.5,
    calm=1.1,
    calm_steps=6,
    patience_steps=40,
    gradient_lost=1e-3,
    dead_steps=8,
)
STEPS = 200


def series():
    """Three task losses that fall slowly with a little noise, and a steady gradient norm."""
    rng = np.random.default_rng(0)
    falling = 1 - 0.3 * np.arange(STEPS) / STEPS
    losses = np.array([[1.0], [0.6], [2.0]]) * falling + rng.normal(0, 0.01, (3, STEPS))
    return losses.T, 1.0 + 0.2 * rng.random(STEPS)


S, INF, NAN = np.s_, np.inf, np.nan
JUMP, LOST_AT_100 = ("jump", 100, 100), [("full", 107, 100)]

SERIES = {  # (steps, factor) on the losses, (steps, value) of the norm, events; steps from 0
    "a healthy run": ([], [], []),
    # At step 107 two of the six losses judged are of the spike, and their median is not.
    "a spike that recovers": ([(S[99:103], 5)], [], [JUMP, ("micro", 107, 100)]),
    "repeated spikes": (
        *([(S[[49, 99, 149]], 4)], []),
        [event for at in (50, 100, 150) for event in (("jump", at, at), ("micro", at + 6, at))],
    ),
    "a slow drift": ([(S[:], np.linspace(1, 6, STEPS)[:, None])], [], []),
    "a loss that stays high": ([(S[99:], 3)], [], [JUMP, ("full", 140, 100)]),
    "one bad task alone": ([(S[99:, 2], 50)], [], []),
    "a loss that is infinite": ([(S[99, 1], INF)], [], [("full", 100, 100)]),
    "a loss that is no number": ([(S[99, 1], NAN)], [], [("full", 100, 100)]),
    "a dead network of low loss": ([], [(S[99:], 0)], LOST_AT_100),
    "a death by a spike": ([(S[96:98], 9)], [(S[99:], 0)], [("jump", 97, 97), ("full", 107, 97)]),
    "a gradient lost for a moment": ([], [(S[99:105], 0)], []),
    "a norm that jumps alone": ([], [(99, 60)], [JUMP, ("micro", 106, 100)]),
    # A norm that is not finite becomes no usual one, with which later norms are compared.
    "a first norm that is infinite": ([], [(0, INF)], []),
    "a first norm that is no number": ([], [(0, NAN)], []),
    "infinite norms, then a dead network": ([], [(S[:3], INF), (S[99:], 0)], LOST_AT_100),
    "norms that are no numbers, then one": ([], [(S[:3], NAN), (S[99:], 0)], LOST_AT_100),
    "a later norm that is infinite": ([], [(99, INF)], [JUMP, ("micro", 106, 100)]),
    "a later norm that is no number": ([], [(99, NAN)], [JUMP, ("micro", 106, 100)]),
    "an infinite norm among lost ones": (
        *([], [(S[99:111], 0), (105, INF)]),
        [("jump", 106, 106), ("micro", 112, 106)],
    ),
}


@pytest.mark.parametrize("factors, values, events", SERIES.values(), ids=SERIES)
def test_a_series_has_the_events_that_a_reader_sees(factors, values, events):
    losses, norms = series()
    for steps, factor in factors:
        losses[steps] *= factor
    for steps, value in values:
        norms[steps] = value
    detector = Detector(CONFIG)
    found = [detector.see(i + 1, list(losses[i]), norms[i]) for i in range(STEPS)]
    assert [event[:3] for event in found if event is not None] == events


LARGE, DEAD = 0.21, 0.51  # just above the limits

SHOWN = {  # what steps from 100 on show beside healthy losses, and the events
    "a step at the limit": ({"moved": [0.2]}, []),
    "a large step": ({"moved": [LARGE]}, [("jump", 100, 100), ("micro", 106, 100)]),
    "a step that is no number": ({"moved": [NAN]}, [("jump", 100, 100), ("micro", 106, 100)]),
    "half of the units of a layer": ({"dead": [0.5] * 20}, []),
    "a layer that dies": ({"dead": [DEAD] * 8}, [("jump", 100, 100), ("full", 107, 100)]),
    # In half of the last eight steps, so that the median is between a living layer and a dead one.
    "a layer that lives again": (
        {"dead": [DEAD] * 4},
        [("jump", 100, 100), ("micro", 106, 100)],
    ),
    "a large step after which a layer dies": (
        {"moved": [LARGE], "dead": [0.1, 0.1, 0.1, *[DEAD] * 8]},
        [("jump", 100, 100), ("full", 107, 100)],
    ),
}
SIGN_OF = {"moved": "step", "dead": "death"}


@pytest.mark.parametrize("shown, events", SHOWN.values(), ids=SHOWN)
def test_steps_and_units_tell_what_losses_do_not(shown, events):
    losses, norms = series()
    detector, found = Detector(CONFIG), []
    for i in range(STEPS):
        there = {
            name: values[i - 99] for name, values in shown.items() if 0 <= i - 99 < len(values)
        }
        found.append(detector.see(i + 1, list(losses[i]), norms[i], **there))
    found = [event for event in found if event is not None]
    assert [event[:3] for event in found] == events
    assert {event.sign for event in found} <= {SIGN_OF[next(iter(shown))]}


@pytest.mark.parametrize(
    "sign, step",
    [
        ("number", {"losses": [1.0, INF, 1.0]}),
        ("loss", {"losses": [2.0, 2.0, 1.0], "gradient_norm": 100.0, "moved": 1.0}),
        ("gradient", {"losses": [1.0] * 3, "gradient_norm": 100.0, "moved": 1.0, "dead": 1.0}),
        ("step", {"losses": [1.0] * 3, "moved": 1.0, "dead": 1.0}),
        ("death", {"losses": [1.0] * 3, "dead": 1.0}),
    ],
)
def test_an_event_says_by_which_sign_it_was_seen(sign, step):
    detector = Detector(CONFIG)
    for usual in range(1, 30):
        assert detector.see(usual, [1.0] * 3, 1.0, 0.01, 0.0) is None
    assert detector.see(30, **step).sign == sign
    assert sign in SIGNS


def test_of_two_middle_tasks_the_lower_one_counts():
    for hit, expected in (([1, 1, 9, 9], []), ([1, 9, 9, 9], ["jump"])):
        detector = Detector(CONFIG)
        for step in range(1, 20):
            assert detector.see(step, [1.0] * 4) is None
        found = detector.see(20, hit)
        assert [found.kind for found in [found] if found] == expected


def test_a_run_of_steps_with_a_lost_gradient_is_dated_by_its_first():
    detector = Detector(CONFIG)
    found = [detector.see(step, [1.0], 1.0 if step < 50 else 0.0) for step in range(1, 80)]
    assert [event for event in found if event] == [("full", 57, 50, "lost")]


def test_a_row_gives_the_layer_that_moves_farthest_and_the_one_with_most_dead_units():
    row = {"step": 1, "loss": 1.0, "learning_rate": 0.5, "dead/hidden_0": 0.1, "dead/hidden_1": 0.3}
    sizes = {"cross": (0.5, 3.0, 10.0), "top_hidden": (1.0, 2.0, 4.0), "head_click": (1, 9, 1)}
    for layer, (sigma, update, weight) in sizes.items():
        row |= {f"{layer}/sigma": sigma, f"{layer}/update_norm": update}
        row |= {f"{layer}/weight_norm": weight, f"{layer}/grad_norm": 1.0}
    seen = mock.Mock()
    see_row(seen, row)
    seen.see.assert_called_once_with(1, [1.0], None, 0.25, 0.3)
    see_row(seen, row | {"cross/weight_norm": 0.0})
    assert seen.see.call_args.args[3] == INF
    see_row(seen, {"step": 2, "loss": 1.0})
    assert seen.see.call_args.args == (2, [1.0], None, None, None)


def test_a_gradient_that_the_method_holds_back_is_no_event():
    detector = Detector(CONFIG)
    for step in range(1, 50):
        spike = 1000.0 if step == 40 else 1.0
        row = {"step": step, "loss": 1.0}  # the sum, which serves where no other is known
        row |= {"bottom_hidden/grad_norm": spike, "bottom_hidden/sigma": 1 / spike}
        assert see_row(detector, row) is None
    assert see_row(detector, {"step": 50, "loss": 2.0}).kind == "jump"


@pytest.mark.parametrize(
    "field, value",
    [
        *((field, 0) for field in ("median_steps", "calm_steps", "patience_steps", "dead_steps")),
        *(("loss_jump", 1), ("calm", 2.0), ("gradient_jump", 0.5), ("gradient_lost", 0)),
        *(("large_step", 0), ("dead_units", 0)),
    ],
)
def test_a_threshold_out_of_range_is_refused(field, value):
    with pytest.raises(ValueError, match=f"DetectorConfig.{field} = {value}: expected"):
        DetectorConfig(**{**vars(CONFIG), field: value})

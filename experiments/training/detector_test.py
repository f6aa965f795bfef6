"""The online detector on series whose kind a reader can see."""

import numpy as np
import pytest

from experiments.training.detector import Detector, DetectorConfig, see_row

CONFIG = DetectorConfig(
    median_steps=24,
    loss_jump=1.5,
    gradient_jump=30.0,
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


def events_of(losses, norms=None):
    detector = Detector(CONFIG)
    norms = [None] * len(losses) if norms is None else norms
    found = [detector.see(i + 1, list(losses[i]), norms[i]) for i in range(len(losses))]
    return [tuple(event) for event in found if event is not None]


def test_a_healthy_run_has_no_event():
    assert events_of(*series()) == []


def test_a_spike_that_recovers_is_micro():
    losses, norms = series()
    losses[99:103] *= 5
    # At step 107 two of the six losses judged are of the spike, and their median is not.
    assert events_of(losses, norms) == [("jump", 100, 100), ("micro", 107, 100)]


def test_repeated_spikes_are_told_apart():
    losses, norms = series()
    losses[[49, 99, 149]] *= 4
    kinds = [(kind, onset) for kind, _, onset in events_of(losses, norms)]
    assert kinds == [(kind, at) for at in (50, 100, 150) for kind in ("jump", "micro")]


def test_a_slow_drift_is_none():
    losses, norms = series()
    assert events_of(losses * np.linspace(1, 6, STEPS)[:, None], norms) == []


def test_a_loss_that_stays_high_is_full():
    losses, norms = series()
    losses[99:] *= 3
    assert events_of(losses, norms) == [("jump", 100, 100), ("full", 140, 100)]


def test_a_dead_network_is_full_although_its_loss_is_low():
    losses, norms = series()
    norms[99:] = 0
    assert events_of(losses, norms) == [("full", 107, 100)]


def test_a_network_that_dies_of_a_spike_is_dated_by_the_spike():
    losses, norms = series()
    losses[96:98] *= 9
    norms[99:] = 0
    assert events_of(losses, norms) == [("jump", 97, 97), ("full", 107, 97)]


def test_a_gradient_that_is_lost_for_a_moment_is_none():
    losses, norms = series()
    norms[99:105] = 0
    assert events_of(losses, norms) == []


def test_a_gradient_that_jumps_alone_is_an_episode():
    losses, norms = series()
    norms[99] = 60
    assert events_of(losses, norms) == [("jump", 100, 100), ("micro", 106, 100)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_first_norm_that_is_not_finite_is_no_usual_one(value):
    losses, norms = series()
    norms[0] = value
    assert events_of(losses, norms) == []
    norms[1:3] = value
    norms[99:] = 0  # the usual norm is that of the finite steps
    assert events_of(losses, norms) == [("full", 107, 100)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_later_norm_that_is_not_finite_is_a_jump_and_no_usual_one(value):
    losses, norms = series()
    norms[99] = value
    assert events_of(losses, norms) == [("jump", 100, 100), ("micro", 106, 100)]
    norms[106:] = 0
    assert events_of(losses, norms)[2:] == [("full", 114, 107)]


def test_a_norm_that_is_not_finite_breaks_a_row_of_lost_gradients():
    losses, norms = series()
    norms[99:111] = 0
    norms[105] = np.inf
    kinds = [kind for kind, _, _ in events_of(losses, norms)]
    assert kinds == ["jump", "micro"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_full_at_once(value):
    losses, norms = series()
    losses[99, 1] = value
    assert events_of(losses, norms) == [("full", 100, 100)]


def test_one_bad_task_alone_is_no_divergence():
    losses, norms = series()
    losses[99:, 2] *= 50
    assert events_of(losses, norms) == []


def test_the_sum_of_the_losses_serves_where_nothing_else_is_known():
    losses, _ = series()
    losses[99:103] *= 5
    kinds = [kind for kind, _, _ in events_of(losses.sum(axis=1, keepdims=True))]
    assert kinds == ["jump", "micro"]


def test_a_gradient_that_the_method_holds_back_is_no_event():
    detector = Detector(CONFIG)
    for step in range(1, 50):
        spike = 1000.0 if step == 40 else 1.0
        row = {"step": step, "loss": 1.0, "loss/click": 1.0}
        row |= {"bottom_hidden/grad_norm": spike, "bottom_hidden/sigma": 1 / spike}
        assert see_row(detector, row) is None


@pytest.mark.parametrize(
    "field, value",
    [
        *((field, 0) for field in ("median_steps", "calm_steps", "patience_steps", "dead_steps")),
        *(("loss_jump", 1), ("calm", 2.0), ("gradient_jump", 0.5), ("gradient_lost", 0)),
    ],
)
def test_a_threshold_out_of_range_is_refused(field, value):
    with pytest.raises(ValueError, match=f"DetectorConfig.{field} = {value}: expected"):
        DetectorConfig(**{**vars(CONFIG), field: value})

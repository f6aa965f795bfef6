"""Labels of hand-made curves whose kind a reader can see."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from experiments.training.divergence import DivergenceConfig, label

CONFIG = DivergenceConfig(
    lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)


def curves(auc, worst=None, loss=None):
    """Curves with an evaluation every 10 steps; without a jump unless `worst` has one."""
    rows = len(auc)
    loss = np.full(rows, 1.0) if loss is None else np.array(loss, float)
    return pd.DataFrame(
        {
            "step": 10 * np.arange(1, rows + 1),
            "loss": loss,
            "worst_loss": 1.2 * loss if worst is None else np.array(worst, float),
            "click/auc": np.array(auc, float),
            "like/auc": 0.7,  # a healthy second task, which must not hide what the first shows
            "click/log_loss": 0.6,
        }
    )


RISING = [0.60, 0.65, 0.68, 0.70, 0.71, 0.72]


def test_a_rising_curve_is_healthy():
    assert label(curves(RISING), CONFIG) == ("healthy", None)


def test_a_spike_that_recovers_is_micro():
    found = label(curves([0.6, 0.7, 0.62, 0.7, 0.72], worst=[1, 1, 9, 1, 1]), CONFIG)
    assert found == ("micro", 30)


def test_a_drop_at_the_evaluation_after_the_jump_is_micro():
    found = label(curves([0.6, 0.7, 0.7, 0.62, 0.72], worst=[1, 1, 9, 1, 1]), CONFIG)
    assert found == ("micro", 40)


def test_repeated_spikes_are_dated_by_the_first():
    auc, worst = [0.6, 0.7, 0.62, 0.7, 0.63, 0.71], [1, 1, 9, 1, 9, 1]
    assert label(curves(auc, worst), CONFIG) == ("micro", 30)


def test_a_jump_without_a_drop_is_healthy():
    assert label(curves(RISING, worst=[1, 1, 9, 1, 1, 1]), CONFIG).kind == "healthy"


def test_a_slow_decay_without_a_jump_is_drift():
    assert label(curves([0.72, 0.70, 0.68, 0.66, 0.64]), CONFIG).kind == "healthy"


def test_a_rise_of_the_loss_over_many_evaluations_is_no_jump():
    loss = [1.0, 1.3, 1.7, 2.2, 2.8]
    assert label(curves([0.72, 0.70, 0.68, 0.66, 0.64], loss, loss), CONFIG).kind == "healthy"


def test_a_fall_to_chance_that_stays_is_full():
    found = label(curves([0.6, 0.7, 0.51, 0.5, 0.5], worst=[1, 1, 9, 1, 1]), CONFIG)
    assert found == ("full", 30)


def test_a_fall_to_chance_that_recovers_is_not_full():
    found = label(curves([0.6, 0.7, 0.51, 0.69, 0.7], worst=[1, 1, 9, 1, 1]), CONFIG)
    assert found == ("micro", 30)


def test_a_fall_at_the_last_evaluation_is_full():
    assert label(curves([0.6, 0.7, 0.72, 0.55]), CONFIG) == ("full", 40)


def test_a_drop_that_stays_above_chance_is_damage():
    found = label(curves([0.6, 0.7, 0.64, 0.65, 0.65], worst=[1, 1, 9, 1, 1]), CONFIG)
    assert found == ("damaged", 30)


def test_chance_from_the_start_with_a_blown_up_loss_is_full():
    blown = curves([0.5, 0.505, 0.51, 0.5], worst=[1e9, 1, 1, 1], loss=[1e8, 1, 1, 1])
    assert label(blown, CONFIG) == ("full", 10)


def test_chance_from_the_start_to_the_end_is_full_without_a_blow_up():
    assert label(curves([0.44, 0.505, 0.51, 0.5]), CONFIG) == ("full", 10)
    assert label(curves([0.5, 0.505, 0.51, 0.519]), CONFIG) == ("full", 10)


def test_a_slow_rise_with_a_flat_loss_is_untrained():
    assert label(curves([0.5, 0.505, 0.51, 0.521]), CONFIG) == ("untrained", 10)


def test_a_shock_that_an_untrained_model_sees_is_no_blow_up():
    shocked = curves([0.5, 0.505, 0.51, 0.53], worst=[1, 3.2, 1, 1])
    assert label(shocked, CONFIG) == ("untrained", 10)


def test_a_late_blow_up_does_not_date_a_run_that_never_left_chance():
    late = curves([0.5, 0.505, 0.51, 0.5], worst=[1, 1, 9, 90], loss=[1, 1, 2, 9])
    assert label(late, CONFIG) == ("full", 10)


def test_a_run_below_chance_throughout_never_left_it():
    assert label(curves([0.49, 0.48, 0.45]), CONFIG) == ("full", 10)


AUCS = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0])
LOSSES = st.just(1.0) | st.floats(0, 1e9) | st.sampled_from([np.inf, np.nan])


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True, database=None)
@hypothesis.given(rows=st.lists(st.tuples(AUCS, LOSSES), min_size=1, max_size=6))
def test_every_curve_has_a_label_and_a_step_of_its_own(rows):
    auc, worst = zip(*rows, strict=True)
    found = label(curves(auc, worst=worst), CONFIG)
    assert (found.step is None) == (found.kind == "healthy")
    assert found.step is None or found.step in curves(auc)["step"].to_list()


def test_a_small_lift_that_is_lost_is_full_without_a_blow_up():
    assert label(curves([0.53, 0.54, 0.53, 0.50, 0.51]), CONFIG) == ("full", 40)


def test_a_loss_within_the_noise_dates_nothing():
    assert label(curves([0.54, 0.51, 0.51]), CONFIG) == ("full", 20)
    assert label(curves([0.525, 0.51, 0.51]), CONFIG) == ("full", 10)


def test_a_blow_up_that_is_hardly_recovered_from_is_full():
    creeping = curves([0.5, 0.5, 0.51, 0.53], worst=[28, 1, 1, 1])
    assert label(creeping, CONFIG) == ("full", 10)


def test_without_a_binary_task_only_numbers_that_are_not_finite_count():
    numbers = pd.DataFrame({"step": [10, 20], "loss": 1.0, "worst_loss": 1.1, "rating/rmse": 1.0})
    assert label(numbers, CONFIG) == ("healthy", None)
    assert label(numbers.assign(worst_loss=[1.1, np.inf]), CONFIG) == ("full", 20)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_full(value):
    assert label(curves([0.6, 0.7, 0.7], worst=[1, 1, value]), CONFIG) == ("full", 30)


def test_predictions_that_are_not_finite_are_full():
    broken = curves([0.6, 0.7, np.nan]).assign(**{"click/log_loss": [0.6, 0.6, np.nan]})
    assert label(broken, CONFIG) == ("full", 30)


def test_an_auc_that_is_undefined_for_want_of_a_class_is_left_out():
    rare = curves([0.6, 0.7, 0.7]).assign(**{"like/auc": np.nan})
    assert label(rare, CONFIG) == ("healthy", None)


def test_the_thresholds_move_the_label():
    spiked = curves([0.6, 0.7, 0.62, 0.7, 0.72], worst=[1, 1, 9, 1, 1])
    strict = DivergenceConfig(
        lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=10.0, auc_drop=0.02, median_rows=5
    )
    assert label(spiked, strict).kind == "healthy"


@pytest.mark.parametrize(
    "field, value",
    [
        ("lift_lost", 0),
        ("lift_lost", 1.5),
        ("least_lift", "a"),
        ("loss_jump", 1),
        ("blow_up", 0.5),
        ("auc_drop", 0.51),
        ("median_rows", 0),
        ("median_rows", 2.0),
    ],
)
def test_bad_thresholds_are_refused_by_name(field, value):
    good = {"lift_lost": 0.5, "least_lift": 0.05, "loss_jump": 2.0, "auc_drop": 0.02}
    good["blow_up"] = 4.0
    with pytest.raises(ValueError, match=f"DivergenceConfig.{field} = {value!r}: allowed"):
        DivergenceConfig(**{**good, "median_rows": 5, field: value})

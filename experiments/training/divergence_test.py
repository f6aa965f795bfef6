"""Labels of hand-made curves whose kind a reader can see."""

import dataclasses

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from experiments.training.divergence import DivergenceConfig, judged_auc, label, reported_auc

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


RISING, DECAY = [0.60, 0.65, 0.68, 0.70, 0.71, 0.72], [0.72, 0.70, 0.68, 0.66, 0.64]
SLOW_RISE = [1.0, 1.3, 1.7, 2.2, 2.8]

CASES = {  # auc, worst loss, loss, label
    "a rising curve": (RISING, None, None, ("healthy", None)),
    "a jump without a drop": (RISING, [1, 1, 9, 1, 1, 1], None, ("healthy", None)),
    "a slow decay without a jump is drift": (DECAY, None, None, ("healthy", None)),
    "a rise over many evaluations is no jump": (DECAY, SLOW_RISE, SLOW_RISE, ("healthy", None)),
    "a spike that recovers": ([0.6, 0.7, 0.62, 0.7, 0.72], [1, 1, 9, 1, 1], None, ("micro", 30)),
    "a drop after the jump": ([0.6, 0.7, 0.7, 0.62, 0.72], [1, 1, 9, 1, 1], None, ("micro", 40)),
    "repeated spikes": ([0.6, 0.7, 0.62, 0.7, 0.63, 0.71], [1, 1, 9, 1, 9, 1], None, ("micro", 30)),
    "chance for a moment": ([0.6, 0.7, 0.51, 0.69, 0.7], [1, 1, 9, 1, 1], None, ("micro", 30)),
    "a drop that stays": ([0.6, 0.7, 0.64, 0.65, 0.65], [1, 1, 9, 1, 1], None, ("damaged", 30)),
    "chance for good": ([0.6, 0.7, 0.51, 0.5, 0.5], [1, 1, 9, 1, 1], None, ("full", 30)),
    "a fall at the last evaluation": ([0.6, 0.7, 0.72, 0.55], None, None, ("full", 40)),
    "a small lift that is lost": ([0.53, 0.54, 0.53, 0.50, 0.51], None, None, ("full", 40)),
    "a small loss of lift": ([0.54, 0.51, 0.51], None, None, ("full", 20)),
    "a loss of lift within the noise": ([0.525, 0.51, 0.51], None, None, ("full", 10)),
    "a blow-up at once": ([0.5, 0.505, 0.51, 0.5], [1e9, 1, 1, 1], [1e8, 1, 1, 1], ("full", 10)),
    # It dates nothing.
    "a late blow-up": ([0.5, 0.505, 0.51, 0.5], [1, 1, 9, 90], [1, 1, 2, 9], ("full", 10)),
    "a loss that stays up": ([0.5, 0.5, 0.51, 0.53], None, [1, 1, 1, 4.1], ("full", 10)),
    "a shock of the labels": ([0.5, 0.5, 0.51, 0.53], [1, 28, 1, 1], None, ("untrained", 10)),
    # What came back for a while, above half of the lift, had not come back.
    "a fall in two steps": ([0.6, 0.7, 0.55, 0.62, 0.5], None, None, ("full", 30)),
    "a second fall": ([0.6, 0.7, 0.55, 0.69, 0.62, 0.5], None, None, ("full", 60)),
    "chance throughout": ([0.44, 0.505, 0.51, 0.519], None, None, ("full", 10)),
    "below chance throughout": ([0.49, 0.48, 0.45], None, None, ("full", 10)),
    "a slow rise": ([0.5, 0.505, 0.51, 0.521], None, None, ("untrained", 10)),
    "a shock and a slow rise": ([0.5, 0.505, 0.51, 0.53], [1, 3.2, 1, 1], None, ("untrained", 10)),
    "a loss that is infinite": ([0.6, 0.7, 0.7], [1, 1, np.inf], None, ("full", 30)),
    "a loss that is no number": ([0.6, 0.7, 0.7], [1, np.nan, 1], None, ("full", 20)),
}


@pytest.mark.parametrize("auc, worst, loss, expected", CASES.values(), ids=CASES)
def test_a_run_has_the_label_of_its_curves(auc, worst, loss, expected):
    assert label(curves(auc, worst, loss), CONFIG) == expected


AUCS = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0])
LOSSES = st.just(1.0) | st.floats(0, 1e9) | st.sampled_from([np.inf, np.nan])


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True, database=None)
@hypothesis.given(rows=st.lists(st.tuples(AUCS, LOSSES), min_size=1, max_size=6))
def test_every_curve_has_a_label_and_a_step_of_its_own(rows):
    auc, worst = zip(*rows, strict=True)
    found = label(curves(auc, worst=worst), CONFIG)
    assert (found.step is None) == (found.kind == "healthy")
    assert found.step is None or found.step in curves(auc)["step"].to_list()


def test_without_an_auc_only_numbers_that_are_not_finite_count():
    numbers = curves([np.nan] * 3)  # the evaluation day lacks a class
    for found in (numbers, numbers.drop(columns=["click/auc", "like/auc"])):
        assert label(found, CONFIG) == ("healthy", None)
        assert label(found.assign(worst_loss=[1.1, np.inf, 1]), CONFIG) == ("full", 20)
        broken = found.assign(**{"click/log_loss": [0.6, 0.6, np.nan]})
        assert label(broken, CONFIG) == ("full", 30)


@pytest.mark.parametrize("value, shown", [(0.7, 0.7), (np.nan, None), (None, None)])
def test_the_auc_shown_is_that_of_the_first_task_in_the_curves(value, shown):
    found = curves([0.9, 0.8])[["step", "like/auc", "click/auc"]]
    found["like/auc"] = [0.9, value]
    assert [reported_auc(found.iloc[-1]), reported_auc(dict(found.iloc[-1]))] == [shown] * 2
    assert judged_auc(found).equals(found["like/auc"])
    assert reported_auc({"step": 10, "rating/rmse": 1.0}) is None


@pytest.mark.parametrize(
    "field, value",
    [
        *(("lift_lost", 0), ("lift_lost", 1.5), ("least_lift", "a"), ("loss_jump", 1)),
        *(("blow_up", 0.5), ("auc_drop", 0.51), ("median_rows", 0), ("median_rows", 2.0)),
    ],
)
def test_bad_thresholds_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"DivergenceConfig.{field} = {value!r}: expected"):
        dataclasses.replace(CONFIG, **{field: value})

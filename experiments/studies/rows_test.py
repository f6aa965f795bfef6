"""The row of a run, from a hand-made record and curves."""

import dataclasses

import pandas as pd
import pytest

from experiments.studies.rows import run_row
from experiments.studies.testing import DIVERGENCE, curves, record


def test_a_healthy_run():
    made, config = record()
    row = run_row(made, curves(config, [0.62, 0.7, 0.7, 0.71]), DIVERGENCE)
    assert (row["data_seed"], row["seed"], row["learning_rate"]) == (7, 3, 0.25)
    assert (row["auc"], row["rmse"], row["early_auc"]) == (0.71, None, 0.62)
    assert (row["label"], row["label_step"], row["onset_day"]) == ("healthy", None, None)
    assert row["shock_day"] == config.stream.shocks.days[0]
    assert (row["warmup_days"], row["window_days"]) == (0, config.trainer.window_days)


def test_a_diverged_run_has_the_day_of_its_onset():
    made, config = record()
    row = run_row(made, found := curves(config, [0.7, 0.72, 0.51, 0.5]), DIVERGENCE)
    assert (row["label"], row["label_step"]) == ("full", found["step"][2])
    assert row["onset_day"] == found["day"][2]


def test_the_early_auc_is_the_mean_over_the_first_quarter_alone():
    made, config = record()
    found = curves(config, [0.6, 0.9, 0.9, 0.9])
    before = found.iloc[:1].assign(step=config.steps // 4 - 1, **{"click/auc": 0.5})
    found = pd.concat([before, found], ignore_index=True)
    assert run_row(made, found, DIVERGENCE)["early_auc"] == pytest.approx(0.55)


@pytest.mark.parametrize("features, labels", [((3, 4), (1, 4)), ((2,), (5, 3)), ((), (4, 2))])
def test_the_first_shock_is_of_features_or_of_labels(features, labels):
    made, config = record({"Shocks.days": features, "LabelShocks.days": labels})
    row = run_row(made, curves(config, [0.7] * 4), DIVERGENCE)
    assert row["shock_day"] == min(features + labels)


def test_without_shocks_there_is_no_shock_day_and_without_the_task_no_early_auc():
    made, config = record({"StreamConfig.shocks": None, "StreamConfig.label_shocks": None})
    found = curves(config, [0.7] * 4).drop(columns="click/auc")
    made = dataclasses.replace(made, metrics={"watch_time/rmse": 1.5})
    row = run_row(made, found, DIVERGENCE)
    assert row["shock_day"] is None
    assert (row["auc"], row["rmse"], row["early_auc"]) == (None, 1.5, None)

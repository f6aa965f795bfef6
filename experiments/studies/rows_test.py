"""The row of a run, from a hand-made record and curves."""

import dataclasses
import math

import pandas as pd
import pytest

from experiments.machinery.records.record import RunRecord
from experiments.studies import rows as frames
from experiments.studies.grid import run_config
from experiments.training.divergence import DivergenceConfig

DIVERGENCE = DivergenceConfig(
    lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)


def record(**changes):
    config = run_config(
        "smoke", "small", "naive", learning_rate=0.25, data_seed=7, run_seed=3, **changes
    )
    return RunRecord(
        run_id=config.run_id,
        status="finished",
        config=config.to_dict(),
        steps=config.steps,
        first_bad_step=None,
        first_bad_day=None,
        metrics={"click/auc": 0.71, "watch_time/rmse": None},
        optimal={},
        curves_sha256=None,
        provenance={},
    ), config


def curves(config, aucs):
    """One evaluation at each quarter of the run."""
    steps = [config.steps * quarter // 4 for quarter in (1, 2, 3, 4)]
    return pd.DataFrame(
        {
            "step": steps,
            "day": [(step - 1) // config.trainer.steps_per_day for step in steps],
            "loss": 1.0,
            "worst_loss": 1.1,
            "click/auc": aucs,
        }
    )


def test_a_healthy_run():
    made, config = record()
    row = frames.run_row(made, curves(config, [0.62, 0.7, 0.7, 0.71]), DIVERGENCE)
    assert (row["data_seed"], row["seed"], row["learning_rate"]) == (7, 3, 0.25)
    assert (row["auc"], row["rmse"], row["early_auc"]) == (0.71, None, 0.62)
    assert (row["label"], row["label_step"], row["onset_day"]) == ("healthy", None, None)
    assert row["shock_day"] == config.stream.shocks.days[0]
    assert (row["warmup_days"], row["window_days"]) == (0, config.trainer.window_days)


def test_a_diverged_run_has_the_day_of_its_onset():
    made, config = record()
    found = curves(config, [0.7, 0.72, 0.51, 0.5])
    row = frames.run_row(made, found, DIVERGENCE)
    assert (row["label"], row["label_step"]) == ("full", found["step"][2])
    assert row["onset_day"] == found["day"][2]


def test_the_early_auc_is_the_mean_over_the_first_quarter_alone():
    made, config = record()
    quarter = config.steps // 4
    found = pd.concat(
        [
            curves(config, [0.6, 0.9, 0.9, 0.9]).assign(step=lambda c: c["step"]),
            curves(config, [0.5, 0.9, 0.9, 0.9]).iloc[:1].assign(step=quarter - 1),
        ],
    ).sort_values("step", ignore_index=True)
    assert frames.run_row(made, found, DIVERGENCE)["early_auc"] == pytest.approx(0.55)


def test_a_stream_without_shocks_has_no_shock_day():
    made, config = record(
        values={"StreamConfig.shocks": None, "StreamConfig.label_shocks": None}
    )
    row = frames.run_row(made, curves(config, [0.7] * 4), DIVERGENCE)
    assert row["shock_day"] is None


def test_a_model_without_the_representative_task_has_no_early_auc():
    made, config = record()
    found = curves(config, [0.7] * 4).drop(columns="click/auc")
    made = dataclasses.replace(made, metrics={"watch_time/rmse": 1.5})
    row = frames.run_row(made, found, DIVERGENCE)
    assert (row["auc"], row["rmse"], row["early_auc"]) == (None, 1.5, None)
    assert not math.isnan(row["rmse"])


def test_the_metrics_are_those_of_the_first_task_of_each_kind():
    assert frames.METRICS == {"auc": "click/auc", "rmse": "watch_time/rmse"}

"""Predicted seconds: what grows, and against runs that were recorded."""

import dataclasses

from experiments.machinery.cost import cost
from experiments.studies.grid import run_config


def smoke(model):
    return run_config("smoke", model, "naive", learning_rate=0.1, data_seed=1, run_seed=0)


def test_a_larger_model_and_more_steps_cost_more():
    small, large = smoke("small"), smoke("large")
    longer = dataclasses.replace(
        small, trainer=dataclasses.replace(small.trainer, steps_per_day=12)
    )
    assert cost.seconds_of(small) < cost.seconds_of(large)
    assert cost.seconds_of(small) < cost.seconds_of(longer)

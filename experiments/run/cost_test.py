"""Predicted cost against the real model."""

import dataclasses

import numpy as np
import pytest

from experiments.run import cost
from experiments.run.program import build_model
from experiments.study.grid import run_config


def smoke(model):
    return run_config("smoke", model, "naive", learning_rate=0.1, data_seed=1, run_seed=0)


@pytest.mark.parametrize("name", ["small", "large", "large_dcn", "small_dcn"])
@pytest.mark.parametrize("kept", [{}, {"dense_kept": (0, 5, 2), "categorical_kept": (1,)}])
def test_kernel_parameters_are_those_of_the_model_without_its_heads(name, kept):
    config = smoke(name)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, **kept))
    kernels = [
        int(np.prod(variable.shape))
        for variable in build_model(config).trainable_variables
        if "kernel" in variable.name and "head" not in variable.name
    ]
    assert cost.kernel_parameters(config) == sum(kernels)


def test_a_larger_model_and_more_steps_cost_more():
    small, large = smoke("small"), smoke("large")
    longer = dataclasses.replace(
        small, trainer=dataclasses.replace(small.trainer, steps_per_day=12)
    )
    assert cost.seconds_of(small) < cost.seconds_of(large)
    assert cost.seconds_of(small) < cost.seconds_of(longer)

"""Predicted seconds: what makes them grow, and what several devices share."""

import dataclasses

import pytest

from experiments.machinery.cost import cost, sizes
from experiments.machinery.cost.cost import GIB, Accelerator
from experiments.studies.grid import sizes_of


def test_a_larger_model_and_more_steps_cost_more():
    small, large = sizes_of("smoke", "small"), sizes_of("smoke", "large")
    trainer = dataclasses.replace(small.trainer, steps_per_day=12)
    assert cost.seconds_of(small) < cost.seconds_of(large)
    assert cost.seconds_of(small) < cost.seconds_of(small._replace(trainer=trainer))


def test_devices_take_the_smallest_divisor_of_the_batch_that_fits():
    memory = sizes.Memory(100, 90, 7, 5, activations=600, batch=0)  # 202 beside the activations
    device = Accelerator("small", 1.0, "", 402, "")
    assert memory.on(3) == 402
    assert device.devices(memory, batch_size=8) == 4
    assert device.devices(memory, batch_size=9) == 3
    assert device._replace(memory=202).devices(memory, batch_size=8) is None


def test_several_devices_share_the_products_and_not_the_reading():
    config = sizes_of("paper", "large")
    whole = Accelerator("", 1e14, "", 80 * GIB, "", utilization=0.5)
    four = whole._replace(memory=sizes.memory_of(config).on(4))
    products_s = sizes.flops_of_run(config) / 5e13
    reading_s = config.steps * sizes.batch_bytes(config) / 4e8
    assert whole.seconds_of(config) == pytest.approx(products_s + reading_s)
    assert four.seconds_of(config) == pytest.approx(products_s / 4 + reading_s)

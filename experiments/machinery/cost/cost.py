"""How long a run takes before it is run."""

import functools
import time

import numpy as np
from threadpoolctl import threadpool_limits

from experiments.machinery.cost import sizes

STEP_OVERHEAD_S = 0.003  # ours: measured on Small, whose matrix products take no time
RUN_OVERHEAD_S = 1.0  # ours: half of a trace, which several runs share
BEYOND_PRODUCTS = 1.3  # ours: a step takes this many times its matrix products
# ours: 65,536 rows of the paper's width at random, from files in memory to tensors, on one core
READ_BYTES_PER_S = 4e8
MADE_BYTES_PER_S = 4e7  # ours: days of the paper's width, written and checked, on one core


def seconds_of(config):
    """Predicted seconds of one run on one thread of this machine.

    Args:
      config: RunConfig, or sizes.Sizes.
    """
    products_s = sizes.flops_per_step(config) / flops_per_second()
    evaluations = config.steps / config.trainer.evaluate_every_steps
    rows = evaluations * config.stream.examples_per_day + 3 * config.steps * (
        config.trainer.batch_size
    )
    forward_s = products_s / 3 / config.trainer.batch_size
    return RUN_OVERHEAD_S + config.steps * STEP_OVERHEAD_S + BEYOND_PRODUCTS * rows * forward_s


@functools.cache
def flops_per_second():
    """Floating point operations a second of a float32 matrix product on one core of this machine.

    A worker has one thread.
    """
    left = np.ones((1024, 256), np.float32)
    right = np.ones((256, 256), np.float32)
    times = []
    with threadpool_limits(1, "blas"):
        for _ in range(8):
            started = time.perf_counter()
            left @ right
            times.append(time.perf_counter() - started)
    return 2 * 1024 * 256 * 256 / min(times)


def reading_seconds(config):
    """Seconds in which a run reads its batches; the trainer reads one, then takes its step.

    Args:
      config: RunConfig, or sizes.Sizes.
    """
    return config.steps * sizes.batch_bytes(config) / READ_BYTES_PER_S


def making_seconds(config):
    """Seconds in which the days of a stream are made, once, on one core."""
    return sizes.cache_bytes(config) / MADE_BYTES_PER_S

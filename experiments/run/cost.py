"""What a run costs before it is run: parameters, floating point operations, seconds."""

import functools
import os
import time

import numpy as np

STEP_OVERHEAD_S = 0.003  # ours: measured on Small, whose matrix products take no time
RUN_OVERHEAD_S = 1.0  # ours: half of a trace, which several runs share
BEYOND_PRODUCTS = 1.3  # ours: a step takes this many times its matrix products


def kernel_parameters(config):
    """Weights of all matrices of the model, embeddings not counted.

    Args:
      config: RunConfig.
    """
    model, stream = config.model, config.stream
    dense = stream.dense_features if model.dense_kept is None else len(model.dense_kept)
    kept = model.categorical_kept
    categorical = stream.categorical_features if kept is None else len(kept)
    inputs = dense + categorical * model.embedding_width
    cross = model.cross_layers * inputs**2
    return cross + inputs * model.width + (model.depth - 1) * model.width**2


def flops_per_step(config):
    """Floating point operations of one step's matrix products: two forward, four backward."""
    return 6 * config.trainer.batch_size * kernel_parameters(config)


def seconds_of(config):
    """Predicted seconds of one run on one thread of this machine."""
    products_s = flops_per_step(config) / flops_per_second()
    evaluations = config.steps / config.trainer.evaluate_every_steps
    rows = evaluations * config.stream.examples_per_day + 3 * config.steps * (
        config.trainer.batch_size
    )
    forward_s = products_s / 3 / config.trainer.batch_size
    return RUN_OVERHEAD_S + config.steps * STEP_OVERHEAD_S + BEYOND_PRODUCTS * rows * forward_s


@functools.cache
def flops_per_second():
    """Floating point operations a second of a float32 matrix product on one core of this machine.

    NumPy multiplies with all cores, a worker with one.
    """
    left = np.ones((1024, 256), np.float32)
    right = np.ones((256, 256), np.float32)
    times = []
    for _ in range(8):
        started = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - started)
    return 2 * 1024 * 256 * 256 / min(times) / len(os.sched_getaffinity(0))

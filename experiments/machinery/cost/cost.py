"""How long a run takes, before it is run: on this machine, and on accelerators by data sheets.

A `config` is a RunConfig, or a sizes.Sizes.
"""

import functools
import timeit
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from experiments.machinery.cost import sizes
from experiments.training.curvature import CurvatureConfig

STEP_OVERHEAD_S = 0.003  # ours: measured on Small, whose matrix products take no time
RUN_OVERHEAD_S = 1.0  # ours: half of a trace, which several runs share
BEYOND_PRODUCTS = 1.3  # ours: a step takes this many times its matrix products
# ours: 65,536 rows of the paper's width at random, from files in memory to tensors, on one core
READ_BYTES_PER_S = 4e8
MADE_BYTES_PER_S = 4e7  # ours: days of the paper's width, written and checked, on one core
# ours: models of dense layers commonly reach 0.3 to 0.5 of the peak of their number format.
UTILIZATION = 0.4
GIB = 2**30


class Accelerator(NamedTuple):
    """One device, as its maker calls it.

    flops: floating point operations a second, at peak, in the format `numbers` without sparsity.
    memory: bytes, or None if it is not to be judged.
    utilization: share of the peak that is reached.
    """

    name: str
    flops: float
    numbers: str
    memory: float | None
    source: str
    utilization: float = UTILIZATION

    @property
    def sustained(self):
        """Floating point operations a second that a run is taken to reach."""
        return self.flops * self.utilization

    @functools.cache  # a study has many runs of few sizes  # noqa: B019
    def devices(self, memory, batch_size):
        """The smallest number of devices that divides a batch and holds its run, or None.

        `memory` is the sizes.Memory of a step on one device, `batch_size` is of the whole batch.
        """
        if self.memory is None:
            return 1
        counts = (count for count in range(1, batch_size + 1) if batch_size % count == 0)
        return next((count for count in counts if memory.on(count) <= self.memory), None)

    def seconds_of(self, config):
        """Seconds of one run, or None if no devices hold it; they share products, not reading."""
        devices = self.devices(sizes.memory_of(config), config.trainer.batch_size)
        if devices is None:
            return None
        products_s = sizes.flops_of_run(config) / self.sustained / devices
        return products_s + config.steps * sizes.batch_bytes(config) / READ_BYTES_PER_S


# TensorFlow multiplies float32 matrices in TF32 where a GPU has it, in bfloat16 on a TPU.
ACCELERATORS = (
    Accelerator("NVIDIA V100 32 GB", 15.7e12, "float32", 32 * GIB, "NVIDIA V100 data sheet, SXM2"),
    Accelerator("NVIDIA A100 80 GB", 156e12, "TF32", 80 * GIB, "NVIDIA A100 data sheet, SXM4"),
    # Half of the figure of the sheet, which is with sparsity.
    Accelerator(
        "NVIDIA H100 80 GB", 494.7e12, "TF32", 80 * GIB, "NVIDIA H100 data sheet, SXM5, halved"
    ),
    Accelerator(
        "Google TPU v4", 275e12, "bfloat16", 32 * GIB, "cloud.google.com/tpu/docs/v4, a chip"
    ),
)


def seconds_of(config, how=None):
    """Predicted seconds of one run on one thread of this machine.

    `how` is the CurvatureConfig of a run that is measured so; all else that measures is cheap.
    """
    products_s = sizes.flops_of_run(config) / flops_per_second()
    run_s = RUN_OVERHEAD_S + config.steps * STEP_OVERHEAD_S + BEYOND_PRODUCTS * products_s
    return run_s * how.times(config) if isinstance(how, CurvatureConfig) else run_s


@functools.cache
def flops_per_second():
    """Operations a second of a float32 matrix product on one core: a worker has one thread."""
    left, right = np.ones((1024, 256), np.float32), np.ones((256, 256), np.float32)
    with threadpool_limits(1, "blas"):
        seconds = min(timeit.repeat(lambda: left @ right, number=1, repeat=8))
    return 2 * left.size * right.shape[1] / seconds

"""Accelerators by their data sheets, and how much of a peak a run is taken to reach."""

import functools
from typing import NamedTuple

# ours: models of dense layers commonly reach 0.3 to 0.5 of the peak of their number format.
UTILIZATION = 0.4
GIB = 2**30


class Accelerator(NamedTuple):
    """One device.

    name: as its maker calls it.
    flops: floating point operations a second, at peak.
    numbers: the number format of that peak, without sparsity.
    memory: bytes.
    source: where these figures stand.
    utilization: share of the peak that is reached.
    """

    name: str
    flops: float
    numbers: str
    memory: float
    source: str
    utilization: float = UTILIZATION

    @property
    def sustained(self):
        """Floating point operations a second that a run is taken to reach."""
        return self.flops * self.utilization

    @functools.cache  # a study has many runs of few sizes  # noqa: B019
    def devices(self, memory, batch_size):
        """How many devices a run needs, each with an equal part of every batch.

        Args:
          memory: sizes.Memory of a step on one device.
          batch_size: rows of the whole batch.
        Returns: the smallest number that divides the batch and fits, or None if the state does not
          fit however the batch is shared out.
        """
        for devices in range(1, batch_size + 1):
            if batch_size % devices == 0 and memory.on(devices) <= self.memory:
                return devices
        return None


# TensorFlow multiplies float32 matrices in TF32 where a GPU has it, in bfloat16 on a TPU.
ACCELERATORS = (
    Accelerator("NVIDIA V100 32 GB", 15.7e12, "float32", 32 * GIB, "NVIDIA V100 data sheet, SXM2"),
    Accelerator("NVIDIA A100 80 GB", 156e12, "TF32", 80 * GIB, "NVIDIA A100 data sheet, SXM4"),
    Accelerator(
        "NVIDIA H100 80 GB",
        494.7e12,
        "TF32",
        80 * GIB,
        "NVIDIA H100 data sheet, SXM5; half of its figure, which is with sparsity",
    ),
    Accelerator(
        "Google TPU v4", 275e12, "bfloat16", 32 * GIB, "cloud.google.com/tpu/docs/v4, a chip"
    ),
)

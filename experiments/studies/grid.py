"""From a setting of a study to the configuration of a run: one gin resolution for all its seeds."""

import dataclasses
import functools
from typing import NamedTuple

from experiments.machinery.cost.sizes import Sizes
from experiments.machinery.gin_files import named_file
from experiments.studies.registry import resolve


class Setting(NamedTuple):
    """One cell of a grid, before the seed: a model, a method, its threshold, a learning rate."""

    model: str
    method: str
    threshold: float | None
    rate_multiple: float


@functools.cache  # a study asks for each of its runs several times
def run_config(
    profile, model, method, *, learning_rate, data_seed, run_seed, threshold=None, bindings=()
):
    """The RunConfig of one run.

    Args:
      profile, model, method: names of files in configs/profiles, configs/models, configs/methods.
      learning_rate: eta itself, not a multiple.
      data_seed, run_seed: see RunConfig.
      threshold: what THRESHOLD is bound to in the method's file, or None to leave it.
      bindings: tuple of further gin bindings as text.
    Raises: BadInput for what gin_files.resolve refuses; ValueError for a seed below 0.
    """
    config = _unseeded(profile, model, method, float(learning_rate), threshold, bindings)
    return dataclasses.replace(config, data_seed=data_seed, run_seed=run_seed)


@functools.cache  # the seeds of a setting share what takes the time
def _unseeded(profile, model, method, learning_rate, threshold, bindings):
    files = [
        named_file("profiles", profile),
        named_file("models", model),
        named_file("methods", method),
    ]
    bindings = [
        *bindings,
        f"run.learning_rate = {learning_rate!r}",
        "run.data_seed = 0",  # bound here, so that a study's own bindings of them are refused
        "run.run_seed = 0",
    ]
    if threshold is not None:
        bindings.append(f"THRESHOLD = {float(threshold)!r}")
    return resolve(files, bindings)[0]


@functools.cache
def sizes_of(profile, model, bindings=()):
    """What the size of a run depends on; unlike a RunConfig it needs no TensorFlow.

    Args:
      profile, model: names of files in configs/profiles and configs/models.
      bindings: tuple of further gin bindings as text.
    Returns: sizes.Sizes.
    Raises: BadInput for what gin_files.resolve refuses.
    """
    files = [named_file("profiles", profile), named_file("models", model)]
    return Sizes(*resolve(files, bindings, ("StreamConfig", "ModelConfig", "TrainerConfig")))

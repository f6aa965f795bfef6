"""From a setting of a study to the configuration of a run: one gin resolution each."""

import functools
from typing import NamedTuple

from experiments.gin_files import named_file, resolve
from experiments.run.sizes import Sizes


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
    Raises: BadInput for what gin_files.resolve refuses.
    """
    files = [
        named_file("profiles", profile),
        named_file("models", model),
        named_file("methods", method),
    ]
    bindings = [
        *bindings,
        f"run.learning_rate = {float(learning_rate)!r}",
        f"run.data_seed = {data_seed}",
        f"run.run_seed = {run_seed}",
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

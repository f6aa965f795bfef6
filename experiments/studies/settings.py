"""From a setting of a study to the configuration of a run: one gin resolution for all its seeds."""

import dataclasses
import functools
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.cost.sizes import Sizes
from experiments.machinery.gin_files import bound, named_file
from experiments.studies.registry import resolve
from experiments.training.config import DEFAULT_DATA_SEED


class Setting(NamedTuple):
    """One cell of a grid, before the seed: a model, a method, its threshold, a learning rate."""

    model: str
    method: str
    threshold: float | None
    rate_multiple: float


def _once(function):
    """A cache by the text of the arguments: values may be dicts, and 1 is not 1.0 in a run id."""
    found = {}

    @functools.wraps(function)
    def call(*arguments):
        key = repr(arguments)
        if key not in found:
            found[key] = function(*arguments)
        return found[key]

    return call


def run_config(
    profile, model, method, *, learning_rate, data_seed, run_seed, threshold=None, values=None
):
    """The RunConfig of one run.

    Args:
      profile, model, method: names of files in configs/profiles, configs/models, configs/methods.
      learning_rate: eta itself, not a multiple.
      threshold: what THRESHOLD is bound to in the method's file, or None to leave it.
      values: dict from a gin parameter, as "Class.name", or a macro to its value; or None.
    Raises: BadInput for what gin_files.resolve refuses and for a value of what the other arguments
      bind; ValueError for a seed below 0.
    """
    config = _unseeded(profile, model, method, float(learning_rate), threshold, values or {})
    return dataclasses.replace(config, data_seed=data_seed, run_seed=run_seed)


def setting_config(setting, profile, data_seed, base_rate, run_seed, values=None):
    """`run_config` of a Setting, or a Case, which has its fields; `base_rate` is called 1x."""
    return run_config(
        profile,
        setting.model,
        setting.method,
        learning_rate=setting.rate_multiple * base_rate,
        data_seed=data_seed,
        run_seed=run_seed,
        threshold=setting.threshold,
        values=values,
    )


def outlook(study, asked):
    """(runs, done, predicted seconds of the others); `asked` are (RunConfig, how it is measured).

    The latter is as of Study.is_done.
    """
    missing = {run.run_id: (run, how) for run, how in asked if not study.is_done(run, how)}
    done = sum(run.run_id not in missing for run, _ in asked)
    return len(asked), done, sum(seconds_of(*each) for each in missing.values())


@_once  # the seeds of a setting share what takes the time
def _unseeded(profile, model, method, learning_rate, threshold, values):
    folders = {"profiles": profile, "models": model, "methods": method}
    files = [named_file(folder, name) for folder, name in folders.items()]
    own = {"run.learning_rate": learning_rate, "run.data_seed": 0, "run.run_seed": 0}
    if threshold is not None:
        own["THRESHOLD"] = float(threshold)
    return resolve(files, values=joined(values, own))[0]


def joined(values, own):
    """The values of a person and those that the study binds; BadInput for a name of both."""
    for name in own.keys() & values.keys():
        raise BadInput(f"{name} = {values[name]!r}: expected none, since the study binds it itself")
    return values | own


def stream_class(profile):
    """The name of the class of a profile's stream: "StreamConfig", "LogsConfig", "CorpusConfig"."""
    return bound(named_file("profiles", profile))["run.stream"].strip("@()")


def check_data_seed(kind, data_seed):
    """Raises: BadInput for a seed other than the default one on a class of streams without any."""
    names = {"LogsConfig": "log", "CorpusConfig": "corpus"}
    if kind in names and data_seed != DEFAULT_DATA_SEED:
        what = names[kind]
        raise BadInput(f"DATA_SEED = {data_seed}: expected none on a {what}, which has no seed")


@_once
def sizes_of(profile, model, values=None):
    """What the size of a run depends on: Sizes; unlike a RunConfig it needs no TensorFlow.

    Raises: BadInput for what gin_files.resolve refuses.
    """
    files = [named_file("profiles", profile), named_file("models", model)]
    stream = (values or {}).get("run.stream", stream_class(profile))
    wanted = (stream.strip("@()"), "ModelConfig", "TrainerConfig")
    return Sizes(*resolve(files, wanted=wanted, values=values))

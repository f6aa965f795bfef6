"""One run that gin files describe, in this process."""

from experiments.errors import BadInput
from experiments.machinery.doubts import doubts
from experiments.machinery.gin_files import bound, named_file
from experiments.machinery.records.claim import Claims
from experiments.machinery.workers.days import check_logs
from experiments.machinery.workers.placement import Placement
from experiments.machinery.workers.progress import setting_text, step_text
from experiments.studies.registry import resolve
from experiments.studies.settings import check_data_seed
from experiments.training.tensorflow_setup import one_thread

GRIDS = {"CasesConfig", "Table2Config", "CalibrationConfig", "SearchConfig"}


def single_config(files, profile, data_seed=None, bindings=(), values=None):
    """The RunConfig that gin files describe in a profile, and the DivergenceConfig of its label.

    Args:
      files: paths, as of gin_files.resolve; between them they bind model, method and learning rate.
      profile: name of a file in configs/profiles.
      data_seed: seed of the stream, or None to leave it to the files.
      bindings, values: what overrides the files, as of gin_files.resolve.
    Raises: BadInput.
    """
    for file in files:
        kinds = {name.partition(".")[0] for name in bound(file)} & GRIDS
        if kinds:
            expected = "the file of one run; make study runs a study of cases"
            raise BadInput(f"{file}: binds {kinds.pop()}: expected {expected}")
    if data_seed is not None:
        bindings = [*bindings, f"run.data_seed = {data_seed}"]
    files = [named_file("profiles", profile), "configs/divergence.gin", *files]
    config, divergence = resolve(files, bindings, ("run", "DivergenceConfig"), values)
    check_data_seed(type(config.stream).__name__, config.data_seed)
    return config, divergence


def run_single(config, store, cache_root, say, *, base_rate=None, telemetry=None, where=None):
    """Runs a RunConfig, unless this code has its record in the Store already.

    Args:
      say: is called with a line that names the run, one for each evaluation, and one about each
        thing that a person should know.
      base_rate: the rate called 1x, or None if it is not known.
      telemetry: TelemetryConfig, or None.
      where: Placement, by default one device.
    Returns: RunRecord, or None on a host beside the chief.
    Raises: BadInput, also where this process has computed on more than one thread; RunStopped.
    """
    where = where or Placement()
    check_logs(cache_root, [config])
    try:
        one_thread()  # before anything else computes with TensorFlow
    except RuntimeError as error:
        raise BadInput(
            "TensorFlow has computed in this process, with other settings than a run has: expected "
            "a new process, or a new kernel, that runs before it computes"
        ) from error
    from experiments.machinery.workers.crew import run_placed  # late: they import TensorFlow
    from experiments.machinery.workers.runner import Runner

    def show(row):
        say(step_text(row, config.steps))

    for text in doubts(config):
        say(text)
    say(f"{config.run_id}: {config_text(config, base_rate)}")
    if not where.is_one_device:
        return run_placed(config, where, store, cache_root, show, say)
    with Claims(store.root).of(config.run_id, wait=say):
        return Runner(store, cache_root, say).run(config, show, telemetry)


def config_text(config, base_rate):
    """The rate and the thresholds of a RunConfig as text."""
    return setting_text(config.learning_rate, config.method.thresholds, base_rate)

"""Runs one gin file, in this process or on several hosts, and leaves its record."""

import sys

from absl import flags

from experiments.errors import BadInput
from experiments.machinery.gin_files import named_file, split_bindings
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.files import check_folder
from experiments.machinery.records.record import Store, results_folder
from experiments.machinery.workers.placement import placement_here
from experiments.machinery.workers.progress import mean_auc, shown_auc
from experiments.studies.registry import resolve, telemetry_config
from experiments.training.divergence import label
from experiments.training.tensorflow_setup import one_thread
from scripts import command

FLAGS = command.flags_of("profile", "data_seed")
flags.DEFINE_string(
    "config", "", "A gin file that binds model, method and learning rate.", flag_values=FLAGS
)
flags.DEFINE_string(
    "set", "", "Gin bindings 'name=value ...' that override the file.", flag_values=FLAGS
)
flags.DEFINE_integer(
    "devices",
    None,
    "Devices of this host that share each batch; default: one.",
    flag_values=FLAGS,
    lower_bound=1,
)
flags.DEFINE_bool(
    "telemetry", False, "Measure every step (configs/telemetry.gin).", flag_values=FLAGS
)


def main():
    """Runs, prints the curve as it grows and the metrics at the end."""
    if not FLAGS.config:
        raise BadInput("CONFIG = '': expected a gin file, as configs/studies/one_*.gin")
    text = run_one(
        profile=FLAGS.profile,
        config_file=FLAGS.config,
        bindings=split_bindings(FLAGS.set),
        data_seed=FLAGS.data_seed,
        results=FLAGS.results,
        cache=FLAGS.cache,
        telemetry=telemetry_config() if FLAGS.telemetry else None,
        devices=FLAGS.devices,
    )
    print(text)


def run_one(
    *, profile, config_file, bindings, data_seed, results, cache, telemetry=None, devices=None
):
    """Runs what a gin file says, unless its record is there already.

    Args:
      profile: name of a profile.
      config_file: a gin file that binds a model, a method and the learning rate.
      bindings: gin bindings as text that override it.
      data_seed: seed of the stream, or None for that of the files.
      results, cache: folders of all results and of the generated days.
      telemetry: TelemetryConfig of what each step measures, or None.
      devices: devices that share each batch, or None for one, or for the hosts of TF_CONFIG.
    Returns: text that says what came out and where the record is.
    Raises: BadInput; RunStopped if a run over several hosts cannot go on.
    """
    if data_seed is not None:
        bindings = [*bindings, f"run.data_seed = {data_seed}"]
    files = [named_file("profiles", profile), "configs/divergence.gin", config_file]
    config, divergence = resolve(files, bindings, ("run", "DivergenceConfig"))
    where = placement_here(devices)
    where.check(config, telemetry)
    folder = results_folder(results, profile, config.data_seed)
    store = Store(folder, writable=where.is_chief)
    check_folder(cache, "cache folder")
    record = _record(config, where, store, cache, telemetry)
    if record is None:
        return f"run         {config.run_id}\ndone        the chief writes the record"
    return _text(record, store, divergence, telemetry is not None)


def _record(config, where, store, cache, telemetry):
    """The record of the run, trained if it is not there; None on a host beside the chief."""
    one_thread()  # before anything else computes with TensorFlow
    from experiments.machinery.workers.crew import run_placed  # late: they import TensorFlow
    from experiments.machinery.workers.runner import Runner

    def show(row):
        sys.stderr.write(
            f"step {row['step']:>6}/{config.steps}  day {row['day']:>3}  "
            f"loss {row['loss']:.4f}  {shown_auc(mean_auc(row))}\n"
        )

    def say(text):
        sys.stderr.write(f"{text}\n")

    if not where.is_one_device:
        return run_placed(config, where, store, cache, show, say)
    with Claims(store.root).of(config.run_id, wait=say):
        return Runner(store, cache, say).run(config, show, telemetry)


def _text(record, store, divergence, measured):
    found = label(store.curves(record), divergence)
    lines = [f"run         {record.run_id}", f"status      {record.status}, {found.kind}"]
    lines += [
        f"{name:<22}{_shown(value)}   optimal {_shown(record.optimal[name])}"
        for name, value in record.metrics.items()
    ]
    lines.append(f"record      {store.runs / record.run_id}.json")
    if measured:
        lines.append(f"telemetry   {store.runs / record.run_id}.telemetry.csv.gz")
    return "\n".join(lines)


def _shown(value):
    return "not defined" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    command.main(main, FLAGS)

"""Runs one gin file, in this process or on several hosts, and leaves its record."""

import os

from absl import flags

from experiments.errors import BadInput
from experiments.machinery.gin_files import named_file, split_bindings
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.files import check_folder
from experiments.machinery.records.record import Store, results_folder
from experiments.machinery.workers.placement import placement
from experiments.machinery.workers.progress import mean_auc, shown_auc
from experiments.studies.registry import resolve, telemetry_config
from experiments.training.divergence import label
from experiments.training.tensorflow_setup import one_thread
from scripts import command

DEVICES = "Devices of this host that share each batch; default: one."
FLAGS = command.flags_of(
    "profile",
    "data_seed",
    config="A gin file that binds model, method and learning rate.",
    set="Gin bindings 'name=value ...' that override the file.",
    devices=(flags.DEFINE_integer, None, DEVICES, 1),
    telemetry=(flags.DEFINE_bool, False, "Measure every step (configs/telemetry.gin)."),
)


def main():
    """Runs, prints the curve as it grows and the metrics at the end."""
    if not FLAGS.config:
        raise BadInput("CONFIG = '': expected a gin file, as configs/studies/one_*.gin")
    bindings, telemetry = split_bindings(FLAGS.set), telemetry_config() if FLAGS.telemetry else None
    if FLAGS.data_seed is not None:
        bindings = [*bindings, f"run.data_seed = {FLAGS.data_seed}"]
    files = [named_file("profiles", FLAGS.profile), "configs/divergence.gin", FLAGS.config]
    config, divergence = resolve(files, bindings, ("run", "DivergenceConfig"))
    where = placement(FLAGS.devices, os.environ.get("TF_CONFIG"))
    where.check(config, telemetry)
    folder = results_folder(FLAGS.results, FLAGS.profile, config.data_seed)
    store = Store(folder, writable=where.is_chief)
    check_folder(FLAGS.cache, "cache folder")
    record = _record(config, where, store, telemetry)
    lines = [f"run         {config.run_id}", "done        the chief writes the record"]
    if record is not None:
        lines[1:] = [f"status      {record.status}, {label(store.curves(record), divergence).kind}"]
        for name, value in record.metrics.items():
            lines.append(f"{name:<22}{_shown(value)}   optimal {_shown(record.optimal[name])}")
        lines.append(f"record      {store.runs / record.run_id}.json")
        if telemetry is not None:
            lines.append(f"telemetry   {store.runs / record.run_id}.telemetry.csv.gz")
    print("\n".join(lines))


def _record(config, where, store, telemetry):
    """The record of the run, trained if it is not there; None on a host beside the chief."""
    one_thread()  # before anything else computes with TensorFlow
    from experiments.machinery.workers.crew import run_placed  # late: they import TensorFlow
    from experiments.machinery.workers.runner import Runner

    def show(row):
        command.say(
            f"step {row['step']:>6}/{config.steps}  day {row['day']:>3}  "
            f"loss {row['loss']:.4f}  {shown_auc(mean_auc(row))}"
        )

    if not where.is_one_device:
        return run_placed(config, where, store, FLAGS.cache, show, command.say)
    with Claims(store.root).of(config.run_id, wait=command.say):
        return Runner(store, FLAGS.cache, command.say).run(config, show, telemetry)


def _shown(value):
    return "not defined" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    command.main(main, FLAGS)

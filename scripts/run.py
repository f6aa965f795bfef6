"""Runs one gin file, in this process or on several hosts, and leaves its record."""

import os

from absl import flags

from experiments.errors import BadInput
from scripts import command

DEVICES = "Devices of this host that share each batch; default: one."
FLAGS = command.flags_of(
    "profile",
    "data_seed",
    config="A gin file with model, method and rate, or its name in configs/studies.",
    set="Gin bindings 'name=value ...' that override the file.",
    devices=(flags.DEFINE_integer, None, DEVICES, 1),
    telemetry=(flags.DEFINE_integer, 0, "1 measures every step (configs/telemetry.gin).", 0, 1),
)


def main():
    """Runs, prints the curve as it grows and the metrics at the end."""
    from experiments.machinery.gin_files import given_file
    from experiments.machinery.gin_text import split_bindings
    from experiments.machinery.records.files import check_folder
    from experiments.machinery.records.record import Store, results_folder
    from experiments.machinery.workers.placement import placement
    from experiments.studies.calibration import recorded_base_rate
    from experiments.studies.registry import telemetry_config
    from experiments.studies.single import config_text, run_single, single_config
    from experiments.training.divergence import label

    if not FLAGS.config:
        raise BadInput("CONFIG = '': expected a gin file, as configs/studies/one_*.gin")
    telemetry = telemetry_config() if FLAGS.telemetry else None
    given = FLAGS.profile, FLAGS.data_seed, split_bindings(FLAGS.set)
    config, divergence = single_config([given_file("studies", FLAGS.config)], *given)
    where = placement(FLAGS.devices, os.environ.get("TF_CONFIG"))
    where.check(config, telemetry)
    folder = results_folder(FLAGS.results, FLAGS.profile, config.data_seed)
    store = Store(folder, writable=where.is_chief)
    check_folder(FLAGS.cache, "cache folder")
    how = {"base_rate": recorded_base_rate(FLAGS.results, FLAGS.profile), "telemetry": telemetry}
    record = run_single(config, store, FLAGS.cache, command.say, where=where, **how)
    lines = [f"run         {config.run_id}", f"setting     {config_text(config, how['base_rate'])}"]
    if record is None:
        lines.append("done        the chief writes the record")
    else:
        lines.append(f"status      {record.status}, {label(store.curves(record), divergence).kind}")
        for name, value in record.metrics.items():
            lines.append(f"{name:<22}{_shown(value)}   optimal {_shown(record.optimal.get(name))}")
        lines.append(f"record      {store.runs / record.run_id}.json")
        if telemetry is not None:
            lines.append(f"telemetry   {store.runs / record.run_id}.telemetry.csv.gz")
    print("\n".join(lines))


def _shown(value):
    return "not defined" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    command.main(main, FLAGS)

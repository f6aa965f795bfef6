"""Runs one gin file and leaves its record under results/<profile>/runs."""

from absl import flags

from scripts import command

flags.DEFINE_string("config", "", "A gin file that binds a model, a method and a learning rate.")
flags.DEFINE_string("set", "", "Gin bindings 'name=value ...' that override the file.")
flags.DEFINE_integer(
    "devices", None, "Devices of this host that share each batch; default: one.", lower_bound=1
)
flags.DEFINE_bool("telemetry", False, "Measure every step (configs/telemetry.gin).")


def main():
    """Runs, prints the curve as it grows and the metrics at the end."""
    from experiments.errors import BadInput
    from experiments.machinery.gin_files import split_bindings
    from scripts.run_one import run_one

    if not command.FLAGS.config:
        raise BadInput("CONFIG = '': allowed is a gin file, as configs/studies/one_*.gin")
    if command.FLAGS.cluster is not None:
        raise BadInput("CLUSTER: allowed is none: one run is done here; a study takes a cluster")
    text = run_one(
        profile=command.FLAGS.profile,
        config_file=command.FLAGS.config,
        bindings=split_bindings(command.FLAGS.set),
        data_seed=command.FLAGS.data_seed,
        results=command.FLAGS.results,
        cache=command.FLAGS.cache,
        telemetry=command.FLAGS.telemetry,
        devices=command.FLAGS.devices,
    )
    print(text)


if __name__ == "__main__":
    command.main(main)

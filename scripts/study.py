"""Runs a study of cases from a gin file and writes results/<profile>/<name>.{csv,md}."""

from absl import flags

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)
flags.DEFINE_string("study", "", "A gin file that binds CasesConfig.", flag_values=FLAGS)


def main():
    """Calibrates if needed, runs what is missing, writes the table, prints it."""
    from experiments.errors import BadInput
    from experiments.findings.make import reproduce_study

    file = FLAGS.study
    if not file:
        raise BadInput("STUDY = '': allowed is a gin file, as configs/studies/warmup.gin")
    print(reproduce_study(command.options(FLAGS), file, FLAGS.seeds))


if __name__ == "__main__":
    command.main(main, FLAGS)

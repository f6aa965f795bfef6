"""Runs a study of cases from a gin file and writes results/<profile>/<name>.{csv,md}."""

from absl import flags

from scripts import command

flags.DEFINE_string("study", "", "A gin file that binds CasesConfig.")


def main():
    """Calibrates if needed, runs what is missing, writes the table, prints it."""
    from experiments.errors import BadInput
    from experiments.findings.make import reproduce_study

    file = command.FLAGS.study
    if not file:
        raise BadInput("STUDY = '': allowed is a gin file, as configs/studies/warmup.gin")
    print(reproduce_study(command.options(), file, command.FLAGS.repeats))


if __name__ == "__main__":
    command.main(main)

"""Runs the protocol of Table 2 and writes results/<profile>/table2.{csv,md,tex}."""

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    """Calibrates, searches, repeats, writes the table, prints it."""
    from experiments.findings.make import reproduce_table2

    print(reproduce_table2(command.options(FLAGS), FLAGS.seeds))


if __name__ == "__main__":
    command.main(main, FLAGS)

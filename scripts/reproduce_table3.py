"""Runs Table 3 and the other studies of section 3.2 and writes their tables."""

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    """Calibrates, runs what is missing, writes the tables, prints them."""
    from experiments.findings.make import reproduce_table3

    print(reproduce_table3(command.options(FLAGS), FLAGS.seeds))


if __name__ == "__main__":
    command.main(main, FLAGS)

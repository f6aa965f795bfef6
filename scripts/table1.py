"""Writes results/<profile>/table1.{csv,md,tex}: parameters at the paper's size."""

import pathlib

from scripts import command

FLAGS = command.flags_of("profile")


def main():
    """Counts, writes the table, prints it."""
    from experiments.findings.table1 import write
    from experiments.machinery.gin_files import named_file
    from scripts import terminal

    named_file("profiles", FLAGS.profile)
    folder = pathlib.Path(FLAGS.results) / FLAGS.profile
    terminal.show(write(folder), folder / "table1.{csv,md,tex}")


if __name__ == "__main__":
    command.main(main, FLAGS)

"""Writes results/<profile>/table1.{csv,md,tex}: parameters at the paper's size."""

import pathlib

from scripts import command


def main():
    """Counts, writes, prints."""
    from experiments.findings.table1 import write
    from experiments.machinery.gin_files import named_file

    named_file("profiles", command.FLAGS.profile)
    print(write(pathlib.Path(command.FLAGS.results) / command.FLAGS.profile))


if __name__ == "__main__":
    command.main(main)

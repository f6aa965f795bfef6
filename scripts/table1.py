"""Writes results/<profile>/table1.{csv,md,tex}: parameters at the paper's size."""

import pathlib

from experiments.findings.table1 import write
from experiments.machinery.gin_files import named_file
from scripts import command

FLAGS = command.flags_of("profile")


def main():
    named_file("profiles", FLAGS.profile)
    print(write(pathlib.Path(FLAGS.results) / FLAGS.profile))


if __name__ == "__main__":
    command.main(main, FLAGS)

"""Judges the online detector on recorded runs; writes results/<profile>/detector.{csv,md}."""

from experiments.findings.detection import write_detector
from scripts import command

FLAGS = command.flags_of("profile", "data_seed")


def main():
    """Reads records, runs nothing, writes the table, prints it."""
    print(write_detector(command.options(FLAGS)))


if __name__ == "__main__":
    command.main(main, FLAGS)

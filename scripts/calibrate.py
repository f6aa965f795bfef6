"""Finds the learning rate called 1x and writes results/<profile>/calibration.json."""

from experiments.findings.table2 import calibration_text
from experiments.studies.session import opened
from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    with opened(command.options(FLAGS)) as session:
        text = calibration_text(session.found)
    print(text)


if __name__ == "__main__":
    command.main(main, FLAGS)

"""Finds the learning rate called 1x and writes results/<profile>/calibration.json."""

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    """Calibrates and prints what was found."""
    from experiments.findings.make import reproduce_calibration

    print(reproduce_calibration(command.options(FLAGS)))


if __name__ == "__main__":
    command.main(main, FLAGS)

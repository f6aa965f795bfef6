"""Finds the learning rate called 1x and writes results/<profile>/calibration.json."""

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    """Looks for the rate where there is none yet, and prints it with its evidence."""
    from experiments.findings.table2 import calibration_text
    from experiments.machinery.records.record import results_folder
    from experiments.studies.session import opened
    from experiments.training.config import DEFAULT_DATA_SEED
    from scripts import terminal

    with opened(command.options(FLAGS)) as session:
        text = calibration_text(session.found)
    folder = results_folder(FLAGS.results, FLAGS.profile, DEFAULT_DATA_SEED)
    terminal.show(text, folder / "calibration.json")


if __name__ == "__main__":
    command.main(main, FLAGS)

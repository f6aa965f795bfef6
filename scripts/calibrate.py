"""Finds the learning rate called 1x and writes results/<profile>/calibration.json."""

from scripts import command


def main():
    """Calibrates and prints what was found."""
    from experiments.findings.names import calibration_text
    from experiments.studies.session import opened

    with opened(command.options()) as session:
        text = calibration_text(session.found)
    print(text)


if __name__ == "__main__":
    command.main(main)

"""Judges the online detector on recorded runs; writes results/<profile>/detector.{csv,md}."""

from scripts import command

FLAGS = command.flags_of("profile", "data_seed")


def main():
    """Reads records, runs nothing, writes the table, prints it."""
    from experiments.findings.detection import write_detector
    from scripts import terminal

    options = command.options(FLAGS)
    text = write_detector(options)
    terminal.show(text, options.store(options.data_seed).root / "detector.{csv,md}")


if __name__ == "__main__":
    command.main(main, FLAGS)

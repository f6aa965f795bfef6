"""Writes results/<profile>/report.html: scorecard, tables, figures and runs on one page."""

from scripts import command

FLAGS = command.flags_of("profile", "data_seed")


def main():
    """Reads what is on disk, runs nothing, writes the page, prints its path."""
    from experiments.findings.write_report import write_report

    print(write_report(command.options(FLAGS)))


if __name__ == "__main__":
    command.main(main, FLAGS)

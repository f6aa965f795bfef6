"""Writes results/<profile>/report.html: scorecard, tables, figures and runs on one page."""

from experiments.findings.report.material import gather
from experiments.findings.report.page import render
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import results_folder
from scripts import command

FLAGS = command.flags_of("profile", "data_seed")


def write_report(options):
    """Writes the page from what is on disk and returns its path as text; nothing is run.

    Args:
      options: session.Options.
    Raises: BadInput if there is no results folder, or something in it cannot be read.
    """
    path = results_folder(options.results, options.profile, options.data_seed) / "report.html"
    write_whole(path, render(gather(options)).encode())
    return str(path)


def main():
    """Reads what is on disk, writes the page, prints its path."""
    print(write_report(command.options(FLAGS)))


if __name__ == "__main__":
    command.main(main, FLAGS)

"""Writes results/<profile>/report.html: scorecard, tables, figures and runs on one page."""

from scripts import command

FLAGS = command.flags_of("profile", "data_seed")


def main():
    """Reads what is on disk, writes the page, prints its path."""
    from experiments.findings.report.material import gather
    from experiments.findings.report.page import render
    from experiments.machinery.records.files import write_whole
    from experiments.machinery.records.record import results_folder

    options = command.options(FLAGS)
    path = results_folder(options.results, options.profile, options.data_seed) / "report.html"
    write_whole(path, render(gather(options)).encode())
    print(path)


if __name__ == "__main__":
    command.main(main, FLAGS)

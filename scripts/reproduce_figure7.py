"""Runs the study of Figure 7 and writes figure7.{csv,md} and the figure beside its records."""

import dataclasses

from scripts import command

FLAGS = command.flags_of("profile", "workers", "cluster", "seeds")


def main():
    """Fetches the corpus if it is missing, runs what is missing, writes and prints the table."""
    from experiments.findings.figures import style
    from experiments.findings.figures.catalogue import FIGURES
    from experiments.findings.figures.material import Material
    from experiments.findings.make import write_figure7
    from experiments.findings.seeds import remember
    from experiments.studies.figure7 import job_config, profile_of, search_jobs
    from experiments.studies.known import figure7_config
    from experiments.studies.session import uncalibrated
    from scripts import terminal

    config, options = figure7_config(FLAGS.seeds), command.options(FLAGS)
    options = dataclasses.replace(options, profile=profile_of(options.profile))
    _fetch_missing(job_config(search_jobs(config)[0], config, options.profile).stream.path)
    with uncalibrated(options) as session:
        runs = session.run_figure7(config)
        text = write_figure7(session.folder, runs)
        material = Material(options, lambda: session, FLAGS.seeds)
        points, folder = FIGURES["7"].frame(material), session.folder / "figures"
        figure, caption = FIGURES["7"].draw(points), FIGURES["7"].drawing(points).caption
        style.save(figure, points, caption, folder, "figure7")
        remember(session.folder, ["figure7"], FLAGS.seeds)
    terminal.show(text, session.folder / "figure7.{csv,md}")


def _fetch_missing(path):
    """Fetches a corpus where its path is that of one of those of `make fetch`."""
    from scripts.fetch.__main__ import CORPORA, fetch

    for name in CORPORA:
        fetched = f".cache/corpora/{name}"
        if path == fetched and not (command.ROOT / fetched).exists():
            command.say(fetch(name, command.ROOT / ".cache"))


if __name__ == "__main__":
    command.main(main, FLAGS)

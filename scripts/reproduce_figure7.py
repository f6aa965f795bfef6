"""Runs the study of Figure 7 and writes figure7.{csv,md} and the figure beside its records."""

import dataclasses

from scripts import command

FLAGS = command.flags_of("profile", "workers", "cluster", "seeds")


def main():
    """Runs what is missing, for which it fetches the corpus, writes and prints the table."""
    from experiments.findings.figures import style
    from experiments.findings.figures.catalogue import FIGURES
    from experiments.findings.figures.material import Material
    from experiments.findings.make import write_figure7
    from experiments.findings.seeds import remember
    from experiments.studies.figure7 import profile_of
    from experiments.studies.known import figure7_config
    from experiments.studies.session import uncalibrated
    from scripts import terminal

    config, options = figure7_config(FLAGS.seeds), command.options(FLAGS)
    options = dataclasses.replace(options, profile=profile_of(options.profile))
    with uncalibrated(options) as session:
        fetch_missing(config, session)
        runs = session.run_figure7(config)
        text = write_figure7(session.folder, runs)
        material = Material(options, lambda: session, FLAGS.seeds)
        points, folder = FIGURES["7"].frame(material), session.folder / "figures"
        figure, caption = FIGURES["7"].draw(points), FIGURES["7"].drawing(points).caption
        style.save(figure, points, caption, folder, "figure7")
        remember(session.folder, ["figure7"], FLAGS.seeds)
    terminal.show(text, session.folder / "figure7.{csv,md}")


def fetch_missing(config, session):
    """Fetches the corpus of a Session if a run is to come and `make fetch` has the corpus."""
    from experiments.studies.figure7 import job_config, plan_figure7, search_jobs
    from scripts.fetch.__main__ import CORPORA, fetch

    runs, done, _ = plan_figure7(config, session)
    if runs == done:
        return
    path = job_config(search_jobs(config)[0], config, session.profile).stream.path
    for name in CORPORA:
        fetched = f".cache/corpora/{name}"
        if path == fetched and not (command.ROOT / fetched).exists():
            command.say(fetch(name, command.ROOT / ".cache"))


if __name__ == "__main__":
    command.main(main, FLAGS)

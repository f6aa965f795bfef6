"""Runs the search and the repeats of Table 2, writes results/<profile>/table2.{csv,md,tex}."""

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)


def main():
    """Calibrates, searches, repeats, writes the table, prints it."""
    from experiments.findings.make import write_table2
    from experiments.findings.seeds import remember
    from experiments.studies.known import table2_config
    from experiments.studies.session import opened
    from scripts import terminal

    table = table2_config(FLAGS.seeds)
    with opened(command.options(FLAGS)) as session:
        runs, optimal = session.run_table2(table)
        text = write_table2(session.folder, table, runs, optimal, session.found)
        remember(session.folder, ["table2"], FLAGS.seeds)
    terminal.show(text, session.folder / "table2.{csv,md,tex}")


if __name__ == "__main__":
    command.main(main, FLAGS)

"""Shows recorded runs side by side: what differs, what came of them, their curves."""

from absl import flags

from scripts import command

flags.DEFINE_string("runs", "", "Ids of runs, or beginnings that are theirs alone.")


def main():
    """Reads records, prints them side by side, writes results/<profile>/compare/*."""
    from rich.console import Console

    from scripts.compare_runs import write_comparison

    write_comparison(command.FLAGS.runs, command.FLAGS.results, Console())


if __name__ == "__main__":
    command.main(main)

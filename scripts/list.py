"""Lists the runs and studies of a profile with their status."""

from absl import flags

from scripts import command

flags.DEFINE_string("model", "", "Only these models, between commas.")
flags.DEFINE_string("method", "", "Only these methods, between commas.")
flags.DEFINE_string("status", "", "Only these statuses or labels, between commas.")
flags.DEFINE_string("study", "", "Only the runs of this study: its name or its gin file.")


def main():
    """Reads records, runs nothing, prints tables or, not in a terminal, lines with tabs."""
    from rich.console import Console

    from scripts.list_runs import Wanted, write_list

    given = command.FLAGS
    wanted = Wanted(given.model, given.method, given.status, given.study)
    write_list(command.options(), given.data_seed, wanted, Console())


if __name__ == "__main__":
    command.main(main)

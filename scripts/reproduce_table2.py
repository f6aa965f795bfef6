"""Runs the protocol of Table 2 and writes results/<profile>/table2.{csv,md,tex}."""

from absl import flags

from scripts import command

flags.DEFINE_integer("repeats", None, "Repeats of each chosen setting; default: the study's.")


def main():
    """Calibrates, searches, repeats, writes the table, prints it."""
    from experiments.reproduce import reproduce

    text = reproduce(
        profile=command.FLAGS.profile,
        data_seed=command.FLAGS.data_seed,
        repeats=command.FLAGS.repeats,
        results=command.FLAGS.results,
        cache=command.FLAGS.cache,
        workers=command.workers(),
    )
    print(text)


if __name__ == "__main__":
    command.main(main)

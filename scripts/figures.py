"""Draws the paper's figures from records into results/<profile>/figures; trains what is missing."""

from absl import flags

from scripts import command

FLAGS = command.flags_of(*command.STUDIES)
flags.DEFINE_integer(
    "figure", None, "Number of one figure; default: all that are built.", flag_values=FLAGS
)


def main():
    """Reads records, runs what is missing, writes pictures and their points, prints the paths."""
    from experiments.findings.write_figures import write_figures

    print(write_figures(command.options(FLAGS), FLAGS.figure, FLAGS.seeds))


if __name__ == "__main__":
    command.main(main, FLAGS)

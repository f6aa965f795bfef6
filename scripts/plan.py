"""Prints what a profile costs before it starts: parameters, operations, memory, disk, hours."""

from absl import flags

from scripts import command

FLAGS = command.flags_of("profile", "data_seed", "workers", "seeds")
flags.DEFINE_float(
    "flops", None, "Operations a second that a device of yours reaches.", flag_values=FLAGS
)
flags.DEFINE_float("memory", None, "Its memory in GiB.", flag_values=FLAGS)


def main():
    """Counts and prints."""
    from scripts.plan_costs import plan

    print(plan(command.options(FLAGS), FLAGS.seeds, FLAGS.flops, FLAGS.memory), end="")


if __name__ == "__main__":
    command.main(main, FLAGS)

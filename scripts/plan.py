"""Prints what a profile costs before it starts: parameters, operations, memory, disk, hours."""

from absl import flags

from scripts import command

flags.DEFINE_float("flops", None, "FLOPS: operations a second that a device of yours reaches.")
flags.DEFINE_float("memory", None, "MEMORY: its memory in GiB.")


def main():
    """Counts and prints."""
    from scripts.plan_costs import plan

    FLAGS = command.FLAGS
    print(plan(command.options(), FLAGS.repeats, FLAGS.flops, FLAGS.memory), end="")


if __name__ == "__main__":
    command.main(main)

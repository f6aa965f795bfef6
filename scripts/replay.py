"""Replays a recorded run from its snapshot, as it was or under another method or rate."""

import sys

from absl import flags

from scripts import command

FLAGS = command.flags_of()
flags.DEFINE_string("run", "", "Id of a run: the name of its record.", flag_values=FLAGS)
flags.DEFINE_integer("steps", None, "Steps to take; default 240.", flag_values=FLAGS, lower_bound=1)
flags.DEFINE_string(
    "method", None, "Name of a method in configs/methods to try.", flag_values=FLAGS
)
flags.DEFINE_float("rate", None, "Learning rate to try.", flag_values=FLAGS, lower_bound=1e-12)


def main():
    """Replays and prints a table and a verdict."""
    from scripts.replay_run import replay_one

    text = replay_one(
        run_id=FLAGS.run,
        steps=FLAGS.steps,
        method=FLAGS.method,
        rate=FLAGS.rate,
        results=FLAGS.results,
        cache=FLAGS.cache,
        say=lambda line: sys.stderr.write(line + "\n"),
    )
    print(text)


if __name__ == "__main__":
    command.main(main, FLAGS)

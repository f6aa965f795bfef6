"""Replays a recorded run from its snapshot, as it was or under another method or rate."""

import sys

from absl import flags

from scripts import command

flags.DEFINE_string("run", "", "Id of a run: the name of its record.")
flags.DEFINE_integer("steps", None, "Steps to take; default 240.", lower_bound=1)
flags.DEFINE_string("method", None, "Name of a method in configs/methods to try.")
flags.DEFINE_float("rate", None, "Learning rate to try.", lower_bound=1e-12)


def main():
    """Replays and prints a table and a verdict."""
    from scripts.replay_run import replay_one

    text = replay_one(
        run_id=command.FLAGS.run,
        steps=command.FLAGS.steps,
        method=command.FLAGS.method,
        rate=command.FLAGS.rate,
        results=command.FLAGS.results,
        cache=command.FLAGS.cache,
        say=lambda line: sys.stderr.write(line + "\n"),
    )
    print(text)


if __name__ == "__main__":
    command.main(main)

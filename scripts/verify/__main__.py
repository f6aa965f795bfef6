"""`make verify`: what is on disk against its records, and a few runs made again."""

import random

from absl import flags

from scripts import command

FLAGS = flags.FLAGS

flags.DEFINE_integer("again", 3, "Runs that are trained again; 0 for none.", lower_bound=0)
flags.DEFINE_integer("draw", None, "Seed of their choice; default: a new one.", lower_bound=0)


def main():
    """Prints one line for each item; exits with 1 if anything differs or is missing."""
    from scripts.verify.verify import refuse, verify

    draw = random.SystemRandom().randrange(10**6) if FLAGS.draw is None else FLAGS.draw

    def say(line):
        print(line, flush=True)

    chosen = {"repeats": FLAGS.repeats, "again": FLAGS.again, "seed": draw}
    refuse(verify(command.options(), FLAGS.data_seed, say=say, **chosen))


if __name__ == "__main__":
    command.main(main)

"""Says in a few plain lines what went wrong in a recorded run."""

import sys

from absl import flags

from scripts import command

flags.DEFINE_string("run", "", "Id of a run: the name of its record.")


def main():
    """Looks and prints."""
    from experiments.findings.doctor import doctor

    text = doctor(
        run_id=command.FLAGS.run,
        results=command.FLAGS.results,
        cache=command.FLAGS.cache,
        say=lambda line: sys.stderr.write(line + "\n"),
    )
    print(text)


if __name__ == "__main__":
    command.main(main)

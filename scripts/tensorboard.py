"""Writes the runs on disk as TensorBoard events and opens them there."""

import importlib.util
import sys

from absl import flags, logging

from scripts import command

flags.DEFINE_string("model", "", "Show runs of these models only; names with spaces between.")
flags.DEFINE_string("method", "", "Show runs of these methods only; names with spaces between.")
flags.DEFINE_string("study", "", "Show runs of this study only: its name or gin file.")
# Not "port": TensorBoard's parser takes absl's flags as well, and has that one.
flags.DEFINE_integer("at_port", 6006, "Where to serve.", lower_bound=1, upper_bound=65535)
flags.DEFINE_bool("serve", True, "Serve the page; without it the events are written only.")
MANY = 100  # runs on a page


def main():
    """Writes what is missing, says where, and becomes TensorBoard."""
    from experiments.errors import BadInput
    from scripts.tensorboard_runs import write_events

    given = command.FLAGS
    if given.serve and importlib.util.find_spec("tensorboard") is None:
        raise BadInput(
            "TensorBoard is not installed: make tensorboard does it; allowed is --noserve"
        )
    page, runs, written = write_events(command.options(), given.model, given.method, given.study)
    print(f"{page}: {runs} runs, {written} written now", flush=True)
    if runs > MANY:
        print("MODEL=, METHOD= and STUDY= show fewer", flush=True)
    if given.serve:
        serve(page, given.at_port)


def serve(page, port):
    """Serves a page until Ctrl-C, in this process: here TensorFlow is loaded, and silent."""
    from tensorboard import default, program

    logging.set_verbosity(logging.WARNING)
    board = program.TensorBoard(default.get_plugins())
    board.configure(logdir=str(page), port=port, window_title=page.name)
    sys.exit(board.main())


if __name__ == "__main__":
    command.main(main)

"""What all commands share: flags, exit statuses, one line for a person's mistake."""

import contextlib
import os
import pathlib
import sys

from absl import app, flags

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = flags.FLAGS

flags.DEFINE_string("profile", "laptop", "Size of everything: a file in configs/profiles.")
flags.DEFINE_integer("data_seed", None, "Seed of the stream; default 1.", lower_bound=0)
flags.DEFINE_integer("workers", None, "Worker processes; default: all cores.", lower_bound=1)
flags.DEFINE_integer("repeats", None, "Run seeds of each setting; default: the study's.")
flags.DEFINE_string("results", str(ROOT / "results"), "Folder of all results.")
flags.DEFINE_string("cache", str(ROOT / ".cache"), "Folder of the generated days.")


def main(command):
    """Runs `command()` and exits: 0 done, 2 bad input, 3 crashed runs, 130 interrupted."""
    app.run(lambda argv: sys.exit(_status(command, argv)), flags_parser=_parse)


def workers():
    """Number of worker processes: the flag, or the cores this process may use."""
    return FLAGS.workers or len(os.sched_getaffinity(0))


def options():
    """The flags that every command over studies has, as session.Options."""
    from experiments.session import Options  # imported late: see _status

    return Options(
        profile=FLAGS.profile,
        data_seed=FLAGS.data_seed,
        results=FLAGS.results,
        cache=FLAGS.cache,
        workers=workers(),
    )


def _parse(argv):
    if any(argument in ("--help", "-h", "-help", "--helpfull") for argument in argv[1:]):
        modules = (sys.modules["__main__"], sys.modules[__name__])
        print("\n".join([modules[0].__doc__, *map(FLAGS.module_help, modules)]))
        sys.exit(0)
    try:
        return FLAGS(argv)
    except flags.Error as error:
        sys.stderr.write(f"error: command line: {str(error).splitlines()[0]}\n")
        sys.exit(2)


@contextlib.contextmanager
def _silence():
    """Drops what TensorFlow's libraries write to standard error while they are loaded."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _status(command, argv):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        # Imported here so that --help does not wait for TensorFlow.
        with _silence():
            import tensorflow  # noqa: F401
        return _checked_status(command, argv)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: finished runs are kept; the same command goes on\n")
        return 130


def _checked_status(command, argv):
    from experiments.errors import BadInput, RunsCrashed

    try:
        if len(argv) > 1:
            raise BadInput(f"command line: {argv[1]!r}: allowed are flags only")
        command()
    except BadInput as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except BrokenPipeError:  # who read our output, as `head` does, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:  # a full disk, a folder that went away
        sys.stderr.write(f"error: {error.filename}: {error.strerror}; finished runs are kept\n")
        return 2
    except RunsCrashed as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    return 0

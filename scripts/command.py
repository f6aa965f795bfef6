"""What all commands share: flags, exit statuses, one line for a person's mistake."""

import os
import pathlib
import re
import sys

from absl import flags

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = flags.FLAGS

flags.DEFINE_string("profile", "laptop", "Size of everything: a file in configs/profiles.")
flags.DEFINE_integer("data_seed", None, "Seed of the stream; default 1.", lower_bound=0)
flags.DEFINE_integer("workers", None, "Worker processes; default: all cores.", lower_bound=1)
flags.DEFINE_string("cluster", None, "Address of a Dask scheduler; its workers do the runs then.")
flags.DEFINE_integer("repeats", None, "Run seeds of each setting; default: the study's.")
flags.DEFINE_string("results", str(ROOT / "results"), "Folder of all results.")
flags.DEFINE_string("cache", str(ROOT / ".cache"), "Folder of the generated days.")


def main(command):
    """Runs `command()` and exits.

    0 done, 1 something to verify differs, 2 bad input, 3 runs that crashed or stopped,
    130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal without the letters of a sparkline
    sys.exit(exit_status(command, sys.argv))


def exit_status(command, argv):
    """What `main` exits with.

    Args:
      command: function without arguments.
      argv: the command line, the name of the program first.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if any(argument in ("--help", "-h", "-help", "--helpfull") for argument in argv[1:]):
        modules = (sys.modules[command.__module__], sys.modules[__name__])
        print("\n".join([modules[0].__doc__, *map(FLAGS.module_help, modules)]))
        return 0
    try:
        rest = FLAGS(argv)[1:]
    except flags.Error as error:
        return _refuse(_flag_error(error))
    if rest:
        return _refuse(f"command line: {rest[0]!r}: allowed are flags only")
    return _status(command)


def workers():
    """Number of worker processes: the flag, or the cores this process may use."""
    return FLAGS.workers or len(os.sched_getaffinity(0))


def options():
    """The flags that every command over studies has, as session.Options."""
    from experiments.errors import BadInput
    from experiments.studies.session import Options  # imported late: --help does not need it

    if FLAGS.cluster is not None and FLAGS.workers is not None:
        raise BadInput(
            f"WORKERS = {FLAGS.workers}: allowed is none with CLUSTER, which has its own workers"
        )
    return Options(
        profile=FLAGS.profile,
        data_seed=FLAGS.data_seed,
        results=FLAGS.results,
        cache=FLAGS.cache,
        workers=workers(),
        cluster=FLAGS.cluster,
    )


def _flag_error(error):
    """An error of absl in our wording: the flag, what was received, what is allowed."""
    first = str(error).splitlines()[0]
    found = re.match(r"flag --(\w+)=(.*?): ", first)
    if found and found[1] in FLAGS:
        allowed = FLAGS[found[1]].parser.syntactic_help
        first = f"flag --{found[1]}={found[2]}: allowed is {allowed}"
    return f"command line: {first}"


def _refuse(message):
    """Says what is wrong; the status of bad input."""
    sys.stderr.write(f"error: {message}\n")
    return 2


def _status(command):
    from experiments.errors import BadInput, Differs, RunsCrashed, RunStopped, stopping

    try:
        command()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: finished runs are kept; the same command goes on\n")
        return 130
    except BadInput as error:
        return _refuse(error)
    except BrokenPipeError:  # who read our output, as `head` does, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:  # a full disk, a folder that went away
        where = error.filename or "a file"
        return _refuse(stopping(error) or f"{where}: {error.strerror}; finished runs are kept")
    except Differs as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except (RunsCrashed, RunStopped) as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    return 0

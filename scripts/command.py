"""What all commands share: flags, exit statuses, one line for a person's mistake.

A script imports at its top the standard library, absl, this module and experiments.errors, and all
else in the functions that need it. pandas and TensorFlow take seconds to import, and `--help` and a
misspelt flag are answered before that.
"""

import concurrent.futures
import functools
import multiprocessing
import os
import pathlib
import re
import sys

from absl import flags

from experiments.errors import BadInput, Differs, RunsCrashed, RunStopped, stopping

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMON = {
    "profile": (flags.DEFINE_string, "laptop", "Size of everything: a file in configs/profiles."),
    "data_seed": (flags.DEFINE_integer, None, "Seed of the stream; default 11.", 0),
    "workers": (flags.DEFINE_integer, None, "Worker processes; default: all cores.", 1),
    "cluster": (
        flags.DEFINE_string,
        None,
        "Address of a Dask scheduler; its workers do the runs then.",
    ),
    "seeds": (flags.DEFINE_integer, None, "Run seeds of each setting; default: the study's.", 1),
    "results": (flags.DEFINE_string, str(ROOT / "results"), "Folder of all results."),
    "cache": (flags.DEFINE_string, str(ROOT / ".cache"), "Folder of the generated days."),
}
STUDIES = ("profile", "data_seed", "workers", "cluster", "seeds")  # what trains studies reads
HELP = ("--help", "-h", "-help", "--helpfull")


def flags_of(*common, **own):
    """The absl FlagValues of one command.

    They are `results`, `cache`, those of COMMON that are named, and the command's `own`, which are
    defined as in COMMON or, for a text that is "" by default, by its meaning alone.
    """
    values = flags.FlagValues()
    read = {name: COMMON[name] for name in (*common, "results", "cache")}
    for name, given in (read | own).items():
        if isinstance(given, str):
            given = (flags.DEFINE_string, "", given)
        define, default, text, *bounds = given
        bounds = dict(zip(("lower_bound", "upper_bound"), bounds, strict=False))
        define(name, default, text, flag_values=values, **bounds)
    return values


def say(text):
    """Writes a line to standard error."""
    sys.stderr.write(f"{text}\n")


def main(command, values):
    """Runs `command()`, which reads the FlagValues `values`, and exits.

    The exit status is 0 if it is done, 1 if something to verify differs, 2 for bad input, 3 for
    runs that crashed or stopped, 130 if it is interrupted. `make` turns every failure into 2, so
    who needs to tell them apart calls the script.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal may lack the letters of a sparkline
    sys.exit(exit_status(command, values, sys.argv))


def exit_status(command, values, argv):
    """What `main` exits with; `argv` is the command line, the name of the program first."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if any(argument in HELP for argument in argv[1:]):
        print(f"{sys.modules[command.__module__].__doc__}\n{values.get_help()}")
        return 0
    try:
        rest = values(argv)[1:]
    except flags.Error as error:
        return _refuse(_flag_error(error, values))
    if rest:
        return _refuse(f"command line: {rest[0]!r}: expected flags only")
    try:
        command()
    except KeyboardInterrupt:
        say("interrupted: finished runs are kept; the same command goes on")
        return 130
    except BadInput as error:
        return _refuse(error)
    except BrokenPipeError:  # the reader of the output, as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:  # a full disk, a folder that went away
        where = error.filename or "a file"
        return _refuse(stopping(error) or f"{where}: {error.strerror}; finished runs are kept")
    except Differs as error:
        return _refuse(error, 1)
    except (RunsCrashed, RunStopped) as error:
        return _refuse(error, 3)
    except concurrent.futures.BrokenExecutor:  # of a `pool`
        return _refuse("a worker process died: the same command starts over", 3)
    return 0


def options(values, profile=None):
    """The common flags as session.Options; one that a command does not read has its default.

    `profile` is taken if none is given on the command line and it is not None.
    """
    from experiments.studies.session import Options  # late: help does not need it

    given = {name: values[name].value if name in values else COMMON[name][1] for name in COMMON}
    del given["seeds"]
    if profile is not None and not values["profile"].present:
        given["profile"] = profile
    workers = given.pop("workers")
    if given["cluster"] is not None and workers is not None:
        raise BadInput(f"WORKERS = {workers}: expected no WORKERS with CLUSTER, which has its own")
    return Options(workers=workers or len(os.sched_getaffinity(0)), **given)


def pool(workers):
    """An executor of so many fresh processes, none of which outlives this one."""
    from experiments.machinery.workers.orphans import end_with_parent

    spawn = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(workers, spawn, initializer=end_with_parent)


@functools.cache
def runner(root, cache):
    """The one Runner of this process, a worker of a command; `root` is its folder of records."""
    from experiments.machinery.workers.worker import make_runner  # late: help does not need it

    return make_runner(root, cache, say)


def _flag_error(error, values):
    first = str(error).splitlines()[0]
    unknown = re.match(r"Unknown command line flag '(\w+)'", first)
    if unknown and unknown[1] in COMMON:
        return f"{unknown[1].upper()}: this command does not read it"
    found = re.match(r"flag --(\w+)=(.*?): ", first)
    if found and found[1] in values:
        expected = values[found[1]].parser.syntactic_help
        first = f"flag --{found[1]}={found[2]}: expected {expected}"
    return f"command line: {first}"


def _refuse(message, status=2):
    """Says what is wrong; the status, that of bad input by default."""
    say(f"error: {message}")
    return status

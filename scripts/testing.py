"""What tests of several commands share."""

import importlib
import io
import os
import signal
import subprocess
import sys

from absl.testing import flagsaver
from rich.console import Console

from experiments.studies.session import Options
from scripts import command


def attempt(script, arguments, capfd, results, cache):
    """(exit status, standard output, standard error) of a command in this process, on smoke."""
    module = importlib.import_module(f"scripts.{script}")
    argv = [script, f"--results={results}", f"--cache={cache}", *arguments]
    if "profile" in module.FLAGS:
        argv.insert(1, "--profile=smoke")
    saved = flagsaver.save_flag_values(module.FLAGS)
    try:
        return command.exit_status(module.main, module.FLAGS, argv), *capfd.readouterr()
    finally:
        flagsaver.restore_flag_values(saved, module.FLAGS)


def refused(script, arguments, capfd, results, cache):
    """The one line of a command that exits with 2."""
    status, out, error = attempt(script, arguments, capfd, results, cache)
    assert (status, out) == (2, ""), error
    assert error.startswith("error: ")
    assert error.count("\n") == 1, error
    return error


def lines_of(write, terminal=False, width=200):
    """The lines that `write(console)` leaves: in a terminal of this width, or in a pipe."""
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    write(console)
    return console.file.getvalue().splitlines()


def options(results, profile="smoke", data_seed=None):
    """session.Options with folders below `results`, a path."""
    folders = {"results": str(results), "cache": str(results / "cache")}
    return Options(profile=profile, data_seed=data_seed, workers=1, **folders)


def start(*words, log=None, **given):
    """Python in a process that leads a group of them; what it says goes into a file or a pipe."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=command.ROOT,
        env=os.environ | given,
        stdout=log.open("w") if log else subprocess.PIPE,
        stderr=subprocess.STDOUT if log else subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts background jobs deaf to Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def ended(*words, cwd=command.ROOT, **given):
    """The CompletedProcess of a command, without what `make test` tells a make below it.

    One that takes too long is ended with all processes that it has started.
    """
    told = ("MAKELEVEL", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES")
    env = {name: value for name, value in os.environ.items() if name not in told} | given
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, cwd=cwd, env=env, start_new_session=True, **pipes) as process:
        try:
            out, error = process.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, error)

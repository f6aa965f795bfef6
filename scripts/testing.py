"""What tests of several commands share."""

import importlib
import os
import signal
import subprocess
import sys

from absl.testing import flagsaver

from scripts import command


def attempt(script, arguments, capfd, results, cache, profile="smoke"):
    """(exit status, standard output, standard error) of a command in this process."""
    module = importlib.import_module(f"scripts.{script}")
    argv = [script, f"--results={results}", f"--cache={cache}", *arguments]
    if profile and "profile" in module.FLAGS:
        argv.insert(1, f"--profile={profile}")
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


def hear_interrupts():
    """A shell starts background jobs deaf to Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments):
    """A command in a process of its own, which leads a group of processes."""
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=command.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )


def outside_make():
    """The environment without what `make test` tells a make below it."""
    told = ("MAKELEVEL", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES")
    return {name: value for name, value in os.environ.items() if name not in told}

"""Where and with what a run was computed. This part of a record does not decide its numbers."""

import functools
import importlib.metadata
import pathlib
import platform
import resource
import subprocess

PACKAGES = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "scipy", "pandas")
ROOT = pathlib.Path(__file__).resolve().parents[3]


@functools.cache
def provenance():
    """Commit, versions and machine: dict of strings, numbers and booleans."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": _git("status", "--porcelain", "--", ":!results") != "",
        "python": platform.python_version(),
        "processor": _processor(),
        **versions,
    }


def peak_memory_mib():
    """Largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _git(*arguments):
    """Output of git, or "" outside a checkout or without git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "")

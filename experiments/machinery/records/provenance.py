"""Where and with what a run was computed. This part of a record does not decide its numbers."""

import functools
import importlib.metadata
import pathlib
import platform
import resource
import subprocess

from experiments.training.tensorflow_setup import THREADS

PACKAGES = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "scipy", "pandas")
CPUINFO = pathlib.Path("/proc/cpuinfo")
VECTORS = ("sse4", "avx", "fma", "amx")  # beginnings of the names of vector instructions
ROOT = pathlib.Path(__file__).resolve().parents[3]


@functools.cache
def provenance():
    """Commit, versions and machine: dict of strings, numbers and booleans."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": _git("status", "--porcelain", "--", ":!results") != "",
        "python": platform.python_version(),
        "threads": THREADS,
        **_processor(),
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
    """The name of the processor, and what tells its bits from those of others of the same name."""
    try:
        text = CPUINFO.read_text().split("\n\n")[0]
    except OSError:
        return {"processor": platform.processor(), "hardware": platform.machine()}
    lines = (line.partition(":") for line in text.splitlines())
    said = {name.strip(): value.strip() for name, _, value in lines}
    which = [said.get(name, "") for name in ("vendor_id", "cpu family", "model", "stepping")]
    vectors = sorted(flag for flag in said.get("flags", "").split() if flag.startswith(VECTORS))
    return {
        "processor": said.get("model name", ""),
        "hardware": " ".join([*which, *vectors]) if any(which) else platform.machine(),
    }

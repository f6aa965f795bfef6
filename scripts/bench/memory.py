"""The resident memory of this process, from /proc: now, and at most since a moment."""

import pathlib

STATUS, RESET = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")


def resident_bytes():
    """What this process has in memory now."""
    return _field("VmRSS")


def forget_peak():
    """From here on `peak_bytes` counts anew.

    Raises: OSError where the system has no such mark.
    """
    RESET.write_text("5")


def peak_bytes():
    """The most that this process had in memory since `forget_peak`, or since its start."""
    return _field("VmHWM")


def _field(name):
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024

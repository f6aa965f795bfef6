"""The resident memory of this process, from /proc: now, and at most since a moment."""

import pathlib
import re

STATUS, RESET = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")


def resident_bytes():
    """What this process has in memory now."""
    return _field("VmRSS")


def forget_peak():
    """Has `peak_bytes` count anew. Raises: OSError where the system has no such mark."""
    RESET.write_text("5")


def peak_bytes():
    """The most that this process had in memory since `forget_peak`, or since its start."""
    return _field("VmHWM")


def _field(name):
    return int(re.search(rf"{name}:\s*(\d+)", STATUS.read_text())[1]) * 1024

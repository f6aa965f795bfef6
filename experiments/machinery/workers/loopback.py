"""A Dask cluster of real processes on loopback, for tests: started by the commands of Dask."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from experiments.machinery.records.provenance import ROOT

LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")


class Processes:
    """A scheduler and its workers, each with its nanny in a process group of its own."""

    def __init__(self, folder):
        self._folder, self._groups = folder, []
        file = folder / "scheduler.json"
        flags = ("--port", "0", "--scheduler-file", str(file), "--idle-timeout", "10 minutes")
        self.scheduler = self._start("scheduler", *flags)
        wait_for(lambda: file.exists() and file.read_text().strip().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    def worker(self, threads=1):
        """Starts a worker; returns its group."""
        flags = ("--nthreads", str(threads), "--memory-limit", "0", "--death-timeout", "60")
        return self._start("worker", self.address, *flags)

    def kill(self, group):
        """Ends all processes of a group at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group.pid, signal.SIGKILL)
        group.wait(10)

    def stop(self):
        for group in reversed(self._groups):
            self.kill(group)

    def _start(self, kind, *arguments):
        with (self._folder / f"{kind}-{len(self._groups)}.log").open("w") as log:
            self._groups.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", kind, *arguments, *LOOPBACK],
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        return self._groups[-1]


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)

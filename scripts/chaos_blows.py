"""Fault injection: a study whose workers and parent are killed at random until it has ended."""

import contextlib
import json
import pathlib
import random
import subprocess
import time
from typing import NamedTuple

import psutil

CRASHED = 3  # exit status of a study with runs that crashed; the same command tries them again
# What a blow hits, with its weight: one worker, all workers, the parent, the whole machine.
BLOWS = {"worker": 8, "workers": 4, "parent": 1, "machine": 1}  # ours: a start costs the most
HURRY = 0.5  # ours: share of the blows that wait for nothing, and hit starts more than runs
JITTER_S = 1.0  # ours: about a run of smoke, so that blows hit every part of one
ORPHANS_S = 20.0  # ours: far above what a worker needs to notice, on a busy machine
TABLES = ("table2.md", "table2.csv", "table2.tex", "table2_runs.csv", "calibration.json")


class Broken(RuntimeError):
    """A study did not survive: what is said is why."""


class Told(NamedTuple):
    """What was done to a study.

    starts: times the command was started.
    blows: times that something was killed.
    workers, parents: how many of each were killed.
    under_way: kills of workers while a run was under way.
    crashed: times the command ended with runs that had crashed, and was started again.
    orphans_s: longest time that workers outlived their parent.
    seconds: of all.
    """

    starts: int
    blows: int
    workers: int
    parents: int
    under_way: int
    crashed: int
    orphans_s: float
    seconds: float


class Alone(NamedTuple):
    """What the study takes where nothing is killed: its runs, and seconds on this machine now."""

    runs: int
    seconds: float


class Audit:
    """Holds that a record, once it is there, is never written again.

    Args:
      folder: results folder of the profile.
    """

    def __init__(self, folder):
        self._runs, self._known = pathlib.Path(folder) / "runs", {}

    def look(self):
        """The number of runs with a record.

        Raises: Broken if one was written again, or has gone.
        """
        here = {path: path.stat() for path in self._runs.glob("*-*.json")}
        for path, first in self._known.items():
            now = here.get(path)
            if now is None or (now.st_ino, now.st_mtime_ns) != first:
                raise Broken(f"{path}: a finished run was {'lost' if now is None else 'repeated'}")
        for path in here.keys() - self._known.keys():
            if json.loads(path.read_text())["status"] != "crashed":
                self._known[path] = (here[path].st_ino, here[path].st_mtime_ns)
        return len(self._known)


class Chaos:
    """Runs a command until it has ended well, killing its processes.

    Args:
      start: function that starts the command and returns its subprocess.Popen.
      folder: results folder of the profile.
      alone: Alone.
      kills: how many processes are killed at least.
      seed: of what is killed and when.
    """

    def __init__(self, start, folder, alone, kills, seed):
        self._start, self._folder = start, pathlib.Path(folder)
        self._alone, self._kills = alone, kills
        self._random, self._audit = random.Random(seed), Audit(folder)
        self._blows = self._workers = self._parents = self._under_way = 0
        self._orphans, self._orphans_s = [], 0.0

    def run(self):
        """Does it.

        Returns: Told.
        Raises: Broken.
        """
        began, starts, crashed = time.monotonic(), 0, 0
        while True:
            process, starts = self._start(), starts + 1
            self._bury()
            try:
                killed = self._torment(process)
            finally:
                process.kill()
                process.wait()
            self._audit.look()
            crashed += process.returncode == CRASHED
            if not killed and process.returncode == 0:
                break
            if not killed and process.returncode != CRASHED:
                raise Broken(f"the command ended with status {process.returncode}")
        seconds = time.monotonic() - began
        counts = (self._blows, self._workers, self._parents, self._under_way)
        return Told(starts, *counts, crashed, self._orphans_s, seconds)

    def _torment(self, process):
        """Kills while the command runs; whether the parent was killed."""
        while process.poll() is None and self._workers + self._parents < self._kills:
            self._wait(process)
            if process.poll() is None and self._strike(process):
                return True
        while process.poll() is None:
            self._audit.look()
            time.sleep(0.1)
        return False

    def _wait(self, process):
        """Waits for the study to get on, so that blows fall on all of it, and a random moment."""
        killed = self._workers + self._parents
        due = 0.8 * self._alone.runs * killed / self._kills  # all blows fall before its end
        hurry = self._random.random() < HURRY
        deadline = time.monotonic() + (0 if hurry else self._alone.seconds)
        while process.poll() is None and time.monotonic() < deadline and self._audit.look() < due:
            time.sleep(0.02)
        time.sleep(self._random.uniform(0, JITTER_S))

    def _strike(self, process):
        """Kills one process or several at once; whether the parent was among them."""
        workers = _workers(process.pid)
        (blow,) = self._random.choices(list(BLOWS), list(BLOWS.values()))
        ids = _under_way(self._folder / "progress")
        at_work = [worker for worker in workers if worker.pid in ids]
        victims = {"worker": [self._random.choice(at_work or workers)] if workers else []}
        victims |= {"workers": workers, "parent": [], "machine": workers}
        if blow in ("parent", "machine"):
            process.kill()
            self._parents += 1
            self._orphans = workers
        for victim in victims[blow]:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                victim.kill()
                self._workers += 1
                self._under_way += victim in at_work
        self._blows += 1
        return blow in ("parent", "machine")

    def _bury(self):
        """Sees that the workers of a killed parent end."""
        began = time.monotonic()
        _, alive = psutil.wait_procs(self._orphans, timeout=ORPHANS_S)
        if alive:
            raise Broken(f"{len(alive)} workers outlive their parent by {ORPHANS_S:.0f} s")
        if self._orphans:
            self._orphans_s = max(self._orphans_s, time.monotonic() - began)
        self._orphans = []


def differences(folder, reference):
    """What of a study's results is not what an uninterrupted one left: list of lines.

    Args:
      folder, reference: results folders of the profile.
    """
    found = [
        f"{name} differs"
        for name in TABLES
        if (folder / name).read_bytes() != (reference / name).read_bytes()
    ]
    ours, theirs = (
        {path.name: path.read_bytes() for path in root.glob("runs/*.csv.gz")}
        for root in (folder, reference)
    )
    if ours != theirs:
        found.append("curves differ")
    patterns = ("**/*.draft", "progress/*", "checkpoints/*")
    left = {path for pattern in patterns for path in folder.glob(pattern)}
    return found + [f"{path} was left" for path in sorted(left)]


def trained(folder):
    """Ids of the runs that the workers of a results folder trained, each as often as it was."""
    logs = sorted(pathlib.Path(folder).glob("logs/worker-*.log"))
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    return [line.split()[0] for line in lines if line.endswith(" trained")]


def _workers(pid):
    """The worker processes of a study's process."""
    try:
        children = psutil.Process(pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:  # it, or one of them, has just ended
        return []


def _under_way(folder):
    """Ids of the workers with a run under way."""
    found = set()
    for path in folder.glob("*.json"):
        try:
            found.add(json.loads(path.read_text())["worker"])
        except (OSError, ValueError):  # it has just ended
            continue
    return found


def command(python, profile, results, cache, workers, repeats):
    """The command line of a study of Table 2."""
    flags = {"profile": profile, "results": results, "cache": cache}
    flags |= {"workers": workers, "repeats": repeats}
    return [python, "-m", "scripts.reproduce_table2", *(f"--{k}={v}" for k, v in flags.items())]


def starter(line, root, log):
    """Function that starts a command in a folder; what it prints is added to a file.

    Args:
      line: the command line.
      root: folder it runs in.
      log: path of the file.
    """

    def start():
        with pathlib.Path(log).open("ab") as file:
            return subprocess.Popen(line, cwd=root, stdout=file, stderr=file)

    return start

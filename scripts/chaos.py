"""Kills a study of Table 2 at random, and runs it twice at once: both end as one left alone."""

import collections
import contextlib
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import psutil
from absl import flags

from experiments.machinery.workers.worker import states, trained
from scripts import command

FLAGS = command.flags_of("profile", "workers", "seeds")
flags.DEFINE_integer("kills", 60, "Processes to kill.", flag_values=FLAGS, lower_bound=1)
flags.DEFINE_integer(
    "chaos_seed", 1, "Seed of what is killed and when.", flag_values=FLAGS, lower_bound=0
)

CRASHED = 3  # exit status of a study with runs that crashed; the same command tries them again
# What a blow hits, with its weight: one worker, all workers, the parent, the whole machine.
BLOWS = {"worker": 8, "workers": 4, "parent": 1, "machine": 1}  # ours: a start costs the most
JITTER_S = 1.0  # ours: about a run of smoke, so that blows hit every part of one
ORPHANS_S = 20.0  # ours: far above what a worker needs to notice, on a busy machine
TABLES = ("table2.md", "table2.csv", "table2.tex", "table2_runs.csv", "calibration.json")


class Broken(RuntimeError):
    """A study did not survive, or did not end as it should; the message says why."""


class Study:
    """The command of a study of Table 2, in a folder of its own.

    Args:
      folder: to be made; the command gets it as its folder of results.
      root: checkout in which the command runs.
      flags: those of the command but `results`, `profile` among them.
    """

    def __init__(self, folder, root, **flags):
        folder.mkdir()
        self.results, self._root, self._log = folder / flags["profile"], root, folder / "study.log"
        named = flags | {"results": folder}
        flags = [f"--{name}={value}" for name, value in named.items()]
        self._line = [sys.executable, "-m", "scripts.reproduce_table2", *flags]

    def start(self):
        """Starts the command; returns its subprocess.Popen."""
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._line, cwd=self._root, stdout=log, stderr=subprocess.STDOUT
            )

    def leave_alone(self, times=1):
        """Runs the command so often at the same time. Raises: Broken if it fails."""
        statuses = [process.wait() for process in [self.start() for _ in range(times)]]
        if any(statuses):
            raise Broken(f"a study that was left alone failed:\n{self._log.read_text()}")

    def recorded(self):
        """Number of the runs with curves, which those that crashed have not."""
        return len(list(self.results.glob("runs/*.csv.gz")))

    def trained(self):
        """Ids of the runs that were trained, each as often as it was, sorted."""
        return trained(self.results)

    def compare(self, other):
        """Raises: Broken unless it left what another study did, and trained each run once."""
        found = differences(self.results, other.results)
        ids = self.trained()
        found += ["a finished run was repeated"] * (len(set(ids)) < len(ids))
        if found:
            raise Broken(f"{self.results}: {'; '.join(found)}")


def differences(folder, reference):
    """What in one results folder is not as in another that a study has left: list of lines."""
    found = [
        f"{name} differs"
        for name in TABLES
        if (folder / name).read_bytes() != (reference / name).read_bytes()
    ]
    ours, theirs = (
        {path.name: path.read_bytes() for path in root.glob("runs/*.csv.gz")}
        for root in (folder, reference)
    )
    found += ["curves differ"] * (ours != theirs)
    patterns = ("**/*.draft", "progress/*", "checkpoints/*")
    left = {path for pattern in patterns for path in folder.glob(pattern)}
    return found + [f"{path} was left" for path in sorted(left)]


def torment(study, runs, kills, seed):
    """Runs a study until it has ended well, and kills its processes meanwhile.

    Args:
      study: Study.
      runs: number of its runs.
      kills: number of processes that are killed; the last blow may hit more.
      seed: of what is killed and when.
    Returns: Counter of starts, killed workers, those of them that had a run under way, and killed
      parents.
    Raises: Broken if a worker outlives its parent, or the command fails but for crashed runs.
    """
    chance, counts, orphans, due, status = random.Random(seed), collections.Counter(), [], 0, None
    while status != 0:
        process = study.start()
        counts["starts"] += 1
        try:
            if psutil.wait_procs(orphans, timeout=ORPHANS_S)[1]:
                raise Broken(f"workers outlive their parent by {ORPHANS_S:.0f} s")
            orphans = []
            while process.poll() is None:
                killed = counts["workers"] + counts["parents"]
                if killed < kills and study.recorded() >= due:
                    time.sleep(chance.uniform(0, JITTER_S))
                    orphans = _strike(process, study.results, chance, counts)
                    # The blows fall on all of the study; half of them hit starts more than runs.
                    due = chance.choice((0, 0.8 * runs * (killed + 1) / kills))
                time.sleep(0.02)
        finally:
            process.kill()
            status = process.wait()
        if status not in (0, CRASHED, -signal.SIGKILL):
            raise Broken(f"the command ended with status {status}")
    return counts


def _strike(process, folder, chance, counts):
    """Kills one process of a study or several at once; the workers of a killed parent."""
    try:
        children = psutil.Process(process.pid).children()
        workers = [c for c in children if "spawn_main" in " ".join(c.cmdline())]
    except psutil.NoSuchProcess:  # it, or one of them, has just ended
        return []
    under_way = {state["worker"] for state in states(folder)}
    at_runs = [worker for worker in workers if worker.pid in under_way]
    (blow,) = chance.choices(list(BLOWS), list(BLOWS.values()))
    if blow in ("parent", "machine"):
        process.kill()
        counts["parents"] += 1
    one = [chance.choice(at_runs or workers)] if workers else []
    for victim in {"worker": one, "parent": []}.get(blow, workers):
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
            counts["workers"] += 1
            counts["at runs"] += victim in at_runs
    return workers if blow in ("parent", "machine") else []


def main():
    """Runs the study alone, under fire and twice at once, and compares what is left."""
    options = command.options(FLAGS)
    given = {"profile": options.profile, "cache": options.cache, "workers": options.workers}
    given["seeds"] = FLAGS.seeds or 1
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        try:
            _all(pathlib.Path(folder), given)
        except Broken as error:
            sys.exit(f"error: {error}")


def _all(folder, given):
    alone, killed, two = (
        Study(folder / name, command.ROOT, **given) for name in ("alone", "killed", "two")
    )
    print("one study, left alone", flush=True)
    alone.leave_alone()
    runs = len(alone.trained())
    print(f"{runs} runs; the same under fire: {FLAGS.kills} kills", flush=True)
    counts = torment(killed, runs, FLAGS.kills, FLAGS.chaos_seed)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    killed.compare(alone)
    print("two studies at once", flush=True)
    two.leave_alone(2)
    two.compare(alone)
    if two.trained() != alone.trained():
        raise Broken("the two studies did not train each run once")
    print("every table is the same, byte for byte, and each run was recorded once")


if __name__ == "__main__":
    command.main(main, FLAGS)

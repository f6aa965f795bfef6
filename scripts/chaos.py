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

from scripts import command

FLAGS = command.flags_of("profile", "workers", "seeds")
flags.DEFINE_integer("kills", 60, "Processes to kill.", flag_values=FLAGS, lower_bound=1)
flags.DEFINE_integer(
    "chaos_seed", 1, "Seed of what is killed and when.", flag_values=FLAGS, lower_bound=0
)

CRASHED = 3  # exit status of a study with runs that crashed; the same command tries them again
# What a blow hits, with its weight: one worker, all workers, the parent, the whole machine.
BLOWS = {"worker": 8, "workers": 4, "parent": 1, "machine": 1}  # ours: a start costs the most
HURRY = 0.5  # ours: share of the blows that wait for nothing, and hit starts more than runs
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
        """Starts the command; returns its psutil.Popen."""
        with self._log.open("ab") as log:
            return psutil.Popen(self._line, cwd=self._root, stdout=log, stderr=subprocess.STDOUT)

    def leave_alone(self, times=1):
        """Runs the command so often at the same time. Raises: Broken if it fails."""
        statuses = [process.wait() for process in [self.start() for _ in range(times)]]
        if any(statuses):
            raise Broken(f"a study that was left alone failed:\n{self._log.read_text()}")

    def recorded(self):
        """Number of the runs with curves, which those that crashed have not."""
        return len(list(self.results.glob("runs/*.csv.gz")))

    def trained(self):
        """Ids of the runs that were trained, each as often as it was."""
        from experiments.machinery.workers.testing import trained

        return trained(self.results)

    def compare(self, other):
        """Raises: Broken unless tables and curves are those of another study, and nothing else."""
        found = differences(self.results, other.results)
        if len(set(self.trained())) < len(self.trained()):
            found.append("a finished run was repeated")
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


class Chaos:
    """Runs a study until it has ended well, and kills its processes meanwhile.

    Args:
      study: Study.
      runs: number of its runs.
      kills: number of processes that are killed; the last blow may hit more.
      seed: of what is killed and when.
    """

    def __init__(self, study, runs, kills, seed):
        self._study, self._runs, self._kills = study, runs, kills
        self._random, self._hurry = random.Random(seed), False
        self._orphans, self._counts = [], collections.Counter()

    def run(self):
        """Does it.

        Returns: Counter of starts, blows, killed workers and parents, "under way", kills of workers
          with a run under way, and "crashed", ends of the command with crashed runs.
        Raises: Broken if a worker outlives its parent, or the command fails in another way.
        """
        status = None
        while status != 0:
            process = self._study.start()
            self._counts["starts"] += 1
            try:
                self._bury()
                while process.poll() is None:
                    self._blow(process)
                    time.sleep(0.02)
            finally:
                process.kill()
                status = process.wait()
            self._counts["crashed"] += status == CRASHED
            if status not in (0, CRASHED, -signal.SIGKILL):
                raise Broken(f"the command ended with status {status}")
        return self._counts

    def _bury(self):
        """Sees that the workers of a killed parent end."""
        if psutil.wait_procs(self._orphans, timeout=ORPHANS_S)[1]:
            raise Broken(f"workers outlive their parent by {ORPHANS_S:.0f} s")
        self._orphans = []

    def _blow(self, process):
        """Kills something if it is time, so that blows fall on all of the study."""
        killed = self._counts["workers"] + self._counts["parents"]
        due = 0 if self._hurry else 0.8 * self._runs * killed / self._kills
        if killed >= self._kills or self._study.recorded() < due:
            return
        time.sleep(self._random.uniform(0, JITTER_S))
        self._hurry = self._random.random() < HURRY
        with contextlib.suppress(psutil.NoSuchProcess):  # one has just ended
            self._strike(process)

    def _strike(self, process):
        """Kills one process or several at once."""
        from experiments.machinery.workers.testing import at_work

        workers = [c for c in process.children() if "spawn_main" in " ".join(c.cmdline())]
        under_way = at_work(self._study.results)
        at_runs = [worker for worker in workers if worker.pid in under_way]
        (blow,) = self._random.choices(list(BLOWS), list(BLOWS.values()))
        self._counts["blows"] += 1
        if blow in ("parent", "machine"):
            process.kill()
            self._counts["parents"] += 1
            self._orphans = workers
        one = [self._random.choice(at_runs or workers)] if workers else []
        for victim in {"worker": one, "parent": []}.get(blow, workers):
            victim.kill()
            self._counts["workers"] += 1
            self._counts["under way"] += victim in at_runs


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
    counts = Chaos(killed, runs, FLAGS.kills, FLAGS.chaos_seed).run()
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

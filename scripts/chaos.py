"""Kills a study of Table 2 at random, and runs it twice at once: both end as one left alone."""

import collections
import contextlib
import filecmp
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from absl import flags

from experiments.errors import Differs
from scripts import command

FLAGS = command.flags_of(
    *("profile", "workers", "seeds"),
    kills=(flags.DEFINE_integer, 60, "Processes to kill.", 1),
    chaos_seed=(flags.DEFINE_integer, 1, "Seed of what is killed and when.", 0),
)

CRASHED = 3  # exit status of a study with runs that crashed; the same command tries them again
# What a blow hits, with its weight: one worker, all workers, the parent, the whole machine.
BLOWS = {"worker": 8, "workers": 4, "parent": 1, "machine": 1}  # ours: a start costs the most
JITTER_S = 1.0  # ours: about a run of smoke, so that blows hit every part of one
ORPHANS_S = 20.0  # ours: far above what a worker needs to notice, on a busy machine


class Study:
    """The command of a study of Table 2 in a checkout `root`, with a new folder of results."""

    def __init__(self, folder, root, **flags):
        folder.mkdir()
        self.results, self._root, self._log = folder / flags["profile"], root, folder / "study.log"
        named = [f"--{name}={value}" for name, value in (flags | {"results": folder}).items()]
        self._line = [sys.executable, "-m", "scripts.reproduce_table2", *named]

    def start(self):
        """Starts the command; returns its subprocess.Popen."""
        with self._log.open("ab") as log:
            return subprocess.Popen(self._line, cwd=self._root, stdout=log, stderr=log)

    def leave_alone(self, times=1):
        """Runs the command so often at the same time. Raises: Differs if it fails."""
        statuses = [process.wait() for process in [self.start() for _ in range(times)]]
        if any(statuses):
            raise Differs(f"a study that was left alone failed:\n{self._log.read_text()}")

    def compare(self, other):
        """Raises: Differs unless it left what another study did, and trained each run once."""
        from experiments.machinery.workers.worker import trained

        found = differences(self.results, other.results)
        ids = trained(self.results)
        found += ["a finished run was repeated"] * (len(set(ids)) < len(ids))
        if found:
            raise Differs(f"{self.results}: {'; '.join(found)}")


def differences(folder, reference):
    """What in one results folder is not as in another that a study has left: list of lines."""
    from experiments.findings.make import TABLE2

    tables = (*TABLE2, "calibration.json")
    _, other, missing = filecmp.cmpfiles(folder, reference, tables, shallow=False)
    found = [f"{name} differs" for name in other + missing]
    roots = (folder, reference)
    ours, theirs = ({p.name: p.read_bytes() for p in root.glob("runs/*.csv.gz")} for root in roots)
    found += ["curves differ"] * (ours != theirs)
    patterns = ("**/*.draft", "progress/*", "checkpoints/*")
    left = {path for pattern in patterns for path in folder.glob(pattern)}
    return found + [f"{path} was left" for path in sorted(left)]


def torment(study, runs, kills, seed):
    """Runs a Study of so many runs until it has ended well; kills some of its processes meanwhile.

    Returns a Counter of starts, killed workers, those of them at runs, and killed parents. Raises
    Differs if a worker outlives its parent, or the command fails but for crashed runs.
    """
    import psutil

    chance, counts, orphans, due, status = random.Random(seed), collections.Counter(), [], 0, None
    while status != 0:
        process = study.start()
        counts["starts"] += 1
        try:
            if psutil.wait_procs(orphans, timeout=ORPHANS_S)[1]:
                raise Differs(f"workers outlive their parent by {ORPHANS_S:.0f} s")
            orphans = []
            while process.poll() is None:
                killed = counts["workers"] + counts["parents"]
                recorded = len(list(study.results.glob("runs/*.csv.gz")))  # and did not crash
                if killed < kills and recorded >= due:
                    time.sleep(chance.uniform(0, JITTER_S))
                    orphans = _strike(process, study.results, chance, counts)
                    # The blows fall on all of the study; half of them hit starts more than runs.
                    due = chance.choice((0, 0.8 * runs * (killed + 1) / kills))
                time.sleep(0.02)
        finally:
            process.kill()
            status = process.wait()
        if status not in (0, CRASHED, -signal.SIGKILL):
            raise Differs(f"the command ended with status {status}")
    return counts


def _strike(process, folder, chance, counts):
    """Kills one process of a study or several at once; the workers of a killed parent."""
    import psutil

    from experiments.machinery.workers.worker import states

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
    from experiments.machinery.workers.worker import trained

    options, kills = command.options(FLAGS), FLAGS.kills
    given = {"profile": options.profile, "cache": options.cache, "workers": options.workers}
    given["seeds"] = FLAGS.seeds or 1
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        names = ("alone", "killed", "two")
        studies = [Study(pathlib.Path(folder, name), command.ROOT, **given) for name in names]
        alone, killed, two = studies
        print("one study, left alone", flush=True)
        alone.leave_alone()
        runs = len(trained(alone.results))
        print(f"{runs} runs; the same under fire: {kills} kills", flush=True)
        counts = torment(killed, runs, kills, FLAGS.chaos_seed)
        print(", ".join(f"{count} {name}" for name, count in counts.items()))
        killed.compare(alone)
        print("two studies at once", flush=True)
        two.leave_alone(2)
        two.compare(alone)
        if trained(two.results) != trained(alone.results):
            raise Differs("the two studies did not train each run once")
    print("every table is the same, byte for byte, and each run was recorded once")


if __name__ == "__main__":
    command.main(main, FLAGS)

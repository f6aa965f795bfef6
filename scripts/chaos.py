"""Kills a study of Table 2 at random, and runs it twice at once: both end as one left alone."""

import pathlib
import sys
import tempfile
import time

from absl import flags

from scripts import command

FLAGS = command.flags_of("profile", "workers", "seeds")
flags.DEFINE_integer("kills", 60, "Processes to kill.", flag_values=FLAGS, lower_bound=1)
flags.DEFINE_integer(
    "chaos_seed", 1, "Seed of what is killed and when.", flag_values=FLAGS, lower_bound=0
)


def main():
    """Runs the study alone, under fire and twice at once, and compares what is left."""
    command.options(FLAGS)  # a misspelt profile is said now
    from scripts.chaos_blows import Broken

    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        try:
            _all(pathlib.Path(folder))
        except Broken as error:
            sys.exit(f"error: {error}")


def _all(folder):
    from scripts import chaos_blows as chaos

    alone = _Study(folder / "alone")
    print("one study, left alone", flush=True)
    began = time.monotonic()
    alone.left_alone(1)
    size = chaos.Alone(len(alone.trained()), time.monotonic() - began)
    print(
        f"{size.runs} runs in {size.seconds:.0f} s; the same under fire: {FLAGS.kills} kills",
        flush=True,
    )
    killed = _Study(folder / "killed")
    told = chaos.Chaos(killed.start, killed.results, size, FLAGS.kills, FLAGS.chaos_seed).run()
    print(
        f"killed {told.workers} workers ({told.under_way} in a run) and {told.parents} parents in "
        f"{told.blows} blows; "
        f"started {told.starts} times, {told.crashed} of them ended with crashed runs; workers "
        f"outlived a parent by {told.orphans_s:.1f} s at most; {told.seconds:.0f} s"
    )
    killed.compare(alone, "the killed study")
    print("two studies at once", flush=True)
    two = _Study(folder / "two")
    two.left_alone(2)
    two.compare(alone, "the two studies")
    if sorted(two.trained()) != sorted(alone.trained()):
        raise chaos.Broken("the two studies did not train each run once")
    print("every table is the same, byte for byte, and each run was recorded once")


class _Study:
    """The study of Table 2 in a results folder of its own."""

    def __init__(self, folder):
        from scripts import chaos_blows as chaos

        folder.mkdir()
        self._log = folder / "study.log"
        self.results = folder / FLAGS.profile
        line = chaos.command(
            sys.executable,
            FLAGS.profile,
            folder,
            FLAGS.cache,
            command.options(FLAGS).workers,
            FLAGS.seeds or 1,
        )
        self.start = chaos.starter(line, command.ROOT, self._log)

    def left_alone(self, times):
        """Runs it so often at the same time."""
        from scripts import chaos_blows as chaos

        processes = [self.start() for _ in range(times)]
        statuses = [process.wait() for process in processes]
        if any(statuses):
            raise chaos.Broken(f"a study that was left alone failed:\n{self._log.read_text()}")

    def trained(self):
        """Ids of the runs that were trained, each as often as it was."""
        from scripts import chaos_blows as chaos

        return chaos.trained(self.results)

    def compare(self, other, name):
        """Raises Broken if it did not leave what the other did."""
        from scripts import chaos_blows as chaos

        found = chaos.differences(self.results, other.results)
        if found:
            raise chaos.Broken(f"{name}: " + "; ".join(found))


if __name__ == "__main__":
    command.main(main, FLAGS)

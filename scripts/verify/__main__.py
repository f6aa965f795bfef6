"""Compares what is on disk with its records, and trains a few runs again."""

import collections
import dataclasses
import functools
import pathlib
import random
import shutil
import tempfile

from absl import flags

from experiments.errors import BadInput, Differs
from scripts import command

FLAGS = command.flags_of(
    *("profile", "data_seed", "seeds"),
    runs_again=(flags.DEFINE_integer, 3, "Runs to train again; 0 for none.", 0),
    draw=(flags.DEFINE_integer, None, "Seed of their choice; default: new.", 0),
)


def main():
    """Prints one line for each item; exits with 1 if anything differs or is missing."""
    draw = random.SystemRandom().randrange(10**6) if FLAGS.draw is None else FLAGS.draw
    how = {"seeds": FLAGS.seeds, "again": FLAGS.runs_again, "draw": draw}
    say = functools.partial(print, flush=True)
    refuse(verify(command.options(FLAGS), FLAGS.data_seed, say=say, **how))


def refuse(items):
    wrong = sum(item.verdict in ("differs", "missing") for item in items)
    if wrong:
        raise Differs(f"{wrong} of {len(items)} items differ or are missing")


def verify(options, data_seed, *, seeds=None, again=0, draw=0, say=print):
    """Verifies the results folders of a profile, in which nothing is written; list of check.Item.

    Data seed None verifies all on disk. `seeds` are run seeds of each setting, None for those
    that each artefact was made with. `again` runs are trained again, drawn with the seed `draw`.
    `say` gets a line for each item and one for the whole. Raises BadInput if there is no such
    folder.
    """
    from experiments.machinery.records.record import results_folder, seeds_on_disk
    from experiments.training.tensorflow_setup import one_thread

    on_disk = seeds_on_disk(options.results, options.profile)
    wanted = on_disk if data_seed is None else [data_seed]
    if not wanted or not set(wanted) <= set(on_disk):
        folder = results_folder(options.results, options.profile, options.data_seed)
        raise BadInput(
            f"{folder}: no results to verify: expected a profile and DATA_SEED with some; "
            "make smoke leaves the smallest"
        )
    one_thread()  # before anything computes with TensorFlow
    if again:
        say(f"{again} runs will be trained again, drawn with DRAW={draw}")
    items = []
    with tempfile.TemporaryDirectory(prefix="verify-") as copies:
        for item in _items(options, on_disk, wanted, pathlib.Path(copies), seeds, again, draw):
            items.append(item)
            say(f"{item.verdict:<12}{item.name}" + (f": {item.why}" if item.why else ""))
    counts = collections.Counter(item.verdict for item in items).most_common()
    say(f"{len(items)} items: " + ", ".join(f"{n} {verdict}" for verdict, n in counts))
    return items


def _items(options, on_disk, wanted, copies, seeds, again, draw):
    from experiments.findings.evidence import Evidence
    from experiments.machinery.records.record import results_folder
    from scripts.verify import check, regenerate
    from scripts.verify.rerun import run_again

    folders = {seed: results_folder(options.results, options.profile, seed) for seed in on_disk}
    whole = []
    for data_seed, folder in folders.items():  # all: pooled claims are about every data seed
        items, records, crashed = check.read(folder)
        copy = copies / folder.name / "runs"
        copy.mkdir(parents=True)
        for run_id in [*(record.run_id for record in records), *crashed]:
            for path in (folder / "runs").glob(f"{run_id}.*"):
                shutil.copy(path, copy)
        if data_seed in wanted:
            yield from items
            whole += [(folder, record) for record in records]
    _copy_translation(options, copies)
    copied = functools.partial(dataclasses.replace, options, results=str(copies))
    evidence = functools.cache(functools.partial(Evidence, copied(data_seed=None)))
    for data_seed in wanted:
        folder, checked = folders[data_seed], set()
        for part in regenerate.parts(copied(data_seed=data_seed), folder, evidence, seeds):
            checked |= {folder / name for name in part.names}
            yield from check.made(part, folder, copies / folder.name)
        yield from check.unchecked(folder, checked)
    for name, verdict, why in run_again(whole, options.cache, again, draw):
        yield check.Item(verdict, name, why)


def _copy_translation(options, copies):
    """Copies the records of Figure 7 of the same size, which the scorecard is about as well."""
    from experiments.machinery.records.record import results_folder
    from experiments.studies.figure7 import profile_of
    from experiments.training.config import DEFAULT_DATA_SEED

    home = results_folder(options.results, profile_of(options.profile), DEFAULT_DATA_SEED)
    if (home / "runs").is_dir() and not (copies / home.name).exists():
        shutil.copytree(home / "runs", copies / home.name / "runs")


if __name__ == "__main__":
    command.main(main, FLAGS)

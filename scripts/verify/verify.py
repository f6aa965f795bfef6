"""`make verify`: what is on disk against what its records, and a few runs made again, give."""

import collections
import json
import pathlib
import shutil
import tempfile
from typing import NamedTuple

from experiments.errors import BadInput, CannotWrite, Differs
from experiments.findings.evidence import Evidence
from experiments.machinery.records.record import Store, results_folder, seeds_on_disk
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.tensorflow_setup import one_thread
from scripts.verify import recompute
from scripts.verify.rerun import run_again

LEAST_PICTURE = 5_000  # ours: bytes; less is no figure
SAME_OPTIMAL = 1e-6  # ours: processors round a day otherwise, which moves these by 1e-8
SHOWN = 60  # ours: letters of a line that differs


class Item(NamedTuple):
    """One thing verified.

    verdict: "ok", "differs", "missing" or "not checked".
    name: of the file or run.
    why: what was found, or "".
    """

    verdict: str
    name: str
    why: str = ""


def verify(options, data_seed, *, repeats=None, again=0, seed=0, say=print):
    """Verifies the results folders of a profile; nothing in them is written.

    Args:
      options: session.Options.
      data_seed: as the person said it; None for every data seed on disk.
      repeats: run seeds of each setting, or None for the studies' own numbers.
      again: runs that are trained again, chosen at random among the cheap ones.
      seed: of that choice.
      say: called with a line for each item, and one for the whole.
    Returns: list of Item.
    Raises: BadInput if there is no such folder.
    """
    on_disk = seeds_on_disk(options.results, options.profile)
    wanted = on_disk if data_seed is None else [data_seed]
    if not wanted or not set(wanted) <= set(on_disk):
        folder = results_folder(options.results, options.profile, options.data_seed)
        raise BadInput(
            f"{folder}: no results to verify: allowed is a profile and DATA_SEED with some; "
            "make smoke leaves the smallest"
        )
    one_thread()  # before anything computes with TensorFlow
    if again:
        say(f"{again} runs will be trained again, drawn with DRAW={seed}")
    items = []
    with tempfile.TemporaryDirectory(prefix="verify-") as copies:
        for item in _items(options, on_disk, wanted, pathlib.Path(copies), repeats, again, seed):
            items.append(item)
            say(f"{item.verdict:<12}{item.name}" + (f": {item.why}" if item.why else ""))
    counts = collections.Counter(item.verdict for item in items)
    say(f"{len(items)} items: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    return items


def refuse(items):
    """Raises Differs if anything of what `verify` returned differs or is missing."""
    wrong = sum(item.verdict in ("differs", "missing") for item in items)
    if wrong:
        raise Differs(f"{wrong} of {len(items)} items differ or are missing")


def _items(options, on_disk, wanted, copies, repeats, again, seed):
    whole = {}
    folders = {
        data_seed: results_folder(options.results, options.profile, data_seed)
        for data_seed in on_disk
    }
    for data_seed, folder in folders.items():  # all: pooled claims are about every data seed
        items, records, crashed = _read(folder)
        run_ids = [record.run_id for record in records] + crashed
        _copy(folder, run_ids, copies / folder.name)
        if data_seed in wanted:
            yield from items
            whole |= {record.run_id: (folder, record) for record in records}
        elif (folder / "claims.json").exists():  # the reports of the others show it
            shutil.copy(folder / "claims.json", copies / folder.name)
    yield from _computed(options, {seed: folders[seed] for seed in wanted}, copies, repeats)
    for name, verdict, why in run_again(list(whole.values()), options.cache, again, seed):
        yield Item(verdict, name, why)


def _read(folder):
    """(items, whole records, ids of crashed runs) of what has a checksum in a results folder."""
    store, measured = Store(folder, writable=False), TelemetryStore(folder)
    items, records, telemetry, crashed = [], [], 0, []
    for run_id in sorted({path.name.split(".")[0] for path in store.runs.glob("*.*")} - {""}):
        try:
            record = store.whole(run_id)
            telemetry += bool(measured.has(run_id) and len(measured.read(run_id)))
        except BadInput as error:
            items.append(_wrong(folder, run_id, error))
            continue
        records += [record] if record else []
        crashed += [run_id] if record is None else []
    items += _snapshots(folder)
    bad, records = _optimal(records)
    items += [Item("differs", f"{folder.name}/runs/{run_id}.json", why) for run_id, why in bad]
    why = f"{len(records)} records with their curves, {telemetry} with telemetry"
    items.append(
        Item("ok", f"{folder.name}/runs", why + f", {len(crashed)} crashed" * bool(crashed))
    )
    return items, records, crashed


def _wrong(folder, run_id, error):
    path = getattr(error, "path", f"{folder}/runs/{run_id}.json")
    return Item("differs", _short(path, folder), getattr(error, "reason", str(error)))


def _short(path, folder):
    return pathlib.Path(path).relative_to(folder.parent).as_posix()


def _snapshots(folder):
    store = SnapshotStore(folder)
    for path in sorted(store.folder.glob("*.json")):
        try:
            store.read(path.stem)
        except BadInput as error:
            yield _wrong(folder, path.stem, error)
        else:
            yield Item("ok", _short(path, folder))


def _optimal(records):
    """(pairs of run id and why, the other records): whose `optimal` is not that of their stream."""
    streams = collections.defaultdict(list)
    for record in records:
        stream = json.dumps([record.config["stream"], record.config["data_seed"]], sort_keys=True)
        streams[stream].append(record)
    bad, rest = [], []
    for of_stream in streams.values():
        middle = sorted(of_stream, key=lambda record: list(record.optimal.values()))
        expected = middle[len(middle) // 2].optimal
        for record in of_stream:
            near = record.optimal.keys() == expected.keys() and all(
                record.optimal[name] == value or abs(record.optimal[name] - value) < SAME_OPTIMAL
                for name, value in expected.items()
            )
            if near:
                rest.append(record)
            else:
                bad.append((record.run_id, "its `optimal` is not that of the runs on its stream"))
    return bad, rest


def _copy(folder, run_ids, copy):
    """Copies records with what belongs to them."""
    (copy / "runs").mkdir(parents=True)
    for run_id in run_ids:
        for path in (folder / "runs").glob(f"{run_id}.*"):
            shutil.copy(path, copy / "runs")


def _computed(options, folders, copies, repeats):
    """Items of the tables, figures, claims and reports of results folders, by data seed."""
    evidence = Evidence(recompute.at(options, copies, None), repeats)
    parts = [
        (folder, part)
        for data_seed, folder in folders.items()
        for part in recompute.parts(
            recompute.at(options, copies, data_seed), folder, evidence, repeats
        )
    ]
    parts.sort(key=lambda pair: pair[1].names == recompute.REPORT)  # it shows all the others
    checked = set()
    for folder, part in parts:
        checked.update(folder / name for name in part.names)
        verdict, why = _made(part)
        for name in part.names:
            path = folder / name
            if verdict == "ok":
                yield _compared(path, copies / folder.name / name, _short(path, folder))
            elif path.exists():
                yield Item(verdict, _short(path, folder), why)
    for folder in folders.values():
        for path in sorted([*folder.glob("*.*"), *folder.glob("figures/*.csv")]):
            if path.is_file() and path not in checked:
                yield Item("not checked", _short(path, folder), "not computed from records")


def _made(part):
    """Makes a part: ("ok", ""), or what is said of its files and why."""
    try:
        part.make()
    except CannotWrite:
        raise
    except recompute.Unknown as error:
        return "not checked", str(error)
    except BadInput as error:
        return "missing", f"cannot be computed: {error}"
    return "ok", ""


def _compared(path, copy, name):
    if not path.exists():
        return Item("missing", name, "what it was made with is there")
    if path.read_bytes() != copy.read_bytes():
        return Item("differs", name, _difference(path, copy))
    pictures = [path.with_suffix(ending) for ending in (".png", ".pdf")]
    if path.parent.name == "figures" and not all(map(_is_picture, pictures)):
        return Item("missing", name, "one of its pictures is not there")
    return Item("ok", name)


def _is_picture(path):
    return path.exists() and path.stat().st_size > LEAST_PICTURE


def _difference(path, copy):
    """The first line that is not the same, as text."""
    lines = [file.read_text(errors="replace").splitlines() for file in (path, copy)]
    for number in range(max(map(len, lines))):
        ours, theirs = (part[number] if number < len(part) else "no line" for part in lines)
        if ours != theirs:
            place = next(
                (k for k, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), 0
            )
            first = max(0, place - SHOWN // 2)
            shown = [repr(text[first : first + SHOWN]) for text in (ours, theirs)]
            return f"line {number + 1}: {shown[0]} on disk, {shown[1]} from the records"
    return "ends of lines"

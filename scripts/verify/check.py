"""One results folder against its checksums, and against what has been made from its records."""

import collections
import itertools
import json
import os
import pathlib
from typing import NamedTuple

from experiments.errors import BadInput, CannotWrite
from experiments.findings.seeds import FILE
from experiments.machinery.records.curvature_store import CurvatureStore
from experiments.machinery.records.record import Store
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore

LEAST_PICTURE = 5_000  # ours: bytes; less is no figure
SAME_OPTIMAL = 1e-6  # ours: processors round a day otherwise, which moves these by 1e-8
SHOWN = 60  # ours: letters of a line that differs


class Item(NamedTuple):
    verdict: str  # "ok", "differs", "missing" or "not checked"
    name: str  # of the file or run
    why: str = ""  # what was found


def read(folder):
    """(items, whole records, ids of crashed runs) of what has a checksum in a results folder."""
    store, items, records, crashed = Store(folder, writable=False), [], [], []
    measured, found = (TelemetryStore(folder), CurvatureStore(folder)), collections.Counter()
    for run_id in sorted({path.name.split(".")[0] for path in store.runs.glob("*.*")} - {""}):
        try:
            record = store.whole(run_id)
            for kind in measured:
                found[kind.what] += bool(kind.has(run_id) and len(kind.read(run_id)))
        except BadInput as error:
            items.append(_wrong(folder, run_id, error))
            continue
        records += [record] if record else []
        crashed += [run_id] if record is None else []
    items += _snapshots(folder)
    why = "its `optimal` is not that of the runs on its stream"
    for record in _of_another_stream(records):
        items.append(Item("differs", f"{folder.name}/runs/{record.run_id}.json", why))
        records.remove(record)
    why = f"{len(records)} records with their curves, {found['telemetry']} with telemetry"
    why += f", {found['curvature']} with curvature" if found["curvature"] else ""
    why += f", {len(crashed)} crashed" if crashed else ""
    return [*items, Item("ok", f"{folder.name}/runs", why)], records, crashed


def made(part, folder, copy):
    """Makes a Part in `copy`, and yields an Item for each of its files in `folder`."""
    verdict, why = "ok", ""
    try:
        if part.make is None:
            verdict, why = "not checked", "no gin file of the project describes this study"
        else:
            part.make()
    except CannotWrite:
        raise
    except BadInput as error:
        verdict, why = "missing", f"cannot be computed: {error}"
    for name in part.names:
        path = folder / name
        if verdict == "ok":
            yield _compared(path, copy / name, short(path, folder))
        elif path.exists():
            yield Item(verdict, short(path, folder), why)


def unchecked(folder, checked):
    """Items of the files that nothing has made again, and that say something of their own."""
    figures = [*folder.glob("figures/*.csv"), *folder.glob("figures/*.txt")]
    for path in sorted([*folder.glob("*.*"), *figures]):
        if path.is_file() and path not in checked and path.name not in ("report.html", FILE):
            yield Item("not checked", short(path, folder), "not computed from records")


def short(path, folder):
    """A path with the name of its results folder first."""
    return pathlib.Path(path).relative_to(folder.parent).as_posix()


def _wrong(folder, run_id, error):
    path = getattr(error, "path", f"{folder}/runs/{run_id}.json")
    return Item("differs", short(path, folder), getattr(error, "reason", str(error)))


def _snapshots(folder):
    store = SnapshotStore(folder)
    for path in sorted(store.folder.glob("*.json")):
        try:
            store.read(path.stem)
            yield Item("ok", short(path, folder))
        except BadInput as error:
            yield _wrong(folder, path.stem, error)


def _of_another_stream(records):
    """The records whose `optimal` is not that of most records of the same stream."""
    streams = collections.defaultdict(list)
    for record in records:
        stream = json.dumps([record.config["stream"], record.config["data_seed"]], sort_keys=True)
        streams[stream].append(record)
    strange = []
    for same in streams.values():
        expected = sorted(same, key=lambda record: list(record.optimal.values()))[len(same) // 2]
        strange += [record for record in same if not _near(record.optimal, expected.optimal)]
    return strange


def _near(optimal, expected):
    return optimal.keys() == expected.keys() and all(
        optimal[name] == value or abs(optimal[name] - value) < SAME_OPTIMAL
        for name, value in expected.items()
    )


def _compared(path, copy, name):
    if not path.exists():
        return Item("missing", name, "what it was made with is there")
    if path.read_bytes() != copy.read_bytes():
        return Item("differs", name, _difference(path, copy))
    pictures = [path.with_suffix(ending) for ending in (".png", ".pdf")]
    sizes = [picture.stat().st_size if picture.exists() else 0 for picture in pictures]
    if path.parent.name == "figures" and path.suffix == ".csv" and min(sizes) <= LEAST_PICTURE:
        return Item("missing", name, "one of its pictures is not there")
    return Item("ok", name)


def _difference(path, copy):
    """The first line that is not the same, as text."""
    lines = [file.read_text("utf-8", "replace").splitlines() for file in (path, copy)]
    for number, pair in enumerate(itertools.zip_longest(*lines, fillvalue="no line"), 1):
        if pair[0] != pair[1]:
            first = max(0, len(os.path.commonprefix(pair)) - SHOWN // 2)
            ours, theirs = (repr(text[first : first + SHOWN]) for text in pair)
            return f"line {number}: {ours} on disk, {theirs} from the records"
    return "ends of lines"

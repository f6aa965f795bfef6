"""`make list`: the runs and studies of a profile, from the disk. Nothing is run here."""

import contextlib
import json
import os
import socket
from typing import NamedTuple

import pandas as pd

from experiments.errors import BadInput, did_you_mean, one_of
from experiments.machinery.gin_files import CONFIGS, named_file
from experiments.machinery.records.record import Store, results_folder, seeds_on_disk
from experiments.studies.calibration import recorded_base_rate
from experiments.studies.known import study_name
from experiments.studies.registry import divergence_config
from experiments.training.config import DEFAULT_DATA_SEED
from scripts import list_rows as listing

RUNS = "_runs.csv"  # how the file with the runs of a study ends


class Wanted(NamedTuple):
    """Which runs are shown; each a text with names between commas, "" for all.

    model, method: names.
    status: of a record (finished, diverged, crashed, running) or its label (healthy, micro, ...).
    study: name or gin file of one study.
    """

    model: str = ""
    method: str = ""
    status: str = ""
    study: str = ""


def write_list(options, data_seed, wanted, console):
    """Prints the runs, the studies and a line with the total.

    Args:
      options: session.Options.
      data_seed: as the person said it; None lists every data seed on disk.
      wanted: Wanted; with any of it the studies are left out.
      console: rich Console. A terminal gets tables that fit its width, anything else whole lines
        separated by tabs that begin with "run", "study" or "total".
    Raises: BadInput if there is no run, or a filter that none of them has.
    """
    named_file("profiles", options.profile)
    folders = _folders(options, data_seed)
    rows = _rows(options, folders)
    if not rows:
        raise BadInput(
            f"{_root(options, options.data_seed)}: no run: allowed is a results folder with some; "
            "make run leaves one"
        )
    tables = _tables(folders)
    chosen = sorted(_filtered(rows, wanted, tables), key=listing.order)
    studies = [] if any(wanted) else _studies(tables, {row["id"] for row in rows})
    total = listing.total(chosen, len(rows))
    parts = {"run": (listing.RUN_COLUMNS, chosen), "study": (listing.STUDY_COLUMNS, studies)}
    if not console.is_terminal:
        for kind, (columns, found) in parts.items():
            if found:
                listing.write_plain(kind, columns, found, console.file)
        console.file.write(f"total\t{total}\n")
        return
    for columns, found in parts.values():
        if found:
            console.print(listing.table(columns, found, console.width), "")
    console.print(total, highlight=False)


def _folders(options, data_seed):
    """Dict from data seed to its Store, those of the profile that are on disk."""
    if data_seed is not None:
        return {data_seed: Store(_root(options, data_seed), writable=False)}
    seeds = seeds_on_disk(options.results, options.profile)
    return {seed: Store(_root(options, seed), writable=False) for seed in seeds}


def _root(options, data_seed):
    return results_folder(options.results, options.profile, data_seed)


def _rows(options, folders):
    divergence = divergence_config()
    base_rate = recorded_base_rate(_root(options, DEFAULT_DATA_SEED))
    rows = []
    for data_seed, store in folders.items():
        for record in store.records(of_any_version=True):
            curves = None if record.status == "crashed" else store.curves(record)
            rows.append(listing.run_row(record, curves, divergence, base_rate))
        recorded = {row["id"] for row in rows if row["status"] != "crashed"}
        for state in _running(store.root / "progress"):
            if state["run_id"] not in recorded:
                rows = [row for row in rows if row["id"] != state["run_id"]]
                rows.append(listing.running_row(state, data_seed, divergence))
    return rows


def _running(folder):
    """The runs under way: progress files whose worker is alive, as far as this host can tell."""
    states = []
    for path in sorted(folder.glob("*.json")):
        # It may just have ended, or be what a killed study left behind.
        with contextlib.suppress(OSError, ValueError, KeyError):
            state = json.loads(path.read_text())
            if state["host"] == socket.gethostname():
                os.kill(state["worker"], 0)
            states.append(state)
    return states


def _tables(folders):
    """The runs of each study by (its name, data seed): the frames of all <name>_runs.csv."""
    found = {}
    for data_seed, store in folders.items():
        for path in sorted(store.root.glob(f"*{RUNS}")):
            try:
                frame = pd.read_csv(path)
                frame[["run_id", "label"]]
            except (ValueError, KeyError) as error:
                reason = str(error).splitlines()[0]
                raise BadInput(f"{path}: not the runs of a study ({reason})") from error
            found[path.name.removesuffix(RUNS), data_seed] = frame
    return found


def _studies(tables, recorded):
    """Rows of the studies, those of the project without a table last."""
    rows = [listing.study_row(*key, frame, recorded) for key, frame in tables.items()]
    known = {path.stem for path in (CONFIGS / "studies").glob("*.gin")}
    for name in sorted(known - {name for name, _ in tables} - {"calibration"}):
        if not name.startswith("one_"):  # those are single runs
            rows.append(listing.study_row(name, None, None, recorded))
    return rows


def _filtered(rows, wanted, tables):
    for field in ("model", "method", "status"):
        names = [name.strip() for name in getattr(wanted, field).split(",") if name.strip()]
        columns = ("status", "label") if field == "status" else (field,)
        known = sorted({row[column] for row in rows for column in columns if row[column]})
        for name in names:
            if name not in known:
                raise BadInput(f"{field.upper()} = {name!r}: allowed is {one_of(name, known)}")
        if names:
            rows = [row for row in rows if any(row[column] in names for column in columns)]
    if not wanted.study:
        return rows
    members = _members(wanted.study, tables)
    return [row for row in rows if row["id"] in members]


def _members(study, tables):
    """Ids of the runs of a study."""
    name, known = study_name(study), sorted({name for name, _ in tables})
    if name not in known:
        allowed = f"one of {', '.join(known)}" if known else "a study once make study has run it"
        raise BadInput(
            f"STUDY = {study!r}: no runs of it: allowed is {allowed}{did_you_mean(name, known)}"
        )
    frames = [frame["run_id"] for (other, _), frame in tables.items() if other == name]
    return set(pd.concat(frames))

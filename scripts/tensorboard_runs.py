"""`make tensorboard`: the runs on disk as TensorBoard shows them. Nothing is run here."""

import hashlib
import os
import pathlib

import pandas as pd

from clippy.keras2 import tf
from experiments.errors import BadInput
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.known import study_name
from scripts import tensorboard_events as tensorboard

FORMAT = 1  # bump when the events of an unchanged record change


def write_events(options, model="", method="", study=""):
    """Writes the events of the chosen runs, those apart that are there and unchanged.

    Each run's file lies in `tensorboard/runs/<run>/`; the page of one choice is the folder
    `tensorboard/shown/<choice>/` of links to them, so that every choice shares the files.

    Args:
      options: session.Options.
      model, method: names, several with white space between them, or "" for all.
      study: name or gin file of a study of which the table of runs is on disk, or "" for all runs.
    Returns: (folder of the page, runs on it, files written now).
    Raises: BadInput if there is no such run.
    """
    store = options.store(options.data_seed)
    records = _chosen(store, model, method, study)
    home = store.root / "tensorboard"
    written = sum(_write_run(store, record, home / "runs" / _name(record)) for record in records)
    page = home / "shown" / _choice(model, method, study)
    _link(page, home / "runs", [_name(record) for record in records])
    if tensorboard.has_hparams():
        columns = tensorboard.experiment(tensorboard.hparams(records[0]))
        _write_file(page / "events.out.tfevents.hparams", columns)
    return page, len(records), written


def _chosen(store, model, method, study):
    records = [record for record in store.records() if record.status != "crashed"]
    if not records:
        raise BadInput(f"{store.runs}: no run: make run or a study leaves some")
    if study:
        of_study = _runs_of(store.root, study)
        records = [record for record in records if record.run_id in of_study]
    for part, names in {"model": model.split(), "method": method.split()}.items():
        known = sorted({record.config[part]["name"] for record in records})
        for name in set(names) - set(known):
            allowed = ", ".join(known)
            raise BadInput(f"{part.upper()} = {name!r}: no such run: allowed is one of {allowed}")
        if names:
            records = [record for record in records if record.config[part]["name"] in names]
    if not records:
        raise BadInput(f"{store.runs}: no run of this model, method and study")
    return records


def _runs_of(root, study):
    """Ids of the runs of a study, from the table of runs that it left."""
    known = sorted(path.name[: -len("_runs.csv")] for path in root.glob("*_runs.csv"))
    name = study_name(study)
    if name not in known:
        raise BadInput(
            f"STUDY = {study!r}: no {name}_runs.csv in {root}: "
            f"allowed is one of {', '.join(known) or 'none: run a study first'}"
        )
    return set(pd.read_csv(root / f"{name}_runs.csv")["run_id"])


def _name(record):
    """How TensorBoard calls a run: its id, and what the id does not say."""
    config = record.config
    return f"{record.run_id}_rate{config['learning_rate']:.4g}_seed{config['run_seed']}"


def _choice(model, method, study):
    parts = {"model": model, "method": method, "study": study_name(study) if study else ""}
    return "_".join(f"{k}={'+'.join(v.split())}" for k, v in parts.items() if v) or "all"


def _write_run(store, record, folder):
    """Writes the events of a run unless the file of the same sources is there; True if written."""
    telemetry = TelemetryStore(store.root)
    measured = telemetry.has(record.run_id)
    sidecar = telemetry.read_sidecar(record.run_id) if measured else None
    sources = [FORMAT, record, sidecar, tensorboard.has_hparams()]
    path = folder / f"events.out.tfevents.{hashlib.sha256(repr(sources).encode()).hexdigest()[:12]}"
    if path.exists():
        return False
    for outdated in folder.glob("*"):
        outdated.unlink()
    ended_s = (store.runs / f"{record.run_id}.json").stat().st_mtime
    steps = telemetry.read(record.run_id) if measured else None
    _write_file(path, tensorboard.events(record, store.curves(record), steps, ended_s))
    return True


def _write_file(path, events):
    """Writes events so that the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".draft-{os.getpid()}")
    try:
        with tf.io.TFRecordWriter(str(draft)) as file:
            for event in events:
                file.write(event.SerializeToString())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _link(page, runs, names):
    """Makes `page` a folder of links to these runs, and of no others."""
    page.mkdir(parents=True, exist_ok=True)
    there = {path.name for path in page.iterdir() if path.is_symlink()}
    for name in there - set(names):
        (page / name).unlink()
    for name in set(names) - there:
        (page / name).symlink_to(pathlib.Path(os.path.relpath(runs, page)) / name)

"""Writes the runs on disk as TensorBoard events and opens them there."""

import hashlib
import importlib.util
import os
import pathlib
import sys

from absl import flags, logging

from experiments.errors import BadInput
from scripts import command

FLAGS = command.flags_of(
    "profile",
    "data_seed",
    model="Only runs of these models, between commas.",
    method="Only runs of these methods, between commas.",
    study="Only runs of this study: its name or its gin file.",
    port=(flags.DEFINE_integer, 6006, "Where to serve.", 1, 65535),
    serve=(flags.DEFINE_bool, True, "Serve the page; without it the events are written only."),
)
MANY = 100  # runs on a page
FORMAT = 1  # bump when the events of an unchanged record change


def main():
    """Writes what is missing, says where, and becomes TensorBoard until Ctrl-C."""
    if FLAGS.serve and importlib.util.find_spec("tensorboard") is None:
        raise BadInput("TensorBoard is not installed: expected make tensorboard, or --noserve")
    from experiments.findings.runs import Wanted

    wanted = Wanted(FLAGS.model, FLAGS.method, study=FLAGS.study)
    page, runs, written = write_events(command.options(FLAGS), wanted)
    print(f"{page}: {runs} runs, {written} written now", flush=True)
    if runs > MANY:
        print("MODEL=, METHOD= and STUDY= show fewer", flush=True)
    if FLAGS.serve:
        from tensorboard import default, program  # late: an extra that need not be installed

        logging.set_verbosity(logging.WARNING)
        board = program.TensorBoard(default.get_plugins())
        board.configure(logdir=str(page), port=FLAGS.port, window_title=page.name)
        sys.exit(board.main())


def write_events(options, wanted):
    """Writes the events of the runs.Wanted, except those that are there and unchanged.

    Those of a run lie in `tensorboard/runs/<run>/`. A choice has a folder of links to them as its
    page, `tensorboard/shown/<choice>/`. Returns (page, runs on it, files written now).
    """
    from experiments.findings.runs import chosen, run_row, study_tables
    from experiments.training.tensorflow_setup import load_tensorflow

    load_tensorflow()
    from experiments.findings import events  # after what it imports has been set up

    store = options.store(options.data_seed)
    ended = {record.run_id: record for record in store.records() if record.status != "crashed"}
    if not ended:
        raise BadInput(f"{store.runs}: no run: expected one, as make run or a study leaves")
    tables = list(study_tables(store.root).items())
    rows = chosen([run_row(record) for record in ended.values()], wanted, tables)
    if not rows:
        raise BadInput(f"{store.runs}: no run of this model, method and study")
    records = [ended[row["id"]] for row in rows]
    home = store.root / "tensorboard"
    written = sum(_write_run(store, record, home / "runs" / _name(record)) for record in records)
    page = home / "shown" / _choice(wanted)
    _link(page, home / "runs", {_name(record) for record in records})
    if events.has_hparams():
        _write_file(page / "events.out.tfevents.hparams", events.experiment(records[0]))
    return page, len(records), written


def _name(record):
    """How TensorBoard calls a run: its id, and what the id does not say."""
    config = record.config
    return f"{record.run_id}_rate{config['learning_rate']:.4g}_seed{config['run_seed']}"


def _choice(wanted):
    """The name of a page: the choice in words."""
    from experiments.studies.known import study_name

    named = wanted._replace(study=study_name(wanted.study) if wanted.study else "")._asdict()
    parts = {key: "+".join(names.replace(",", " ").split()) for key, names in named.items()}
    return "_".join(f"{key}={names}" for key, names in parts.items() if names) or "all"


def _write_run(store, record, folder):
    """Writes the events of a run unless the file of the same sources is there; True if written."""
    from experiments.findings import events
    from experiments.machinery.records.telemetry_store import TelemetryStore

    telemetry = TelemetryStore(store.root)
    measured = telemetry.has(record.run_id)
    sidecar = telemetry.read_sidecar(record.run_id) if measured else None
    sources = repr([FORMAT, record, sidecar, events.has_hparams()])
    path = folder / f"events.out.tfevents.{hashlib.sha256(sources.encode()).hexdigest()[:12]}"
    if path.exists():
        return False
    for outdated in folder.glob("*"):
        outdated.unlink()
    ended_s = (store.runs / f"{record.run_id}.json").stat().st_mtime
    steps = telemetry.read(record.run_id) if measured else None
    _write_file(path, events.events(record, store.curves(record), steps, ended_s))
    return True


def _write_file(path, events):
    """Writes events so that the file is there whole or not at all."""
    import tensorflow as tf

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
    for name in there - names:
        (page / name).unlink()
    for name in names - there:
        (page / name).symlink_to(pathlib.Path(os.path.relpath(runs, page)) / name)


if __name__ == "__main__":
    command.main(main, FLAGS)

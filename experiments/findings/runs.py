"""Recorded runs and studies as rows: what every viewer shows, and how a person chooses some."""

from typing import NamedTuple

import pandas as pd

from experiments.errors import BadInput, did_you_mean, one_of
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.machinery.workers.progress import thresholds_text
from experiments.studies.known import study_name
from experiments.studies.registry import divergence_config
from experiments.studies.rows import first_of_each_kind, reported_of
from experiments.training.divergence import label

RUN_COLUMNS = ("id", "model", "method", "threshold", "rate", "multiple", "data_seed", "seed")
RUN_COLUMNS += ("status", "label", "auc", "rmse", "wall_s")
STUDY_COLUMNS = ("name", "data_seed", "runs", "recorded", "full", "micro", "status")
RUNS = "_runs.csv"  # the ending of the file that lists the runs of a study


class Wanted(NamedTuple):
    """Which runs are wanted: names between commas or blanks in each field; "" wants all.

    A status is that of a record (finished, crashed, running ...) or a label (healthy, full ...).
    The study is the name or the gin file of one.
    """

    model: str = ""
    method: str = ""
    status: str = ""
    study: str = ""


def run_row(record, curves=None, divergence=None, base_rate=None):
    """One recorded run as a row: dict of RUN_COLUMNS, None where a value is unknown or undefined.

    Args:
      record: RunRecord; that of a crashed run or of another version is a row, too.
      curves, divergence: its curves and the DivergenceConfig of its label; None for no label.
      base_rate: the rate called 1x, or None if it is not known.
    """
    config, rate = record.config, record.config.get("learning_rate")
    method = config.get("method", {})
    return {
        "id": record.run_id,
        "model": config.get("model", {}).get("name"),
        "method": method.get("name"),
        "threshold": thresholds_text(method.get("thresholds", {})),
        "rate": rate,
        "multiple": rate / base_rate if base_rate and rate else None,
        "data_seed": config.get("data_seed"),
        "seed": config.get("run_seed"),
        "status": record.status,
        "label": None if curves is None else label(curves, divergence).kind,
        **reported_of(record.metrics, config),
        "wall_s": record.provenance.get("wall_s"),
    }


def recorded(stores, base_rate, run_ids=None):
    """Yields (RunRecord, `run_row`) of all records in some Stores, or of those with `run_ids`.

    Records of crashed runs and of other versions are among them. Raises: Damaged.
    """
    divergence = divergence_config()
    for store in stores:
        for record in store.records(of_any_version=True):
            if run_ids is None or record.run_id in run_ids:
                curves = None if record.status == "crashed" else store.curves(record)
                yield record, run_row(record, curves, divergence, base_rate)


def running_row(state, data_seed, divergence, base_rate=None):
    """A run under way as a row of RUN_COLUMNS, as far as `state`, its progress file, tells."""
    model, method, _ = state["run_id"].split("-")
    rows, rate = state["rows"], state.get("learning_rate")
    return dict.fromkeys(RUN_COLUMNS) | {
        "id": state["run_id"],
        "model": model,
        "method": method,
        "threshold": thresholds_text(state.get("thresholds", {})),
        "rate": rate,
        "multiple": rate / base_rate if base_rate and rate else None,
        "data_seed": data_seed,
        "status": "running",
        "label": label(pd.DataFrame(rows), divergence).kind if rows else None,
        **(first_of_each_kind(rows[-1]) if rows else {}),
    }


def study_row(name, data_seed, runs, recorded):
    """One study as a row: dict of STUDY_COLUMNS; "done", "records missing" or "not run".

    `runs` is its frame from `study_tables`, None if it has not been run; `recorded` are the ids of
    all runs with a record.
    """
    row = dict.fromkeys(STUDY_COLUMNS) | {"name": name, "data_seed": data_seed}
    if runs is None:
        return row | {"status": "not run"}
    there, labels = runs["run_id"].isin(recorded), runs["label"]
    row |= {"runs": len(runs), "recorded": int(there.sum())}
    row |= {kind: int((labels == kind).sum()) for kind in ("full", "micro")}
    return row | {"status": "done" if there.all() else "records missing"}


def study_tables(root):
    """The runs of each study with a table in a results folder; BadInput for another file."""
    found = {}
    for path in sorted(root.glob(f"*{RUNS}")):
        try:
            frame = pd.read_csv(path)
            frame[["run_id", "label"]]
        except (ValueError, KeyError) as error:
            reason = str(error).splitlines()[0]
            raise BadInput(f"{path}: not the runs of a study ({reason})") from error
        found[path.name.removesuffix(RUNS)] = frame
    return found


def chosen(rows, wanted, tables):
    """The rows (of `run_row` and `running_row`) that somebody wants, by Wanted.

    `tables` lists (name, frame) of `study_tables` of every folder.
    Raises: BadInput naming the variable, the value and the names there are.
    """
    for field in ("model", "method", "status"):
        names = getattr(wanted, field).replace(",", " ").split()
        columns = ("status", "label") if field == "status" else (field,)
        known = sorted({row[column] for row in rows for column in columns if row[column]})
        for name in names:
            if name not in known:
                raise BadInput(f"{field.upper()} = {name!r}: expected {one_of(name, known)}")
        if names:
            rows = [row for row in rows if any(row[column] in names for column in columns)]
    if not wanted.study:
        return rows
    name, known = study_name(wanted.study), sorted({name for name, _ in tables})
    if name not in known:
        expected = f"one of {', '.join(known)}" if known else "a study that make study has run"
        hint = did_you_mean(name, known)
        raise BadInput(f"STUDY = {wanted.study!r}: has no runs: expected {expected}{hint}")
    members = set(pd.concat([frame["run_id"] for other, frame in tables if other == name]))
    return [row for row in rows if row["id"] in members]


def order(row):
    """Sort key of rows of runs: data seed, model and method as in the tables, then the rest."""
    seeds_and_rate = (row[name] for name in ("data_seed", "rate", "seed"))
    data_seed, rate, seed = (float("-inf") if it is None else it for it in seeds_and_rate)
    model, method = (
        (list(known).index(name) if name in known else len(known), str(name))
        for name, known in ((row["model"], MODEL_NAMES), (row["method"], METHOD_NAMES))
    )
    return data_seed, model, method, row["threshold"] or "", rate, seed, row["id"]

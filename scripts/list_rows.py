"""Recorded runs and studies as rows, for a person's terminal or for grep and cut."""

import csv

import pandas as pd
from rich.table import Table
from rich.text import Text

from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.machinery.workers.progress import color_of
from experiments.studies.rows import METRICS
from experiments.training.divergence import label

RUN_COLUMNS = ("id", "model", "method", "threshold", "rate", "multiple", "data_seed", "seed")
RUN_COLUMNS += ("status", "label", "auc", "rmse", "wall_s")
STUDY_COLUMNS = ("name", "data_seed", "runs", "recorded", "full", "micro", "status")
# What a narrow terminal shows first. An id begins with model and method, a label implies a status.
FIRST = ("id", "name", "label", "status", "runs", "auc", "multiple", "seed", "threshold", "rmse")
FIRST += ("data_seed", "wall_s", "rate", "full", "micro", "recorded", "model", "method")
GAP = 2  # ours: letters between two columns


def run_row(record, curves, divergence, base_rate):
    """One recorded run as a row of the list.

    Args:
      record: RunRecord, that of a crashed run too.
      curves: its curves, or None of a crashed run.
      divergence: DivergenceConfig.
      base_rate: the rate called 1x, or None if it is not known.
    Returns: dict of RUN_COLUMNS, None where something is unknown or undefined. A method of several
      thresholds has them by name.
    """
    config, rate = record.config, record.config.get("learning_rate")
    method = config.get("method", {})
    return {
        "id": record.run_id,
        "model": config.get("model", {}).get("name"),
        "method": method.get("name"),
        "threshold": _thresholds(method.get("thresholds", {})),
        "rate": rate,
        "multiple": rate / base_rate if base_rate and rate else None,
        "data_seed": config.get("data_seed"),
        "seed": config.get("run_seed"),
        "status": record.status,
        "label": None if curves is None else label(curves, divergence).kind,
        **{name: record.metrics.get(key) for name, key in METRICS.items()},
        "wall_s": record.provenance.get("wall_s"),
    }


def running_row(state, data_seed, divergence):
    """A run under way, as far as its progress file tells; otherwise as run_row.

    Args:
      state: the progress file, see study/worker.py.
      data_seed: of the folder it is in.
      divergence: DivergenceConfig.
    """
    model, method, _ = state["run_id"].split("-")
    rows = state["rows"]
    return dict.fromkeys(RUN_COLUMNS) | {
        "id": state["run_id"],
        "model": model,
        "method": method,
        "data_seed": data_seed,
        "status": "running",
        "label": label(pd.DataFrame(rows), divergence).kind if rows else None,
        **{name: rows[-1].get(key) if rows else None for name, key in METRICS.items()},
    }


def study_row(name, data_seed, runs, recorded):
    """One study as a row of the list.

    Args:
      name: of the study.
      data_seed: of the folder its table is in, or None without one.
      runs: the frame of its <name>_runs.csv with run_id and label, or None without one.
      recorded: ids of all runs with a record.
    Returns: dict of STUDY_COLUMNS. The status is "done", "records missing" or "not run".
    """
    row = dict.fromkeys(STUDY_COLUMNS) | {"name": name, "data_seed": data_seed}
    if runs is None:
        return row | {"status": "not run"}
    there, labels = runs["run_id"].isin(recorded), runs["label"]
    row |= {"runs": len(runs), "recorded": int(there.sum())}
    row |= {kind: int((labels == kind).sum()) for kind in ("full", "micro")}
    return row | {"status": "done" if there.all() else "records missing"}


def order(row):
    """Sort key of the runs: data seed, model and method as in the tables, setting, seed."""
    return (
        _number(row["data_seed"]),
        _place(row["model"], MODEL_NAMES),
        _place(row["method"], METHOD_NAMES),
        row["threshold"] or "",
        _number(row["rate"]),
        _number(row["seed"]),
        row["id"],
    )


def total(rows, of):
    """The line at the end.

    Args:
      rows: the runs shown.
      of: number of runs there are.
    """
    kinds = pd.Series([row["label"] or row["status"] for row in rows], dtype=str).value_counts()
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    shown = f"{of} runs" if len(rows) == of else f"{len(rows)} of {of} runs"
    return f"{shown}: {counts}" if counts else shown


def write_plain(kind, columns, rows, file):
    """Writes a header and one line a row, separated by tabs, each beginning with `kind`."""
    writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([kind, *columns])
    for row in rows:
        writer.writerow([kind, *(shown(name, row[name]) for name in columns)])


def table(columns, rows, width):
    """A rich Table with as many columns as fit, those of FIRST before the others.

    Args:
      columns: names in the order shown.
      rows: dicts.
      width: letters of the terminal.
    """
    cells = {name: [shown(name, row[name]) or "-" for row in rows] for name in columns}
    needed = {name: max(map(len, [name, *cells[name]])) for name in columns}
    kept, used = set(), -GAP
    for name in sorted(columns, key=FIRST.index):
        if used + GAP + needed[name] <= width or not kept:
            kept.add(name)
            used += GAP + needed[name]
    found = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    kept = [name for name in columns if name in kept]
    for name in kept:
        left = name in ("id", "name", "model", "method", "threshold", "status", "label")
        found.add_column(name, no_wrap=True, justify="left" if left else "right")
    for place in range(len(rows)):
        found.add_row(*(_colored(name, cells[name][place]) for name in kept))
    return found


def shown(name, value):
    """A cell as text; "" for None and NaN."""
    if value is None or value != value:
        return ""
    digits = {"auc": ".4f", "rmse": ".4f", "wall_s": ".0f", "rate": ".6g", "multiple": ".3g"}
    return f"{value:{digits[name]}}" + "x" * (name == "multiple") if name in digits else str(value)


def _colored(name, text):
    return Text(text, color_of(text) if name == "label" and text != "-" else "")


def _thresholds(thresholds):
    if len(thresholds) == 1:
        return f"{next(iter(thresholds.values())):g}"
    return " ".join(f"{name}={value:g}" for name, value in sorted(thresholds.items())) or None


def _place(name, known):
    names = list(known)
    return (names.index(name) if name in names else len(names), str(name))


def _number(value):
    return float("-inf") if value is None else value

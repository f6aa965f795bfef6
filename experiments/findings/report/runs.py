"""All runs as the page embeds them: once what most runs share, and for each run what differs."""

import json
from collections import Counter

from experiments.findings.comparison import flat
from experiments.findings.figures import style
from experiments.findings.figures.drawing import AUC, LOSS, STEP, Drawing, Key, Panel
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.findings.report import plots
from experiments.findings.report.plots import short, shorts
from experiments.training.divergence import CHANCE, judged_auc

CURVE_DIGITS = 5
CURVES = {"loss": "loss", "worst": "worst_loss"}
LABELS = {"micro": "micro-diverged", "full": "fully diverged"}  # where the kind says too little
MEASURED = (".telemetry.", ".curvature.")  # in the names of files beside the records
KEYS = [
    Key("auc", "AUC on the last day", style.INDIGO),
    Key("loss", "training loss, mean since the last evaluation", style.OLIVE),
    Key("worst", "largest training loss since then", style.WINE, ":"),
]
PANELS = [Panel(STEP, AUC, [], level=CHANCE), Panel(STEP, LOSS, [], log=True)]


def embedded_runs(material):
    """What the script of the page needs: dict of plain values.

    Keys: `runs`, one dict a run; `common` with `config` and `provenance`, the value of each key
    that most runs have; `steps`, the distinct lists of steps; `names` of models, methods and
    labels; `files`, what was measured of runs; `plot`, the layout of a run's curves.
    Of a run: its row as in findings.runs, and what `_run` adds.
    """
    records = {run_id: run.record for run_id, run in material.runs.items()}
    config, own = _shared({run_id: flat(record.config) for run_id, record in records.items()})
    made, own_made = _shared({run_id: record.provenance for run_id, record in records.items()})
    grids, studies = {}, studies_of(material)
    runs = [
        _run(run, grids)
        | {"studies": studies.get(run_id, [])}
        | {"config": own[run_id], "provenance": own_made[run_id]}
        for run_id, run in material.runs.items()
    ]
    return {
        "runs": runs,
        "common": {"config": config, "provenance": made},
        "steps": list(grids),
        "names": {"model": MODEL_NAMES, "method": METHOD_NAMES, "label": LABELS},
        "files": sorted(path for path in material.files if any(kind in path for kind in MEASURED)),
        "plot": plots.figure(Drawing(PANELS, 2, KEYS, "")),
    }


def studies_of(material):
    """The studies that each run is part of: dict from run id to sorted list of texts."""
    found = {}
    for table, frame in material.tables.items():
        if not table.endswith("_runs") or "run_id" not in frame:
            continue
        name, part = table.removesuffix("_runs"), "case" if "case" in frame else "role"
        for run_id, case in zip(frame["run_id"], frame.get(part, frame["run_id"]), strict=True):
            found.setdefault(run_id, set()).add(f"{name}: {case}")
    for rate in (material.calibration or {}).get("tried", []):
        for run_id in rate["run_ids"]:
            found.setdefault(run_id, set()).add(f"calibration: rate {rate['rate']:g}")
    return {run_id: sorted(texts) for run_id, texts in found.items()}


def _run(run, grids):
    """What one run has of its own; `grids`, from a list of steps to its number, grows.

    labelled: the step that dates its label; bad: step and day of the first number that was not
    finite; curves: by name, at steps[curves["at"]].
    """
    record, row, steps = run.record, run.row, tuple(run.curves["step"].tolist())
    curves = {
        name: shorts(run.curves[column].astype(float), CURVE_DIGITS)
        for name, column in CURVES.items()
    }
    auc = judged_auc(run.curves)
    if auc.notna().any():
        curves["auc"] = shorts(auc.astype(float), CURVE_DIGITS)
    bad = (record.first_bad_step, record.first_bad_day)
    return row | {
        "multiple": short(row["multiple"], 3),
        "auc": short(row["auc"]),
        "rmse": short(row["rmse"]),
        "labelled": run.label_step,
        "steps": record.steps,
        "bad": None if bad[0] is None else bad,
        "words": run.words,
        "curves": curves | {"at": grids.setdefault(steps, len(grids))},
    }


def _shared(parts):
    """(common, own) of dicts of plain values by run id.

    The former has the most frequent value of each key, of equally frequent ones the first as text;
    the latter by run id the values that differ, with the common keys that it lacks under "-".
    """
    common, own = {}, {}
    for name in sorted({name for part in parts.values() for name in part}):
        found = Counter(json.dumps(part[name]) for part in parts.values() if name in part)
        common[name] = json.loads(min(found, key=lambda text: (-found[text], text)))
    for run_id, part in parts.items():
        own[run_id] = {name: value for name, value in part.items() if common[name] != value}
        if missing := sorted(common.keys() - part.keys()):
            own[run_id]["-"] = missing
    return common, own

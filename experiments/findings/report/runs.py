"""All runs as the page embeds them: what most runs share once, and of each run what differs."""

import json
from collections import Counter

from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.findings.report import plots
from experiments.findings.report.numbers import short, shorts
from experiments.findings.report.plots import Key, Panel
from experiments.studies.rows import METRICS
from experiments.training.divergence import CHANCE

CURVE_DIGITS = 5
CURVES = {"loss": "loss", "worst": "worst_loss", "auc": METRICS["auc"]}
LABELS = {  # as divergence.Label says them
    "healthy": "healthy",
    "micro": "micro-diverged",
    "damaged": "damaged",
    "untrained": "untrained",
    "full": "fully diverged",
}


def embedded_runs(material):
    """What the script of the page needs: dict of plain values.

    Keys: `runs`, one dict a run; `common` with `config` and `provenance`, the value of each key
    that most runs have; `steps`, the distinct lists of steps; `names` of models, methods and
    labels; `files`, the telemetry beside the records; `plot`, the layout of a run's curves.
    Of a run: id, model, method, thresholds, rate, multiple (of 1x, or None), data_seed, seed,
    studies (texts), label, labelled (step that dates the label, or None), status, auc, rmse,
    steps, bad (step and day of the first number that was not finite, or None), words, config and
    provenance (where they differ from the common ones), curves by name, at steps[curves["at"]].
    """
    flat = {run_id: _flat(run.record.config) for run_id, run in material.runs.items()}
    made = {run_id: dict(run.record.provenance) for run_id, run in material.runs.items()}
    config, provenance = _common(flat.values()), _common(made.values())
    grids, studies = {}, studies_of(material)
    runs = [
        _run(run, material.calibration, studies.get(run_id, []), grids)
        | {"config": _differing(flat[run_id], config)}
        | {"provenance": _differing(made[run_id], provenance)}
        for run_id, run in material.runs.items()
    ]
    return {
        "runs": runs,
        "common": {"config": config, "provenance": provenance},
        "steps": [list(steps) for steps in grids],
        "names": {"model": MODEL_NAMES, "method": METHOD_NAMES, "label": LABELS},
        "files": sorted(path for path in material.files if ".telemetry." in path),
        "plot": _plot(),
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


def _run(run, calibration, studies, grids):
    record, row, method = run.record, run.row, run.record.config["method"]
    base = calibration["base_rate"] if calibration else None
    thresholds = ", ".join(f"{name} {value:g}" for name, value in method["thresholds"].items())
    bad = (record.first_bad_step, record.first_bad_day)
    return {
        "id": record.run_id,
        "model": record.config["model"]["name"],
        "method": method["name"],
        "thresholds": thresholds,
        "rate": row["learning_rate"],
        "multiple": short(row["learning_rate"] / base, 3) if base else None,
        "data_seed": row["data_seed"],
        "seed": row["seed"],
        "studies": studies,
        "label": row["label"],
        "labelled": short(row["label_step"]),
        "status": record.status,
        "auc": short(row["auc"]),
        "rmse": short(row["rmse"]),
        "steps": record.steps,
        "bad": None if bad[0] is None else list(bad),
        "words": run.words,
        "curves": _curves(run.curves, grids),
    }


def _curves(curves, grids):
    """Curves by name, and the number of their list of steps in `grids`, which grows."""
    steps = tuple(int(step) for step in curves["step"])
    found = {"at": grids.setdefault(steps, len(grids))}
    for name, column in CURVES.items():
        if column in curves:
            found[name] = shorts(curves[column].astype(float), CURVE_DIGITS)
    return found


def _flat(config, above=""):
    """A nested dict as one of dotted names; empty parts stay, so that nothing is lost."""
    found = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def _common(configs):
    """The most frequent value of each key; of equally frequent ones the first as text."""
    counts = {}
    for config in configs:
        for name, value in config.items():
            counts.setdefault(name, Counter())[json.dumps(value)] += 1
    return {
        name: json.loads(min(found, key=lambda text: (-found[text], text)))
        for name, found in sorted(counts.items())
    }


def _differing(own, common):
    """The keys whose value differs, and under "-" the common keys that the run does not have."""
    found = {name: value for name, value in own.items() if common[name] != value}
    missing = sorted(common.keys() - own.keys())
    return found | ({"-": missing} if missing else {})


def _plot():
    """The layouts of one run's curves, without data."""
    keys = [
        Key("auc", f"{METRICS['auc']} on the last day", "#0072B2"),
        Key("loss", "training loss, mean since the last evaluation", "#555555"),
        Key("worst", "largest training loss since then", "#D55E00", "dot"),
    ]
    panels = [
        Panel("", "training step", "AUC", [], level=CHANCE),
        Panel("", "training step", "training loss", [], log=True),
    ]
    return plots.figure(panels, 2, keys)

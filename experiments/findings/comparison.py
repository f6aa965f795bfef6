"""Recorded runs side by side: what differs in their configurations, and what came of each."""

import json
import math

import numpy as np
import pandas as pd

from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.machinery.workers.progress import sparkline
from experiments.training.divergence import CHANCE, judged_auc

LETTERS = "ABCDEFGH"  # the names of the runs; there are as many colours to tell apart


def differences(configs):
    """The fields in which configurations, as RunConfig.to_dict() gives them, differ.

    Returns: dict from a dotted name to texts, one a run; "-" where a run does not have the field.
    """
    every = [{name: it for name, it in flat(config).items() if it != {}} for config in configs]
    names = sorted({name for fields in every for name in fields})
    rows = {name: [_text(fields.get(name, "-")) for fields in every] for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def names(configs):
    """What each run is called: model, method and rate, and its seeds where others are called so."""
    said = [
        f"{MODEL_NAMES[config['model']['name']]}, {METHOD_NAMES[config['method']['name']]}, "
        f"rate {config['learning_rate']:.4g}"
        for config in configs
    ]
    for field, word in (("run_seed", "seed"), ("data_seed", "data seed")):
        if len(set(said)) < len(said):
            said = [f"{one}, {word} {of[field]}" for one, of in zip(said, configs, strict=True)]
    return said


def outcomes(records, labels):
    """What came of each run, by its RunRecord and its divergence.Label: texts by name."""
    rows = {
        "status": [record.status for record in records],
        "label": [label.kind for label in labels],
        "label step": [_shown(label.step) for label in labels],
        "steps": [str(record.steps) for record in records],
        "wall seconds": [_shown(record.provenance.get("wall_s")) for record in records],
    }
    for name in dict.fromkeys(name for record in records for name in record.metrics):
        rows[name] = [_shown(record.metrics.get(name), ".4f") for record in records]
    return rows


def sparklines(curves, width):
    """Judged AUC and training loss of each run, in `width` letters on a scale that all share.

    Returns: dict from what is shown, with the ends of its scale, to texts; that of the loss is
      logarithmic.
    """
    aucs = [judged_auc(curve).tolist() for curve in curves]
    losses = [np.log(curve["loss"].where(curve["loss"] > 0)).tolist() for curve in curves]
    rows = {}
    for name, series, back in (("AUC", aucs, float), ("loss", losses, math.exp)):
        defined = [value for values in series for value in values if math.isfinite(value)]
        low, high = min(defined, default=0.0), max(defined, default=0.0)
        low = min(low, CHANCE) if name == "AUC" else low
        title = f"{name}, {back(low):.3g} to {back(high):.3g}"
        rows[title] = [sparkline(values, width, low, high) for values in series]
    return rows


def frame(runs, curves):
    """Every point of the curves of `runs`, pairs of an id and the name of a method.

    Returns: DataFrame with run (a letter), run_id, method, step, loss and auc.
    """
    parts = []
    for letter, (run_id, method), curve in zip(LETTERS, runs, curves, strict=False):
        about = {"run": letter, "run_id": run_id, "method": method, "step": curve["step"]}
        parts.append(pd.DataFrame(about | {"loss": curve["loss"], "auc": judged_auc(curve)}))
    return pd.concat(parts, ignore_index=True)


def flat(config, above=""):
    """A nested dict as one of dotted names; empty parts stay, so that nothing is lost."""
    found = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)


def _shown(value, form=""):
    return "-" if value is None else format(value, form)

"""How steep the loss is where runs train: with shocks, without, and under Clippy (section 3.2)."""

import numpy as np
import pandas as pd

from experiments.errors import NotDefined
from experiments.findings.curvature import EDGE, SHOCKED, UNDISTURBED
from experiments.findings.figures import shocked, style
from experiments.findings.figures.drawing import STEP, Drawing, Key, Line, Panel, method_key
from experiments.findings.names import MODEL_NAMES
from experiments.training.curvature import BATCHES

AROUND = (12, 24)  # ours: steps before and after b on the right
CLIPPY = method_key("clippy")._replace(name="Clippy, shocked")
APPLIED = CLIPPY._replace(group="applied", name="Clippy, with its factors", dash="--")
LINES = (  # a case of the study, what is drawn of it, and its place in the legend
    (UNDISTURBED, "largest", Key("undisturbed", "naive, undisturbed", style.KINDS["healthy"][1])),
    (SHOCKED, "largest", method_key("naive")._replace(name="naive, shocked")),
    ("clippy", "largest", CLIPPY),
    ("clippy", "applied", APPLIED),
)
ABOUT = {"own": "batch of the step", "probe": "probe of the last day"}
CAPTION = (
    "{model} at {rate:g}x, data seed {data_seed}, run seed {seed}, n = 1, no interval: the largest "
    "eigenvalue of the Hessian preconditioned by Adagrad times the rate, before each measured "
    "step, over the weights that are no embeddings; dashed, with the factor that Clippy gives to "
    "each variable. Above: on the batch of the step; below: on a fixed batch of the last day. "
    "Right: around b. Dotted: 2, the edge of stability. Vertical lines: b = {b}, c = {c} of the "
    "shocked naive run. Shaded: days with a shock."
)


def frame(material):
    """One row a case, batch and measured step of the first run seed that shows a divergence.

    That is the first whose shocked run has all three moments and whose undisturbed run is healthy.

    Returns: DataFrame with data_seed, model, rate_multiple, seed, case, run_id, shocked (steps, as
      of shocked.text), b, c, batch, step, loss, largest and applied (times the rate).
    Raises: NotDefined without such a run seed.
    """
    runs, parts = material.curvature, []
    seed = _seed(runs)
    if seed is None:
        expected = "a run seed of a divergence and a healthy undisturbed run"
        raise NotDefined(f"{material.where}: no divergence with curvature: expected {expected}")
    shown = (runs["seed"] == seed) & runs["case"].isin([case for case, *_ in LINES])
    for run in runs[shown].to_dict("records"):
        rows = material.steepness(run["run_id"])
        if rows is None:  # no moments are known of it either
            continue
        about = {name: run[name] for name in ("data_seed", "model", "rate_multiple", "seed")}
        about |= {"case": run["case"], "run_id": run["run_id"]}
        about["shocked"] = shocked.text(material.shocked(run["run_id"]))
        about |= {"b": int(run["curvature_b"]), "c": int(run["curvature_c"])}
        columns = ["batch", "step", "loss", "largest", "applied"]
        parts.append(rows[columns].assign(**about)[[*about, *columns]])
    return pd.concat(parts, ignore_index=True)


def _seed(runs):
    """The first run seed of frame, or None."""
    by_seed = {case: rows.set_index("seed") for case, rows in runs.groupby("case")}
    full = by_seed[SHOCKED]
    full = full[(full["label"] == "full") & full[f"{BATCHES[0]}/peak"].notna()]
    calm = by_seed[UNDISTURBED]
    calm = calm[(calm["label"] == "healthy") & calm[f"{BATCHES[0]}/usual"].notna()]
    return next(iter(sorted(full.index.intersection(calm.index))), None)


def drawing(rows):
    """Batches above each other, the whole run on the left, b on the right: Drawing of `frame`."""
    hit = rows[rows["case"] == SHOCKED].iloc[0]
    near = int(hit["b"]) - AROUND[0], int(hit["b"]) + AROUND[1]
    panels = []
    for name in BATCHES:
        part = rows[rows["batch"] == name]
        close = part[part["step"].between(*near)]
        panels.append(_panel(part, hit, name, {"b": hit["b"]}))
        panels.append(_panel(close, hit, name, {m: hit[m] for m in "bc"}, near))
    about = {name: hit[name] for name in ("data_seed", "seed", "b", "c")}
    caption = CAPTION.format(model=MODEL_NAMES[hit["model"]], rate=hit["rate_multiple"], **about)
    keys = [key for case, _, key in LINES if (rows["case"] == case).any()]
    look = {"height": 4.1, "shared": {"sharey": "row", "sharex": "col"}}
    look["legend"] = {"loc": "outside upper center", "ncols": 2}
    return Drawing(panels, 2, keys, caption, **look)


def _panel(rows, hit, name, marks, ends=None):
    """The panel of a batch; what lies outside `ends` is left out."""
    low, high = ends or (0, np.inf)
    lines = []
    for case, column, key in LINES:
        part = rows[rows["case"] == case]
        if part.empty:
            continue
        about = f"{key.name}, {part['run_id'].iloc[0]}"
        # A dead network has nothing above 0, which has no place on the axis.
        above_0 = part[column].where(part[column] > 0)
        lines.append(Line(key, part["step"], above_0, about, width=0.8, dots=3 if ends else 0))
    stretches = [
        (max(first, low), min(last, high))
        for first, last in shocked.stretches(hit["shocked"])
        if last > low and first < high
    ]
    marks = {letter: int(place) for letter, place in marks.items() if low <= place <= high}
    y = f"{ABOUT[name]}:\n" r"$\eta\,\alpha_*$"
    return Panel(STEP, y, lines, log=True, marks=marks, level=EDGE, shaded=tuple(stretches))

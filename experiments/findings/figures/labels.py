"""The sheet of labels: twenty recorded runs drawn at random, each with its curves and its label."""

import numpy as np
import pandas as pd

from experiments.errors import BadInput
from experiments.findings.dynamics import judged
from experiments.findings.figures import shocked, style
from experiments.findings.figures.drawing import AUC, STEP, Drawing, Key, Line, Panel
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.training.divergence import CHANCE

STUDIES = ("table2", "table3", "shocks")
PANELS, COLUMNS = 20, 4
DRAW = 20  # ours: seed of the draw
MOST = 16  # ours: times the least loss, at the top of a panel
GRID = 0.05  # ours: the ends of the axis of the AUC are multiples of it
CURVE = Key("auc", AUC, style.INDIGO)
LOSS = Key("loss", "worst training loss (log, no axis)", "#999999")
LABEL = Key("label", "step of the label", style.WINE)
CAPTION = (
    "Data seed {data_seed}: {n} runs of the {recorded} that are recorded of Table 2, Table 3 and "
    "the study of shocks ({kinds}), drawn by code, the kinds in turn. One run a panel: n = 1, no "
    "interval. Dot: the evaluation that dates the label. Grey: the worst training loss since the "
    "last evaluation, from the least of the run (bottom) to {most} times that or more (top), on a "
    "log scale. Shaded: days with a shock. Dotted: chance, where an undefined AUC is drawn, too. "
    "Micro: the loss jumps, the AUC drops and comes back. Damaged: it does not come back. "
    "Untrained: it stays a little above chance. Full: it falls to chance or never leaves it."
)


def drawn(runs):
    """The runs of the sheet, kind by kind; each kind that is left gives one in turn.

    `runs` have run_id and label; a run that is in several studies is drawn once. `of_kind` is added
    to them, the number of runs with the same label.
    """
    runs = runs.drop_duplicates("run_id").sort_values("run_id")
    runs = runs.assign(of_kind=runs.groupby("label")["run_id"].transform("size"))
    runs = runs.iloc[np.random.default_rng(DRAW).permutation(len(runs))]
    order = pd.DataFrame({"turn": runs.groupby("label").cumcount()})
    order["kind"] = runs["label"].map(list(style.KINDS).index)
    chosen = order.sort_values(["turn", "kind"]).head(PANELS)
    return runs.loc[chosen.sort_values(["kind", "turn"]).index]


def frame(material):
    """One row an evaluation of a run of the sheet, in the order of the panels.

    Returns: DataFrame with data_seed, study (and its case or role), model, method, threshold,
      rate_multiple, seed, run_id, label, label_step, of_kind, shocked (steps, as of shocked.text),
      step, auc, worst_loss.
    """
    runs = pd.concat([_named(study, material.recorded(study)) for study in STUDIES])
    runs = drawn(runs.reset_index(drop=True))
    if len(runs) < PANELS:
        raise BadInput(
            f"{material.where}: {len(runs)} runs: expected {PANELS} or more to draw from"
        )
    about = ["data_seed", "study", "model", "method", "threshold", "rate_multiple", "seed"]
    about += ["run_id", "label", "label_step", "of_kind"]
    curves, parts = material.curves(runs), []
    for run in runs[about].to_dict("records"):
        curve = curves[run["run_id"]]
        run["shocked"] = shocked.text(material.shocked(run["run_id"]))
        columns = {"step": curve["step"], "auc": judged(curve)["auc"]}
        parts.append(pd.DataFrame(run | columns | {"worst_loss": curve["worst_loss"]}))
    return pd.concat(parts, ignore_index=True)


def _named(study, runs):
    """The runs of a study with its name and what they are in it."""
    part = runs["role"] if "role" in runs else runs["case"]
    return runs.assign(study=study + " " + part)


def drawing(rows):
    """One panel a run: Drawing of the rows of `frame`."""
    runs = rows.drop_duplicates("run_id")
    low = GRID * np.floor(min(rows["auc"].min(), CHANCE) / GRID - 0.5)
    high = GRID * np.ceil(rows["auc"].max() / GRID + 0.1)
    panels = [_panel(part, low, high) for _, part in rows.groupby("run_id", sort=False)]
    counts = runs.drop_duplicates("label").set_index("label")["of_kind"]
    about = {"n": len(runs), "data_seed": runs["data_seed"].iloc[0], "most": MOST}
    about |= {"kinds": ", ".join(f"{count} {kind}" for kind, count in counts.items())}
    caption = CAPTION.format(recorded=counts.sum(), **about)
    look = {"height": 7.2, "width": style.PAGE, "shared": {"sharex": True, "sharey": True}}
    look["legend"] = {"loc": "outside upper center", "ncols": 3}
    return Drawing(panels, COLUMNS, [CURVE, LOSS, LABEL], caption, **look)


def _panel(part, low, high):
    """The curves of a run between the ends of the axis, its label in the title and as a dot."""
    run = part.iloc[0]
    names = MODEL_NAMES[run["model"]], METHOD_NAMES[run["method"]]
    title = "{} {} {:g}x".format(*names, run["rate_multiple"])
    kind = run["label"]
    kind += "" if pd.isna(run["label_step"]) else f" at {run['label_step']:.0f}"
    about = "{study}, seed {seed}, {run_id}: ".format(**run) + kind
    dated = part[part["step"] == run["label_step"]]
    lines = [
        Line(LOSS, part["step"], low + (high - low) * rise(part["worst_loss"]), "", width=0.6),
        Line(CURVE, part["step"], part["auc"], about),
        Line(LABEL, dated["step"], dated["auc"], about, width=0, dots=7),
    ]
    stretches = tuple(shocked.stretches(run["shocked"]))
    limits = {"level": CHANCE, "limits": (low, high), "shaded": stretches}
    return Panel(STEP, AUC, lines, title=f"{title}\n{kind}", **limits)


def rise(losses):
    """How far losses are above their least on a log scale, 0 for it and 1 for MOST times or more.

    What is not finite is at 1.
    """
    losses = losses.astype(float).where(np.isfinite(losses))
    return (np.log(losses / losses.min()) / np.log(MOST)).fillna(1.0).clip(0.0, 1.0)

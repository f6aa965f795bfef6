"""Figure 1: a micro-divergence, a full divergence, and the same run undisturbed."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import style
from experiments.findings.figures.drawing import AUC, LOSS, STEP, Drawing, Key, Line, Panel
from experiments.training.divergence import CHANCE

LABELS = {"undisturbed": "healthy", "mild": "micro", "severe": "full"}  # what each case must show
KINDS = LABELS | {"undisturbed": "undisturbed"}
LOOKS = {  # name and colour of each kind
    "undisturbed": ("undisturbed", style.KINDS["healthy"][1]),
    "micro": style.KINDS["micro"],
    "full": style.KINDS["full"],
}
CAPTION = (
    "Naive Large+DCN at 0.4x, data seed {data_seed}, run seed {seed}: without a shock, with a mild "
    "and with a severe one. One run of each kind: n = 1, no interval. Chosen by code: the smallest "
    "run seed that has all three kinds. Dotted: chance. Loss: mean since the last evaluation."
)


def choose(runs):
    """The runs of Figure 1 by case, or None; the severe one is that of Figures 4 and 8.

    The rule: the smallest run seed whose runs have the labels of LABELS, and whose severe run has
    all three moments. `runs` are the rows of `dynamics.measured_rows`.
    """
    for _, rows in runs[runs["case"].isin(LABELS)].groupby("seed"):
        rows = rows.set_index("case")
        if rows["label"].to_dict() == LABELS and pd.notna(rows.at["severe", "step_b"]):
            return rows.loc[list(LABELS)]
    return None


def frame(material):
    """One row an evaluation of the example: data_seed, seed, kind, run_id, step, loss, auc."""
    runs, parts = material.example, []
    for run, curve in zip(runs.itertuples(), material.curves(runs).values(), strict=True):
        columns = {"data_seed": run.data_seed, "seed": run.seed, "kind": KINDS[run.Index]}
        columns |= {"run_id": run.run_id, "step": curve["step"], "loss": curve["loss"]}
        parts.append(pd.DataFrame(columns | {"auc": judged(curve)["auc"]}))
    return pd.concat(parts, ignore_index=True)


def drawing(rows):
    """Loss above, AUC below, one line a kind of run: Drawing of the rows of `frame`."""
    keys, loss, auc = [], [], []
    for kind, part in rows.groupby("kind", sort=False):
        keys.append(key := Key(kind, *LOOKS[kind]))
        about = "{}, seed {seed}, {run_id}".format(key.name, **part.iloc[0])
        loss.append(Line(key, part["step"], part["loss"], about))
        auc.append(Line(key, part["step"], part["auc"], about))
    panels = [
        Panel(STEP, LOSS, loss, log=True, legend={"loc": "upper left"}),
        Panel(STEP, AUC, auc, level=CHANCE),
    ]
    caption = CAPTION.format(**rows.iloc[0])
    return Drawing(panels, 1, keys, caption, height=3.1, shared={"sharex": True})

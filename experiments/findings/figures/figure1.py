"""Figure 1: a micro-divergence, a full divergence, and the same run undisturbed."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import shocked, style
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
    "Naive Large+DCN at 0.4x, data seed {data_seed}, run seed {seed}: without a shock, with mild "
    "and with severe ones. One run of each kind: n = 1, no interval. Chosen by code: the smallest "
    "run seed that has all three kinds. {lift} Shaded: days with a shock. Dotted: chance. Loss: "
    "mean since the last evaluation."
)
LIFT = (
    "Lift (AUC above chance) at step {step}, the last evaluation before b = {b}: {lift:.3f}, and "
    "{control:.3f} undisturbed; at the end {end:.3f} and {control_end:.3f}."
)
LEGEND = {"loc": "outside upper center", "handlelength": 1.4}


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
    """One row an evaluation of the example.

    Returns: DataFrame with data_seed, seed, kind, run_id, shocked (steps, as of shocked.text), b
      (of the run that fully diverges), step, loss, auc.
    """
    runs, parts = material.example, []
    for run, curve in zip(runs.itertuples(), material.curves(runs).values(), strict=True):
        columns = {"data_seed": run.data_seed, "seed": run.seed, "kind": KINDS[run.Index]}
        columns |= {"run_id": run.run_id, "shocked": shocked.text(material.shocked(run.run_id))}
        columns |= {"b": int(runs.at["severe", "step_b"])}
        columns |= {"step": curve["step"], "loss": curve["loss"]}
        parts.append(pd.DataFrame(columns | {"auc": judged(curve)["auc"]}))
    return pd.concat(parts, ignore_index=True)


def drawing(rows):
    """Loss above, AUC below, one line a kind of run: Drawing of the rows of `frame`."""
    keys, loss, auc, kinds = [], [], [], dict(list(rows.groupby("kind")))
    for kind, part in rows.groupby("kind", sort=False):
        keys.append(key := Key(kind, *LOOKS[kind]))
        about = "{}, seed {seed}, {run_id}".format(key.name, **part.iloc[0])
        loss.append(Line(key, part["step"], part["loss"], about))
        auc.append(Line(key, part["step"], part["auc"], about))
    full, control = kinds["full"], kinds["undisturbed"]
    shaded = tuple(shocked.stretches(full["shocked"].iloc[0]))
    note, text = lift(full, control, rows["b"].iloc[0])
    panels = [
        Panel(STEP, LOSS, loss, log=True, shaded=shaded),
        Panel(STEP, AUC, auc, level=CHANCE, shaded=shaded, notes=(note,)),
    ]
    caption, shared = CAPTION.format(lift=text, **rows.iloc[0]), {"sharex": True}
    return Drawing(panels, 1, keys, caption, 2.9, shared=shared, legend=LEGEND | {"ncols": 3})


def lift(run, control, b):
    """The lift of a run just before its step b: (note of a panel, sentence with the control's).

    `run` and `control`, the undisturbed run, have the columns step and auc.
    """
    before, own = run[run["step"] < b].iloc[-1], control[control["step"] < b].iloc[-1]
    lifts = (before["auc"], own["auc"], run["auc"].iloc[-1], control["auc"].iloc[-1])
    names = ("lift", "control", "end", "control_end")
    found = {name: auc - CHANCE for name, auc in zip(names, lifts, strict=True)}
    note = (before["step"], before["auc"], "lift {lift:.2f}".format(**found))
    return note, LIFT.format(step=before["step"], b=b, **found)

"""Figure 1: a micro-divergence, a full divergence, and the same run undisturbed."""

from typing import NamedTuple

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import style

LABELS = {"undisturbed": "healthy", "mild": "micro", "severe": "full"}  # what each case must show
KINDS = {"undisturbed": "undisturbed", "mild": "micro", "severe": "full"}
NAMES = {"undisturbed": "undisturbed", "micro": "micro-diverged", "full": "fully diverged"}
CAPTION = (
    "Naive Large+DCN at 0.4x, data seed {data_seed}, run seed {seed}: without a shock, with a mild "
    "and with a severe one. One run of each kind: n = 1, no interval. Chosen by code: the smallest "
    "run seed that has all three kinds. Dotted: chance. Loss: mean since the last evaluation."
)


class Example(NamedTuple):
    """Three runs of one run seed, one of each kind, as rows of the study's runs by case."""

    data_seed: int
    seed: int
    runs: dict


def choose(runs):
    """The example shown here and, its severe run, in Figures 4 and 8.

    The rule: the smallest run seed whose runs have the labels of LABELS, and whose severe run has
    all three moments.

    Args:
      runs: one row a run of the study of divergences: case, seed, data_seed, label, step_b, run_id.
    Returns: Example, or None if no seed has all three.
    """
    for seed, rows in runs[runs["case"].isin(LABELS)].groupby("seed"):
        rows = rows.set_index("case")
        labelled = rows["label"].to_dict() == LABELS
        if labelled and pd.notna(rows.at["severe", "step_b"]):
            found = {case: rows.loc[case] for case in LABELS}
            return Example(int(rows["data_seed"].iloc[0]), int(seed), found)
    return None


def frame(example, curves):
    """One row an evaluation: data_seed, seed, kind, run_id, step, loss, auc.

    Args:
      example: Example.
      curves: dict from run id to curves.
    """
    parts = []
    for case, run in example.runs.items():
        curve = curves[run["run_id"]]
        columns = {"data_seed": example.data_seed, "seed": example.seed, "kind": KINDS[case]}
        columns |= {"run_id": run["run_id"], "step": curve["step"], "loss": curve["loss"]}
        parts.append(pd.DataFrame(columns | {"auc": judged(curve)["auc"]}))
    return pd.concat(parts, ignore_index=True)


def draw(rows):
    """Loss above, AUC below.

    Args:
      rows: from frame.
    Returns: Figure.
    """
    with style.sheet():
        figure, axes = style.panels(2, 1, width=style.COLUMN, height=3.1, sharex=True)
        plot_kinds(axes[0, 0], rows, "loss").set(yscale="log", ylabel="training loss")
        axis = plot_kinds(axes[1, 0], rows, "auc")
        axis.set(xlabel="training step", ylabel="AUC on the last day")
        axis.axhline(0.5, color="#888888", linewidth=0.6, linestyle=":")
        axes[0, 0].legend(loc="upper left")
        style.caption(figure, caption(rows))
    return figure


def caption(rows):
    """What a reader must know, from the rows of frame."""
    first = rows.iloc[0]
    return CAPTION.format(data_seed=first["data_seed"], seed=first["seed"])


def plot_kinds(axis, rows, column):
    """One line a kind of run."""
    for kind, line in rows.groupby("kind", sort=False):
        axis.plot(line["step"], line[column], color=style.KINDS[kind], label=NAMES[kind])
    return axis

"""Figure 7: validation error rate against steps, each optimizer at its best rate and warmup."""

import pandas as pd

from experiments.findings.figure7 import OPTIMIZERS, PERCENT
from experiments.findings.figures import style
from experiments.findings.figures.drawing import STEP, Drawing, Key, Line, Panel
from experiments.findings.figures.figure5 import means
from experiments.training.divergence import reported

ERROR = "validation error rate, percent"
ABOUT = (
    "English to German, each optimizer at the rate and warmup that one seed found best: mean and "
    "95 % interval of the mean (Student's t) over n = {n} other seeds. After a loss that was no "
    "number a run counts as wrong throughout."
)
METHODS = {"adamw": "adam", "adagrad": "naive", "clippy": "clippy"}  # what the lines are of
METHODS |= {"clippy_section_5": "clippy", "clippy_plain_embeddings": "clippy"}
METHODS |= {"adagrad_above": "naive"}


def frame(material):
    """One row a line and evaluation: optimizer, rate, warmup, step, mean, low, high, n; percent."""
    runs = material.translation
    parts = []
    for _, cell in runs[runs["role"] == "repeat"].groupby("optimizer", sort=False):
        errors = {
            run: curves.set_index("step")[reported(curves.columns, "error_rate")] * PERCENT
            for run, curves in material.curves(cell).items()
        }
        about = {name: cell[name].iloc[0] for name in ("optimizer", "rate", "warmup")}
        parts.append(means(together(errors), about))
    return pd.concat(parts, ignore_index=True)


def together(errors):
    """Error rates of runs by step as one table, a column a run, at the steps that all of them have.

    After its last row a run counts as wrong throughout. A step between the evaluations, at which
    one run broke off, is left out: the others were not evaluated there.
    """
    table = pd.concat(errors, axis=1).sort_index()
    for run, values in errors.items():
        table.loc[table.index > values.index.max(), run] = PERCENT
    return table.dropna()


def drawing(rows):
    """One panel with a line an optimizer: Drawing of the rows of `frame`."""
    lines, optimizers = [], list(rows["optimizer"].unique())
    looks = style.looks([METHODS.get(name, name) for name in optimizers])
    parts = rows.groupby("optimizer", sort=False)
    for (optimizer, part), look in zip(parts, looks, strict=True):
        first = part.iloc[0]
        name = f"{OPTIMIZERS[optimizer]}, {first['rate']:g}, warmup {first['warmup']:.0%}"
        key = Key(optimizer, name, *look)
        about = f"{name}, mean of {first['n']} runs"
        lines.append(Line(key, part["step"], part["mean"], about, part["low"], part["high"]))
    legend = {"loc": "outside upper left", "ncols": 1, "handlelength": 2.4}
    keys, about = [line.key for line in lines], ABOUT.format(n=style.counts(rows["n"]))
    return Drawing([Panel(STEP, ERROR, lines)], 1, keys, about, height=3.2, legend=legend)

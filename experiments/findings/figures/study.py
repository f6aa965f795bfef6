"""AUC of any study of cases: against steps, by rate, and at the end against the rate."""

import re

import pandas as pd

from experiments.findings.figures import style
from experiments.findings.figures.drawing import (
    AUC,
    LEGEND_LINE,
    RATE,
    STEP,
    Drawing,
    Key,
    Line,
    Panel,
)
from experiments.findings.figures.figure5 import line_of
from experiments.findings.names import METHOD_NAMES

ABOUT = (
    "Data seed {data_seed}: mean of n = {n} runs a case{bands}. In brackets: full divergences of "
    "runs. After a loss that was no number a run counts as at chance."
)
FACETS = " One panel a rate; the last one: AUC of the last evaluation by rate, with its interval."
WITH_BANDS = ", and its 95 % interval (Student's t)"
WITHOUT_BANDS = "; its interval is in the csv"
BANDS = 4  # lines whose bands can be told apart in print
MOST_CASES = 40  # ours: that a figure has
NARROW = 4  # panels that fit in a column, two in a row
ROW = 1.45  # inches
LETTERS_PER_INCH, DASH = 20, 8  # of a legend; its dash and the space around it, in letters
# What says the rate in the name of a case, as crossing makes it or a person writes it.
NAMED_RATE = re.compile(r"(?:^|_|, )(?:rate_multiple=[^,]+|[\d.]+x)(?=_|,|$)")


def frame(runs, curves):
    """One row a case and evaluation.

    Returns: DataFrame with data_seed, case, method, rate_multiple, diverged (full divergences),
      step, mean, low, high, n.
    """
    parts = []
    for case, cell in runs.groupby("case", sort=False):
        about = {"case": case} | cell[["method", "rate_multiple"]].iloc[0].to_dict()
        about["diverged"] = int((cell["label"] == "full").sum())
        parts.append(line_of(cell, curves, about))
    return pd.concat(parts, ignore_index=True)


def drawing(rows, title=""):
    """Drawing of the rows of `frame`; the caption begins with the title.

    One panel with a line a case. At several rates, a panel a rate and one of the AUC at the end;
    what differs in its rate alone is one line there.
    """
    rates = sorted(rows["rate_multiple"].unique())
    rows = rows.assign(series=_series(rows) if len(rates) > 1 else rows["case"].astype(str))
    cases = rows.drop_duplicates("case")
    keys = _keys(cases)
    banded = len(keys) <= BANDS
    if len(rates) == 1:
        panels = [Panel(STEP, AUC, _curves(rows, keys, banded))]
    else:
        panels = [
            Panel(STEP, AUC, _curves(part, keys, banded), title=f"{rate:g}x")
            for rate, part in rows.groupby("rate_multiple")
        ]
        last = Panel(RATE, AUC, _by_rate(rows, keys), title="at the end", ticks=tuple(rates))
        panels.append(last)
    bands = WITH_BANDS if banded else WITHOUT_BANDS
    about = {"data_seed": rows["data_seed"].iloc[0], "n": style.counts(cases["n"]), "bands": bands}
    caption = (f"{title}. " if title else "") + ABOUT.format(**about)
    caption += FACETS if len(rates) > 1 else ""
    return _drawing(panels, list(keys.values()), caption)


def _drawing(panels, keys, caption):
    columns = 1 if len(panels) == 1 else 2 if len(panels) <= NARROW else 4
    width = style.PAGE if columns == 4 else style.COLUMN
    across = max(1, int(width * LETTERS_PER_INCH / max(len(key.name) + DASH for key in keys)))
    legend = {"loc": "outside upper left", "ncols": across, "handlelength": 2.4}
    height = 2.0 if len(panels) == 1 else ROW * -(-len(panels) // columns)
    height += LEGEND_LINE * -(-len(keys) // across)
    return Drawing(panels, columns, keys, caption, height, width, {"sharey": True}, legend)


def _series(rows):
    """The cases without their rates, unless that makes one of two at the same rate."""
    names = rows["case"].astype(str).str.replace(NAMED_RATE, "", regex=True).str.lstrip("_, ")
    names = names.where(names != "", rows["method"].map(METHOD_NAMES))
    each = rows.assign(series=names).groupby(["series", "rate_multiple"])["case"].nunique()
    return names if (each == 1).all() else rows["case"].astype(str)


def _keys(cases):
    """The Key of each series, by its name."""
    series = cases.groupby("series", sort=False)
    looks = style.looks(list(series["method"].first()))
    counts = series[["diverged", "n"]].sum()
    return {
        name: Key(name, f"{name} ({found.diverged}/{found.n})", *look)
        for (name, found), look in zip(counts.iterrows(), looks, strict=True)
    }


def _curves(rows, keys, banded):
    lines = []
    for case, part in rows.groupby("case", sort=False):
        first = part.iloc[0]
        ends = (part["low"], part["high"]) if banded else ()
        about = f"{case}, mean of {first['n']} runs"
        lines.append(Line(keys[first["series"]], part["step"], part["mean"], about, *ends))
    return lines


def _by_rate(rows, keys):
    """One line a series, one point a rate."""
    ends = rows.groupby("case", sort=False).tail(1).sort_values("rate_multiple")
    lines = []
    for name, part in ends.groupby("series", sort=False):
        about = f"{name}, mean of {style.counts(part['n'])} runs"
        band = {"low": part["low"], "high": part["high"], "shade": 0.12, "dots": 4}
        lines.append(Line(keys[name], part["rate_multiple"], part["mean"], about, **band))
    return lines

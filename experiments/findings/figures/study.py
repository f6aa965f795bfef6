"""AUC against steps of any study of cases: one line a case."""

import matplotlib
import pandas as pd
from matplotlib.colors import to_hex

from experiments.findings.figures import style
from experiments.findings.figures.drawing import AUC, STEP, Drawing, Key, Line, Panel
from experiments.findings.figures.drawing import draw as printed
from experiments.findings.figures.figure5 import line_of

ABOUT = (
    "Data seed {data_seed}: mean of n = {n} runs a case{bands}. In brackets: full divergences of "
    "runs. After a loss that was no number a run counts as at chance."
)
WITH_BANDS = ", and its 95 % interval (Student's t)"
WITHOUT_BANDS = "; its interval is in the csv"
FEW = 5  # cases that the colours of the methods of Table 2 tell apart
BANDS = 4  # cases whose bands can be told apart in print
DASHES = ("-", (0, (4, 1)), (0, (1, 1)))


def frame(runs, curves):
    """One row a case and evaluation: data_seed, case, diverged, step, mean, low, high, n."""
    parts = []
    for case, cell in runs.groupby("case", sort=False):
        diverged = int((cell["label"] == "full").sum())
        parts.append(line_of(cell, curves, {"case": case, "diverged": diverged}))
    return pd.concat(parts, ignore_index=True)


def drawing(rows, banded=True):
    """One line a case: Drawing of the rows of `frame`, with the bands if `banded`."""
    cases, lines = rows.groupby("case", sort=False), []
    for (case, part), look in zip(cases, looks(len(cases)), strict=True):
        first = part.iloc[0]
        key = Key(str(case), f"{case} ({first['diverged']}/{first['n']})", *look)
        ends = (part["low"], part["high"]) if banded else ()
        about = f"{case}, mean of {first['n']} runs"
        lines.append(Line(key, part["step"], part["mean"], about, *ends))
    bands, seed = WITH_BANDS if banded else WITHOUT_BANDS, rows["data_seed"].iloc[0]
    about = ABOUT.format(data_seed=seed, n=style.counts(rows["n"]), bands=bands)
    panels, keys = [Panel(STEP, AUC, lines)], [line.key for line in lines]
    legend = {"loc": "outside upper left", "ncols": 1, "handlelength": 2.4}
    return Drawing(panels, 1, keys, about, height=2.6 + 0.13 * len(cases), legend=legend)


def draw(rows, title):
    """Figure of the rows of `frame` of the study with this title."""
    drawn = drawing(rows, banded=rows["case"].nunique() <= BANDS)
    caption = style.plain(f"{title}. {drawn.caption}")
    return printed(drawn._replace(caption=caption))


def looks(count):
    """A colour and a dash for each of `count` lines."""
    if count <= FEW:
        return [(colour, "-") for colour in list(style.METHODS.values())[:FEW][::-1][:count]]
    colours = matplotlib.colormaps["viridis"]
    return [
        (to_hex(colours(0.9 * place / (count - 1))), DASHES[place % len(DASHES)])
        for place in range(count)
    ]

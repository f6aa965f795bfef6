"""AUC against steps of any study of cases: one line a case."""

import matplotlib
import pandas as pd

from experiments.findings.figures import style
from experiments.findings.figures.figure5 import line_of

ABOUT = (
    "{title}. Data seed {data_seed}: mean of n = {n} runs a case{bands}. In brackets: full "
    "divergences of runs. After a loss that was no number a run counts as at chance."
)
WITH_BANDS = ", and its 95 % interval (Student's t)"
WITHOUT_BANDS = "; its interval is in the csv"
FEW = 5  # cases that the colours of methods tell apart
BANDS = 4  # cases whose bands can be told apart
DASHES = ("-", (0, (4, 1)), (0, (1, 1)))


def frame(runs, curves):
    """One row a case and evaluation.

    Args:
      runs: from CasesProtocol.run.
      curves: dict from run id to curves.
    Returns: DataFrame with data_seed, case, diverged, step, mean, low, high, n.
    """
    parts = []
    for case, cell in runs.groupby("case", sort=False):
        about = {"data_seed": cell["data_seed"].iloc[0], "case": case}
        about |= {"diverged": int((cell["label"] == "full").sum())}
        parts.append(line_of([curves[run] for run in cell["run_id"]]).assign(**about))
    rows = pd.concat(parts, ignore_index=True)
    front = ["data_seed", "case", "diverged"]
    return rows[[*front, *rows.columns.difference(front, sort=False)]]


def draw(rows, title):
    """The picture.

    Args:
      rows: from frame.
      title: of the study.
    Returns: Figure.
    """
    cases = dict(iter(rows.groupby("case", sort=False)))
    banded = len(cases) <= BANDS
    with style.sheet():
        height = 2.6 + 0.13 * len(cases)
        figure, axes = style.panels(1, 1, width=style.COLUMN, height=height)
        axis = axes[0, 0]
        for (case, line), (colour, dash) in zip(cases.items(), looks(len(cases)), strict=True):
            first = line.iloc[0]
            name = style.plain(f"{case} ({first['diverged']}/{first['n']})")
            axis.plot(line["step"], line["mean"], color=colour, linestyle=dash, label=name)
            if banded:
                axis.fill_between(
                    line["step"], line["low"], line["high"], color=colour, alpha=0.2, linewidth=0
                )
        axis.set(xlabel="training step", ylabel="AUC on the last day")
        figure.legend(loc="outside upper left", ncols=1, handlelength=2.4)
        bands = WITH_BANDS if banded else WITHOUT_BANDS
        seed, n = rows["data_seed"].iloc[0], style.counts(rows["n"])
        about = ABOUT.format(title=title, data_seed=seed, n=n, bands=bands)
        style.caption(figure, style.plain(about))
    return figure


def looks(count):
    """A colour and a dash for each of `count` lines, as matplotlib takes them."""
    if count <= FEW:
        return [(colour, "-") for colour in list(style.METHODS.values())[::-1][:count]]
    colours = matplotlib.colormaps["viridis"]
    return [
        (colours(0.9 * place / (count - 1)), DASHES[place % len(DASHES)]) for place in range(count)
    ]

"""The picture of `make compare`: loss and AUC of some recorded runs."""

from experiments.findings.figures import style
from experiments.findings.figures.drawing import (
    AUC,
    LEGEND_LINE,
    LOSS,
    STEP,
    Drawing,
    Key,
    Line,
    Panel,
)
from experiments.training.divergence import CHANCE

ALONE = 6  # points, of the dot of a run that has a single evaluation
CAPTION = (
    "One line a run: n = 1, no interval. Loss: mean since the last evaluation. AUC of the first "
    "binary task on the last day. Dotted: chance."
)


def drawing(rows, names):
    """Loss above, AUC below: Drawing of the rows of findings.comparison.frame, and its names."""
    runs, loss, auc = rows.drop_duplicates("run"), [], []
    parts = rows.groupby("run", sort=False)
    looks = style.looks(list(runs["method"]))
    for (letter, part), name, look in zip(parts, names, looks, strict=True):
        key = Key(letter, f"{letter}: {name}", *look)
        dots = ALONE if len(part) == 1 else 0
        loss.append(Line(key, part["step"], part["loss"], key.name, dots=dots))
        auc.append(Line(key, part["step"], part["auc"], key.name, dots=dots))
    log = (rows["loss"] > 0).any()
    panels = [Panel(STEP, LOSS, loss, log=log), Panel(STEP, AUC, auc, level=CHANCE)]
    look = {"height": 2.6 + LEGEND_LINE * len(loss), "shared": {"sharex": True}}
    look |= {"legend": {"loc": "outside upper left", "ncols": 1, "handlelength": 2.4}}
    return Drawing(panels, 1, [line.key for line in loss], CAPTION, **look)

"""The picture of `make compare`: loss and AUC of some recorded runs."""

from experiments.findings.figures import drawing
from experiments.findings.figures.drawing import AUC, LOSS, STEP, Key, Line, Panel
from experiments.training.divergence import CHANCE

# Okabe and Ito's colours in an order in which neighbours differ in lightness, too.
COLORS = {"A": "#D55E00", "B": "#0072B2", "C": "#E69F00", "D": "#009E73"}
COLORS |= {"E": "#CC79A7", "F": "#56B4E9", "G": "#000000", "H": "#A6A32B"}
LEGEND_LINE = 0.13  # inches
ALONE = 6  # points, of the dot of a run that has a single evaluation
CAPTION = (
    "One line a run: n = 1, no interval. Loss: mean since the last evaluation. AUC of the first "
    "binary task on the last day. Dotted: chance."
)


def draw(rows):
    """Loss above, AUC below: Figure of the rows of findings.comparison.frame."""
    loss, auc = [], []
    for letter, part in rows.groupby("run", sort=False):
        key = Key(letter, f"{letter}: {part['run_id'].iloc[0]}", COLORS[letter])
        dots = ALONE if len(part) == 1 else 0
        loss.append(Line(key, part["step"], part["loss"], key.name, dots=dots))
        auc.append(Line(key, part["step"], part["auc"], key.name, dots=dots))
    log = (rows["loss"] > 0).any()
    panels = [Panel(STEP, LOSS, loss, log=log), Panel(STEP, AUC, auc, level=CHANCE)]
    look = {"height": 3.2 + LEGEND_LINE * len(loss), "shared": {"sharex": True}}
    look |= {"legend": {"loc": "outside upper left", "ncols": 1}}
    return drawing.draw(drawing.Drawing(panels, 1, [], CAPTION, **look))

"""Figure 3: gradient descent on a quadratic, just below, at and above the rate 2 / alpha_*."""

import numpy as np
import pandas as pd

from experiments.findings import quadratic
from experiments.findings.figures import style
from experiments.findings.figures.drawing import Drawing, Key, Line, Panel, plot

MULTIPLES = (0.9, 1.0, 1.1)  # of 2 / alpha_*; the first and the last decide C28
SHOWN_STEPS = 20  # of the upper panels: more would leave the picture
COLOURS = (style.INDIGO, style.OLIVE, style.WINE)
HEIGHT = 1.1  # of the upper panels, in lengths of the start along each direction
CAPTION = (
    "Gradient descent on the quadratic with eigenvalues 20 and 1 from (1, 1), {steps} steps (the "
    "first {shown} in the upper row); one run a rate, deterministic: n = 1, no interval. "
    "2 / alpha = {edge:g}."
)


def frame():
    """One row a rate and step: rate, multiple, step, x, y, loss."""
    parts = []
    for multiple in MULTIPLES:
        rate = multiple * quadratic.edge()
        points = quadratic.descend(rate)
        columns = {"rate": rate, "multiple": multiple, "step": range(len(points))}
        columns |= {"x": points[:, 0], "y": points[:, 1], "loss": quadratic.loss(points)}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def drawing(rows):
    """A panel with the path of each rate, then the loss of all: Drawing of the rows of `frame`."""
    keys, panels, losses = [], [], []
    for (rate, path), colour in zip(rows.groupby("rate"), COLOURS, strict=True):
        key = Key(f"{rate:.6g}", f"rate {rate:.2g}", colour)
        shown = path[path["step"] <= SHOWN_STEPS]
        trail = Line(key, shown["x"], shown["y"], key.name, width=0.6, dots=2.5)
        axes = {"x": "along alpha = 20", "y": "along alpha = 1", "title": key.name}
        panels.append(Panel(lines=[trail], field=_contours(shown), **axes))
        losses.append(Line(key, path["step"], path["loss"], key.name))
        keys.append(key)
    panels.append(Panel("step", "loss", losses, log=True, title="loss of all three"))
    edge, steps = quadratic.edge(), int(rows["step"].max())
    text = CAPTION.format(steps=steps, shown=SHOWN_STEPS, edge=edge)
    return Drawing(panels, len(keys), keys, text)


def _contours(path):
    """(x, y, root of the loss) around a path."""
    reach = 1.1 * max(1.0, path["x"].abs().max())
    x, y = np.linspace(-reach, reach, 81), np.linspace(-HEIGHT, HEIGHT, 81)
    return x, y, np.sqrt(quadratic.loss(np.stack(np.meshgrid(x, y), axis=-1)))


def draw(rows):
    """Paths above, one panel a rate; the loss of all below, with the names of the lines."""
    *paths, loss = drawing(rows).panels
    with style.panels(2, len(paths), height=2.4) as (figure, axes):
        for axis, panel in zip(axes[0], paths, strict=True):
            plot(axis, panel)
            axis.set(xlim=panel.field[0][[0, -1]], ylim=(-HEIGHT, HEIGHT))
            axis.grid(visible=False)
        axes[0, 0].set_ylabel(paths[0].y)
        axes[0, 1].set_xlabel(paths[0].x)
        for axis in axes[1]:
            axis.remove()
        below = figure.add_subplot(axes[0, 0].get_gridspec()[1, :])
        plot(below, loss._replace(title=""))
        for key, steps, values, *_ in loss.lines:
            end = (steps.iloc[-1], values.iloc[-1])
            below.annotate(f" {key.name}", end, color=key.colour, va="center", fontsize=6)
        below.set(xlabel=loss.x, ylabel=loss.y, xlim=(None, 1.18 * rows["step"].max()))
    return figure

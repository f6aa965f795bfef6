"""Figure 3: gradient descent on a quadratic, just below, at and above the rate 2 / alpha_*."""

import numpy as np
import pandas as pd

from experiments.findings import quadratic
from experiments.findings.figures import style

MULTIPLES = (0.9, 1.0, 1.1)  # of 2 / alpha_*; the first and the last decide C28
SHOWN_STEPS = 20  # of the left panels: more would leave the picture
COLOURS = ("#0072B2", "#555555", "#D55E00")
CAPTION = (
    "Gradient descent on the quadratic with eigenvalues 20 and 1 from (1, 1), {steps} steps (the "
    "first {shown} in the upper row); one run a rate, deterministic: n = 1, no interval. "
    "2 / alpha = {edge:g}."
)


def frame(_=None):
    """One row a rate and step: rate, multiple, step, x, y, loss."""
    parts = []
    for multiple in MULTIPLES:
        rate = multiple * quadratic.edge()
        points = quadratic.descend(rate)
        columns = {"rate": rate, "multiple": multiple, "step": range(len(points))}
        columns |= {"x": points[:, 0], "y": points[:, 1], "loss": quadratic.loss(points)}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def draw(rows):
    """Paths above, one panel a rate; the loss of all below.

    Args:
      rows: from frame.
    Returns: Figure.
    """
    with style.sheet():
        figure, axes = style.panels(2, len(MULTIPLES), width=style.COLUMN, height=2.9)
        for axis, (rate, path), colour in zip(axes[0], rows.groupby("rate"), COLOURS, strict=True):
            plot_path(axis, path[path["step"] <= SHOWN_STEPS], colour)
            axis.set_title(f"rate {rate:.2g}")
        axes[0, 0].set_ylabel("along alpha = 1")
        axes[0, 1].set_xlabel("along alpha = 20")
        for axis in axes[1]:
            axis.remove()
        plot_loss(figure.add_subplot(axes[0, 0].get_gridspec()[1, :]), rows)
        style.caption(figure, caption(rows))
    return figure


def caption(rows):
    """What a reader must know, from the rows of frame."""
    steps = int(rows["step"].max())
    return CAPTION.format(steps=steps, shown=SHOWN_STEPS, edge=quadratic.edge())


def plot_path(axis, path, colour):
    """The points of one path over the contours of the loss."""
    reach = 1.1 * max(1.0, path["x"].abs().max())
    x, y = np.meshgrid(np.linspace(-reach, reach, 81), np.linspace(-1.1, 1.1, 81))
    heights = quadratic.loss(np.stack([x, y], axis=-1))
    axis.contour(x, y, np.sqrt(heights), levels=8, colors="#CCCCCC", linewidths=0.4)
    axis.plot(path["x"], path["y"], color=colour, marker=".", markersize=2.5, linewidth=0.6)
    axis.set(xlim=(-reach, reach), ylim=(-1.1, 1.1))
    axis.grid(visible=False)
    return axis


def plot_loss(axis, rows):
    """Loss against steps, one line a rate, on a log axis."""
    for (rate, path), colour in zip(rows.groupby("rate"), COLOURS, strict=True):
        axis.plot(path["step"], path["loss"], color=colour)
        last = path.iloc[-1]
        axis.annotate(
            f" rate {rate:.2g}", (last["step"], last["loss"]), color=colour, va="center", fontsize=6
        )
    axis.set(xlabel="step", ylabel="loss", yscale="log", xlim=(None, 1.18 * rows["step"].max()))
    return axis

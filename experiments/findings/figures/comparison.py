"""The picture of `make compare`: loss and AUC of some recorded runs."""

from experiments.findings.figures import style
from experiments.training.divergence import CHANCE

# Okabe and Ito's colours in an order in which neighbours differ in lightness, too.
COLORS = dict(
    zip(
        "ABCDEFGH",
        ("#D55E00", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#A6A32B"),
        strict=True,
    )
)
LEGEND_LINE = 0.13  # inches
CAPTION = (
    "One line a run: n = 1, no interval. Loss: mean since the last evaluation. AUC of the first "
    "binary task on the last day. Dotted: chance."
)


def draw(rows):
    """Loss above, AUC below.

    Args:
      rows: from findings.comparison.frame.
    Returns: Figure.
    """
    with style.sheet():
        height = 3.2 + LEGEND_LINE * rows["run"].nunique()
        figure, axes = style.panels(2, 1, width=style.COLUMN, height=height, sharex=True)
        plot_runs(axes[0, 0], rows, "loss").set(ylabel="training loss")
        if (rows["loss"] > 0).any():
            axes[0, 0].set_yscale("log")
        axis = plot_runs(axes[1, 0], rows, "auc")
        axis.set(xlabel="training step", ylabel="AUC on the last day")
        axis.axhline(CHANCE, color="#888888", linewidth=0.6, linestyle=":")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside upper left", ncols=1)
        style.caption(figure, CAPTION)
    return figure


def plot_runs(axis, rows, column):
    """One line a run, a dot where it has a single evaluation."""
    for letter, line in rows.groupby("run", sort=False):
        name = f"{letter}: {line['run_id'].iloc[0]}"
        marker = "." if len(line) == 1 else None
        axis.plot(line["step"], line[column], color=COLORS[letter], label=name, marker=marker)
    return axis

"""A figure as panels of lines, which print and the page of the report draw alike."""

from typing import Any, NamedTuple

from experiments.findings.figures import style
from experiments.findings.names import METHOD_NAMES

STEP, LOSS, AUC = "training step", "training loss", "AUC on the last day"
LETTER_SHIFT = {"a": -3, "b": 1, "c": 3}  # points, because a and b are neighbours


class Key(NamedTuple):
    """An entry of the legend: the group of lines it stands for, its name, colour and dash.

    The colour is #rrggbb; the dash is in the form that matplotlib takes.
    """

    group: str
    name: str
    colour: str
    dash: Any = "-"


class Line(NamedTuple):
    """One line of a panel.

    key: its Key. x, y: of its points. about: what the page says of the line at each point.
    low, high: ends of its band, or None. shade: opacity of the band. width: points in print.
    dots: whether each point is marked. opacity: of the line on the page.
    label: its name in the legend of a printed panel, where that is a formula.
    """

    key: Key
    x: Any
    y: Any
    about: str
    low: Any = None
    high: Any = None
    shade: float = 0.2
    width: float = 1.0
    dots: bool = False
    opacity: float = 1.0
    label: str | None = None


class Panel(NamedTuple):
    """One pair of axes.

    x, y: names of the axes. log: whether the y axis is logarithmic. marks: place of the vertical
    line of each moment, by its letter. level: height of a dotted horizontal line, or None.
    field: (x, y, heights) of contours below the lines, or None. legend: options of the printed
    legend that the panel has of its own, or None.
    """

    x: str
    y: str
    lines: list
    log: bool = False
    title: str = ""
    marks: dict = {}
    level: float | None = None
    field: tuple | None = None
    legend: dict | None = None


class Drawing(NamedTuple):
    """A whole figure.

    panels: row by row in so many columns. keys: of its legend on the page. caption: a text.
    width, height: inches in print. shared: sharex and sharey of Figure.subplots.
    legend: options of the printed legend above all panels, or None.
    """

    panels: list
    columns: int
    keys: list
    caption: str
    height: float = 0.0
    width: float = style.COLUMN
    shared: dict = {}
    legend: dict | None = None


def method_key(method):
    """The Key of a method, the same in every figure."""
    return Key(method, METHOD_NAMES[method], style.method_colour(method))


def draw(drawing):
    """The figure in print: Figure of a Drawing."""
    rows, size = -(-len(drawing.panels) // drawing.columns), (drawing.width, drawing.height)
    with style.sheet():
        figure, axes = style.panels(rows, drawing.columns, *size, **drawing.shared)
        for place, (axis, panel) in enumerate(zip(axes.flat, drawing.panels, strict=True)):
            row, column = divmod(place, drawing.columns)
            plot(axis, panel, named=row == 0)
            axis.set_xlabel(panel.x if row == rows - 1 else "")
            axis.set_ylabel("" if column and drawing.shared.get("sharey") else panel.y)
        if drawing.legend is not None:
            figure.legend(*axes[0, 0].get_legend_handles_labels(), **drawing.legend)
        style.caption(figure, drawing.caption)
    return figure


def plot(axis, panel, named=True):
    """Draws a panel on an axis without the names of the axes; `named` puts letters on marks."""
    if panel.field is not None:
        axis.contour(*panel.field, levels=8, colors="#CCCCCC", linewidths=0.4)
    for line in panel.lines:
        key, dots = line.key, {"marker": ".", "markersize": 2.5} if line.dots else {}
        if line.low is not None:
            ends = {"alpha": line.shade, "linewidth": 0, "color": key.colour}
            axis.fill_between(line.x, line.low, line.high, **ends)
        look = {"color": key.colour, "linestyle": key.dash, "linewidth": line.width, **dots}
        axis.plot(line.x, line.y, label=line.label or style.plain(key.name), **look)
    if panel.level is not None:
        axis.axhline(panel.level, color="#888888", linewidth=0.6, linestyle=":")
    for letter, place in panel.marks.items():
        axis.axvline(place, color="#000000", linewidth=0.6, linestyle=style.MOMENTS[letter])
        if named:
            above = {"xytext": (LETTER_SHIFT[letter], 1), "textcoords": "offset points"}
            above |= {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
            axis.annotate(letter, (place, 1.0), fontsize=6, **above)
    axis.set_title(style.plain(panel.title))
    if panel.log:
        axis.set_yscale("log")
    if panel.legend is not None:
        axis.legend(**panel.legend)

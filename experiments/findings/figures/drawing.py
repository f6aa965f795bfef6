"""A figure as panels of lines, which print and the page of the report draw alike."""

from typing import Any, NamedTuple

from experiments.findings.figures import style
from experiments.findings.names import METHOD_NAMES

STEP, LOSS, AUC = "training step", "training loss", "AUC on the last day"
SHADE = "#E9E9E9"
LETTER_SHIFT = {"a": -3, "b": 1, "c": 3}  # points, because a and b are neighbours


class Key(NamedTuple):
    """An entry of the legend."""

    group: str  # of the lines that it stands for
    name: str
    colour: str  # "#rrggbb"
    dash: Any = "-"  # as matplotlib takes it


class Line(NamedTuple):
    """One line of a panel."""

    key: Key
    x: Any
    y: Any
    about: str  # what the page says of the line at each point; "" for nothing
    low: Any = None  # the lower end of its band, at each point
    high: Any = None
    shade: float = 0.2  # opacity of the band
    width: float = 1.0  # points, in print
    dots: float = 0  # size of the mark of each point in print, in points; 0 marks none
    opacity: float = 1.0  # of the line on the page
    label: str | None = None  # in the legend of a printed panel, where that is a formula


class Panel(NamedTuple):
    """One pair of axes."""

    x: str  # name of the axis
    y: str
    lines: list
    log: bool = False  # whether the y axis is logarithmic
    title: str = ""  # one line or several
    marks: dict = {}  # place of the vertical line of each moment, by its letter
    level: float | None = None  # height of a dotted horizontal line
    shaded: tuple = ()  # (first, last) place on the x axis of each stretch that is shaded
    limits: tuple | None = None  # ends of the y axis, if that is linear
    field: tuple | None = None  # (x, y, heights) of contours below the lines
    legend: dict | None = None  # options of the printed legend that the panel has of its own


class Drawing(NamedTuple):
    """A whole figure."""

    panels: list  # row by row
    columns: int
    keys: list  # of the legend on the page
    caption: str
    height: float = 0.0  # inches, in print
    width: float = style.COLUMN
    shared: dict = {}  # sharex and sharey of Figure.subplots
    legend: dict | None = None  # options of the printed legend above all panels


def method_key(method):
    """The Key of a method, the same in every figure."""
    return Key(method, METHOD_NAMES[method], style.method_colour(method))


def draw(drawing):
    """The figure in print: Figure of a Drawing."""
    rows = -(-len(drawing.panels) // drawing.columns)
    size = {"height": drawing.height, "width": drawing.width, "caption": drawing.caption}
    with style.panels(rows, drawing.columns, **size, **drawing.shared) as (figure, axes):
        for place, (axis, panel) in enumerate(zip(axes.flat, drawing.panels, strict=True)):
            row, column = divmod(place, drawing.columns)
            plot(axis, panel, named=row == 0)
            axis.set_xlabel(panel.x if row == rows - 1 else "")
            axis.set_ylabel("" if column and drawing.shared.get("sharey") else panel.y)
        if drawing.legend is not None:
            lines, names = axes[0, 0].get_legend_handles_labels()
            named = dict(zip(names, lines, strict=True))  # lines of one key are named once
            figure.legend(named.values(), named.keys(), **drawing.legend)
    return figure


def plot(axis, panel, named=True):
    """Draws a panel on an axis without the names of the axes; `named` puts letters on marks."""
    if panel.field is not None:
        axis.contour(*panel.field, levels=8, colors="#CCCCCC", linewidths=0.4)
    for first, last in panel.shaded:
        axis.axvspan(first, last, color=SHADE, linewidth=0, zorder=0)
    for line in panel.lines:
        key, dots = line.key, {"marker": ".", "markersize": line.dots} if line.dots else {}
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
    if panel.limits is not None:
        axis.set_ylim(*panel.limits)
    if panel.log:
        axis.set_yscale("log")
    if panel.legend is not None:
        axis.legend(**panel.legend)

"""A figure as panels of lines, which print and the page of the report draw alike."""

from typing import Any, NamedTuple

from experiments.findings.figures import style
from experiments.findings.names import METHOD_NAMES

STEP, LOSS, AUC = "training step", "training loss", "AUC on the last day"
RATE = "rate, multiples of 1x"
LEGEND_LINE = 0.13  # inches
SHADE = "#E9E9E9"
LETTER_SHIFT = {"a": -3, "b": 1, "c": 3}  # points, because a and b are neighbours
LETTERS_HIGH = 10  # points between a title and a panel that has letters
TICKS_ACROSS = 4  # more than these are slanted
STROKE = {"marker": [(-1, -0.6), (1, 0.6)], "markersize": 6, "color": "k", "linestyle": "none"}
STROKE |= {"markeredgewidth": 0.6, "clip_on": False}  # of a broken axis


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
    label: str | None = None  # in the printed legend, where that has a formula


class Panel(NamedTuple):
    """One pair of axes."""

    x: str  # name of the axis
    y: str
    lines: list
    log: bool = False  # whether the y axis is logarithmic
    title: str = ""  # one line or several; where rows have axes of their own, printed once a column
    marks: dict = {}  # place of the vertical line of each moment, by its letter
    level: float | None = None  # height of a dotted horizontal line
    shaded: tuple = ()  # (first, last) place on the x axis of each stretch that is shaded
    limits: tuple | None = None  # ends of the y axis, if that is linear
    field: tuple | None = None  # (x, y, heights) of contours below the lines
    ticks: tuple = ()  # what is named on the x axis, which is logarithmic then
    notes: tuple = ()  # (x, y, text) beside and above a point; the y axis is linear
    continues: bool = False  # whether it is the lower part of the panel above it


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
    size = {"height": drawing.height, "width": drawing.width}
    with style.panels(rows, drawing.columns, **size, **drawing.shared) as (figure, axes):
        below = [panel.x for panel in drawing.panels[drawing.columns :]]
        by_row = drawing.shared.get("sharey") == "row"  # each row shows its own of one subject
        for place, (axis, panel) in enumerate(zip(axes.flat, drawing.panels, strict=False)):
            row, column = divmod(place, drawing.columns)
            above = drawing.panels[place - drawing.columns] if row else None
            if above and by_row and panel.title == above.title:
                panel = panel._replace(title="")
            plot(axis, panel, named=row == 0)
            axis.set_xlabel("" if below[place : place + 1] == [panel.x] else panel.x)
            axis.set_ylabel("" if column and drawing.shared.get("sharey") else panel.y)
            if panel.continues:
                _join(axes[row - 1, column], axis)
        for axis in axes.flat[len(drawing.panels) :]:
            axis.remove()
        if drawing.legend is not None:
            named = {}  # lines of one key are named once
            for axis in figure.axes:
                lines, names = axis.get_legend_handles_labels()
                named |= dict(zip(names, lines, strict=True))
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
    for x, y, text in panel.notes:
        beside = {"xytext": (-3, 2), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        axis.annotate(text, (x, y), fontsize=6, **beside)
    letters = panel.marks and named
    axis.set_title(style.plain(panel.title), pad=LETTERS_HIGH if letters else None)
    if panel.limits is not None:
        axis.set_ylim(*panel.limits)
    if panel.log:
        axis.set_yscale("log")
    if panel.ticks:
        axis.set_xscale("log")
        rotation = 45 if len(panel.ticks) > TICKS_ACROSS else 0
        axis.set_xticks(panel.ticks, [f"{each:g}" for each in panel.ticks], rotation=rotation)
        axis.minorticks_off()


def _join(above, below):
    """Makes one broken axis of those of two panels: strokes where the scale changes."""
    above.spines.bottom.set_visible(False)
    above.tick_params(bottom=False)
    below.set_ylabel("")
    for axis, end in ((above, 0), (below, 1)):
        axis.plot([0], [end], transform=axis.transAxes, **STROKE)

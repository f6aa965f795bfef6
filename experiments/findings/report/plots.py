"""Parts of an interactive figure: plain dicts as plotly takes them, laid out for two widths."""

import math
from html import escape
from typing import NamedTuple

from experiments.findings.report.numbers import shorts

DASHES = {":": "dot", "-": "solid", "--": "dash"}  # matplotlib's names, plotly's
GREY = "#808080"  # of what carries no meaning: readable on light and dark
PANEL_PX, FOOT_PX, HEAD_PX = 230, 55, 42  # heights of a panel, of its x axis and of its title
FEW_DECADES = 3  # of a log axis
LETTER_PX = 14  # height of the letter of a mark
WIDE_GAP = 0.09  # between columns, as a share of the width
NARROW_ROOM = 1  # columns on a phone


class Panel(NamedTuple):
    """One pair of axes.

    traces: from `line`, `band` and the like. log: of the y axis. marks: vertical lines, their
    letter by place; level: a horizontal dotted line, or None.
    """

    title: str
    x: str
    y: str
    traces: list
    log: bool = False
    marks: dict = {}
    level: float | None = None


class Key(NamedTuple):
    """An entry of the legend: the group of traces that it switches, its name, colour and dash."""

    group: str
    name: str
    colour: str
    dash: str = "solid"


def dash(printed):
    """A dash of matplotlib, "--" or (0, (4, 1)), as one of plotly."""
    if isinstance(printed, str):
        return DASHES[printed]
    return ",".join(f"{2 * length}px" for length in printed[1])


def line(key, x, y, hover, *, width=2, opacity=1.0, mode="lines"):
    """A line of the group of a Key; `hover` is a plotly template."""
    return {
        "type": "scatter",
        "mode": mode,
        "meta": key.group,
        "x": shorts(x),
        "y": shorts(y),
        "line": {"color": key.colour, "width": width, "dash": key.dash},
        "marker": {"color": key.colour, "size": 5},
        "opacity": opacity,
        "hovertemplate": hover + "<extra></extra>",
    }


def band(key, x, low, high):
    """The area between two lines, where both are known."""
    known = [
        ends
        for ends in zip(shorts(x), shorts(low), shorts(high), strict=True)
        if all(end is not None for end in ends)
    ]
    back = known[::-1]
    return {
        "type": "scatter",
        "mode": "none",
        "meta": key.group,
        "x": [step for step, _, _ in known] + [step for step, _, _ in back],
        "y": [end for _, end, _ in known] + [end for _, _, end in back],
        "fill": "toself",
        "fillcolor": key.colour,
        "opacity": 0.18,
        "hoverinfo": "skip",
    }


def said(text):
    """A text that plotly will print as it stands."""
    return escape(str(text), quote=False).replace("%{", "%&#123;")


def figure(panels, columns, legend=()):
    """The whole figure: dict of data, legend, and a layout each for wide and narrow screens.

    Args:
      panels: Panels, row by row.
      columns: on a wide screen.
      legend: Keys.
    """
    data = [
        trace | {"xaxis": _axis("x", number), "yaxis": _axis("y", number)}
        for number, panel in enumerate(panels, start=1)
        for trace in panel.traces
    ]
    return {
        "data": data,
        "legend": [key._asdict() for key in legend],
        "wide": layout(panels, columns),
        "narrow": layout(panels, min(columns, NARROW_ROOM)),
    }


def layout(panels, columns):
    """A plotly layout of panels in a grid of so many columns."""
    rows = -(-len(panels) // columns)
    cell = HEAD_PX + PANEL_PX + FOOT_PX
    found = {
        "height": rows * cell,
        "margin": {"l": 62, "r": 12, "t": 0, "b": 0},
        "showlegend": False,
        "hovermode": "closest",
        "shapes": [],
        "annotations": [],
    }
    width = (1 - WIDE_GAP * (columns - 1)) / columns
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        left = column * (width + WIDE_GAP)
        top = 1 - (row * cell + HEAD_PX) / (rows * cell)
        place = {
            "x": [left, min(1.0, left + width)],
            "y": [max(0.0, top - PANEL_PX / (rows * cell)), top],
        }
        _place(found, panel, index + 1, place)
    return found


def _axis(letter, number):
    return letter if number == 1 else f"{letter}{number}"


def _decades(traces):
    """Powers of ten between the smallest and the largest positive value; inf without any."""
    values = [y for trace in traces for y in trace["y"] if y is not None and y > 0]
    return math.log10(max(values) / min(values)) if values else math.inf


def _place(found, panel, number, place):
    """Adds the axes, title and lines of one panel."""
    x, y = _axis("x", number), _axis("y", number)
    name = "" if number == 1 else str(number)
    found[f"xaxis{name}"] = {"domain": place["x"], "anchor": y, "title": {"text": panel.x}}
    found[f"yaxis{name}"] = {
        "domain": place["y"],
        "anchor": x,
        "title": {"text": panel.y},
        "type": "log" if panel.log else "linear",
        "exponentformat": "power",
    }
    if panel.log and _decades(panel.traces) < FEW_DECADES:
        found[f"yaxis{name}"]["dtick"] = "D2"  # 1, 2 and 5: all nine digits would overlap
    if panel.title:
        above = {"x": place["x"][0], "y": place["y"][1], "xref": "paper", "yref": "paper"}
        above |= {"xanchor": "left", "yanchor": "bottom", "showarrow": False}
        # The letters of marks stand between the title and the panel.
        found["annotations"].append(
            above | {"text": panel.title, "yshift": LETTER_PX if panel.marks else 0}
        )
    for at, (letter, dash) in panel.marks.items():
        where = {"xref": x, "yref": f"{y} domain"}
        found["shapes"].append(
            where
            | {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1}
            | {"line": {"color": GREY, "width": 1, "dash": dash}}
        )
        shift = {"a": -8, "b": 0, "c": 8}.get(letter, 0)
        found["annotations"].append(
            where
            | {"text": letter, "x": at, "y": 1, "yanchor": "bottom", "showarrow": False}
            | {"xshift": shift}
        )
    if panel.level is not None:
        found["shapes"].append(
            {"type": "line", "xref": f"{x} domain", "yref": y, "x0": 0, "x1": 1}
            | {"y0": panel.level, "y1": panel.level}
            | {"line": {"color": GREY, "width": 1, "dash": "dot"}}
        )

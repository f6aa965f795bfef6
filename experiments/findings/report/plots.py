"""A drawing as plotly takes it: plain dicts of traces, and a layout each for two widths."""

import math
from html import escape

GREY = "#808080"  # of what carries no meaning: readable on light and dark
DASHES = {":": "dot", "-": "solid", "--": "dash"}  # matplotlib's names, plotly's
DIGITS = 6  # significant, of what is plotted
PANEL_PX, FOOT_PX, HEAD_PX = 230, 55, 42  # heights of a panel, of its x axis and of its title
FEW_DECADES = 3  # of a log axis
LETTER_PX = 14  # height of the letter of a mark
LETTER_SHIFT = {"a": -8, "b": 0, "c": 8}  # pixels, because a and b are neighbours
WIDE_GAP = 0.09  # between columns, as a share of the width
BAND_OPACITY = 0.18
PLAIN = "<extra></extra>"  # a hover text without the box of the trace's name
PX_PER_POINT = 2  # width of a line on the page over that in print


def short(value, digits=DIGITS):
    """A number with so many significant digits; None for one that is not finite.

    A whole number comes back as an int, which JSON writes shorter.
    """
    if value is None or not math.isfinite(value):
        return None
    value = float(f"{value:.{digits}g}")
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def shorts(values, digits=DIGITS):
    """A list of short numbers."""
    return [short(value, digits) for value in values]


def said(text):
    """A text that plotly prints as it stands."""
    return escape(str(text), quote=False).replace("%{", "%&#123;")


def figure(drawing):
    """The whole figure: dict of data, legend, and a layout each for wide and narrow screens.

    Args:
      drawing: figures.drawing.Drawing.
    """
    data = []
    for number, panel in enumerate(drawing.panels, start=1):
        axes = {"xaxis": _axis("x", number), "yaxis": _axis("y", number)}
        data += [trace | axes for trace in _traces(panel)]
    return {
        "data": data,
        "legend": [key._asdict() | {"dash": _dash(key.dash)} for key in drawing.keys],
        "wide": layout(drawing.panels, drawing.columns),
        "narrow": layout(drawing.panels, 1),
    }


def _dash(printed):
    """A dash of matplotlib, "--" or (0, (4, 1)), as one of plotly."""
    if isinstance(printed, str):
        return DASHES[printed]
    return ",".join(f"{2 * length}px" for length in printed[1])


def _traces(panel):
    """The contours of a panel, then each line above its band."""
    found = []
    if panel.field is not None:
        found.append(_contours(panel))
    for line in panel.lines:
        if line.low is not None:
            found.append(band(line))
        found.append(_trace(line, panel))
    return found


def _trace(line, panel):
    key = line.key
    return {
        "type": "scatter",
        "mode": "lines+markers" if line.dots else "lines",
        "meta": key.group,
        "x": shorts(line.x),
        "y": shorts(line.y),
        "line": {"color": key.colour, "width": PX_PER_POINT * line.width, "dash": _dash(key.dash)},
        "marker": {"color": key.colour, "size": 5},
        "opacity": line.opacity,
        "hovertemplate": f"{said(line.about)}<br>{panel.x} %{{x}}<br>{panel.y} %{{y:.4g}}" + PLAIN,
    }


def band(line):
    """The area between the two ends of a line, where both are known."""
    ends = zip(shorts(line.x), shorts(line.low), shorts(line.high), strict=True)
    known = [end for end in ends if None not in end]
    x, low, high = map(list, zip(*known, strict=True)) if known else ([], [], [])
    return {
        "type": "scatter",
        "mode": "none",
        "meta": line.key.group,
        "x": x + x[::-1],
        "y": high + low[::-1],
        "fill": "toself",
        "fillcolor": line.key.colour,
        "opacity": BAND_OPACITY,
        "hoverinfo": "skip",
    }


def _contours(panel):
    """Lines of equal height, from every other point of the field of a panel with one line."""
    x, y, heights = panel.field
    return {
        "type": "contour",
        "meta": panel.lines[0].key.group,
        "x": shorts(x[::2], 4),
        "y": shorts(y[::2], 4),
        "z": [shorts(row, 4) for row in heights[::2, ::2]],
        "contours": {"coloring": "none"},
        "line": {"color": GREY, "width": 0.5},
        "showscale": False,
        "hoverinfo": "skip",
    }


def layout(panels, columns):
    """A plotly layout of panels in a grid of so many columns."""
    rows, cell = -(-len(panels) // columns), HEAD_PX + PANEL_PX + FOOT_PX
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
        left, top = column * (width + WIDE_GAP), 1 - (row * cell + HEAD_PX) / (rows * cell)
        across = [left, min(1.0, left + width)]
        up = [max(0.0, top - PANEL_PX / (rows * cell)), top]
        _place(found, panel, index + 1, across, up)
    return found


def _axis(letter, number):
    return letter if number == 1 else f"{letter}{number}"


def _decades(panel):
    """Powers of ten between the smallest and the largest positive value; inf without any."""
    values = [y for line in panel.lines for y in shorts(line.y) if y is not None and y > 0]
    return math.log10(max(values) / min(values)) if values else math.inf


def _place(found, panel, number, across, up):
    """Adds the axes, title and lines of one panel, whose domains are `across` and `up`."""
    x, y = _axis("x", number), _axis("y", number)
    name = "" if number == 1 else str(number)
    found[f"xaxis{name}"] = {"domain": across, "anchor": y, "title": {"text": panel.x}}
    vertical = {"domain": up, "anchor": x, "title": {"text": panel.y}}
    vertical |= {"type": "log" if panel.log else "linear", "exponentformat": "power"}
    if panel.log and _decades(panel) < FEW_DECADES:
        vertical["dtick"] = "D2"  # 1, 2 and 5: all nine digits would overlap
    found[f"yaxis{name}"] = vertical
    text = {"yanchor": "bottom", "showarrow": False}
    if panel.title:
        corner = {"x": across[0], "y": up[1], "xref": "paper", "yref": "paper", "xanchor": "left"}
        # The letters of marks stand between the title and the panel.
        shift = {"yshift": LETTER_PX if panel.marks else 0}
        found["annotations"].append(text | corner | shift | {"text": said(panel.title)})
    rule = {"type": "line", "line": {"color": GREY, "width": 1, "dash": "dot"}}
    for letter, at in panel.marks.items():
        where = {"xref": x, "yref": f"{y} domain"}
        found["shapes"].append(where | rule | {"x0": at, "x1": at, "y0": 0, "y1": 1})
        beside = {"text": letter, "x": at, "y": 1, "xshift": LETTER_SHIFT[letter]}
        found["annotations"].append(where | text | beside)
    if panel.level is not None:
        ends = {"x0": 0, "x1": 1, "y0": panel.level, "y1": panel.level}
        found["shapes"].append(rule | ends | {"xref": f"{x} domain", "yref": y})

"""A drawing as plotly takes it: plain dicts of traces, and a layout each for two widths."""

import math
from html import escape

from plotly.subplots import make_subplots

GREY = "#808080"  # of what carries no meaning: readable on light and dark
DASHES = {":": "dot", "-": "solid", "--": "dash"}  # matplotlib's names, plotly's
DIGITS = 6  # significant, of what is plotted
PANEL_PX, FOOT_PX, HEAD_PX = 230, 55, 42  # heights of a panel, of its x axis and of its title
FEW_DECADES = 3  # of a log axis
LETTER_PX = 14  # height of the letter of a mark
LETTER_SHIFT = {"a": -8, "b": 0, "c": 8}  # pixels, because a and b are neighbours
WIDE_GAP = 0.09  # between columns, as a share of the width
BAND_OPACITY, SHADE_OPACITY = 0.18, 0.2
PLAIN = "<extra></extra>"  # a hover text without the box of the trace's name
PX_PER_POINT = 2  # width of a line on the page over that in print


def short(value, digits=DIGITS):
    """A number of so many digits, an int if whole, shorter in JSON; None if not finite."""
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
    """A whole Drawing: dict of data, legend, and a layout each for wide and narrow screens."""
    data = []
    for number, panel in enumerate(drawing.panels, start=1):
        at = "" if number == 1 else number
        axes = {"xaxis": f"x{at}", "yaxis": f"y{at}"}
        traces = [] if panel.field is None else [_contours(panel)]  # below the lines
        for line in panel.lines:
            traces += [] if line.low is None else [band(line)]
            traces.append(_trace(line, panel))
        data += [trace | axes for trace in traces]
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


def _trace(line, panel):
    key = line.key
    hover = {"hoverinfo": "skip"}
    if line.about:
        told = f"{said(line.about)}<br>{panel.x} %{{x}}<br>{panel.y} %{{y:.4g}}{PLAIN}"
        hover = {"hovertemplate": told}
    return {
        "type": "scatter",
        "mode": "lines+markers" if line.dots else "lines",
        "meta": key.group,
        "x": shorts(line.x),
        "y": shorts(line.y),
        "line": {"color": key.colour, "width": PX_PER_POINT * line.width, "dash": _dash(key.dash)},
        "marker": {"color": key.colour, "size": 5},
        "opacity": line.opacity,
        **hover,
    }


def band(line):
    """The area between the two ends of a line, where both are known."""
    ends = zip(shorts(line.x), shorts(line.low), shorts(line.high), strict=True)
    known = [end for end in ends if None not in end]
    back = known[::-1]
    return {
        "type": "scatter",
        "mode": "none",
        "meta": line.key.group,
        "x": [x for x, _, _ in known + back],
        "y": [high for _, _, high in known] + [low for _, low, _ in back],
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
    between = (HEAD_PX + FOOT_PX) / (rows * cell - HEAD_PX - FOOT_PX)
    cells = [[{}] * min(columns, len(panels) - row * columns) for row in range(rows)]
    cells[-1] += [None] * (columns - len(cells[-1]))
    grid = make_subplots(
        rows, columns, specs=cells, horizontal_spacing=WIDE_GAP, vertical_spacing=between
    )
    margin = {"l": 62, "r": 12, "t": HEAD_PX, "b": FOOT_PX}
    grid.update_layout(template=None, height=rows * cell, margin=margin, showlegend=False)
    grid.update_layout(hovermode="closest")
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        _place(grid, panel, {"row": row + 1, "col": column + 1})
    return grid.to_plotly_json()["layout"]


def _place(grid, panel, at):
    """Gives the axes of one panel, whose row and column are `at`, their names, title and lines."""
    vertical = {"type": "log" if panel.log else "linear", "exponentformat": "power"}
    if panel.log and _decades(panel) < FEW_DECADES:
        vertical["dtick"] = "D2"  # 1, 2 and 5: all nine digits would overlap
    if panel.limits is not None:
        vertical["range"] = list(panel.limits)
    grid.update_xaxes(title_text=panel.x, **at)
    if panel.ticks:
        named = {"tickvals": list(panel.ticks), "ticktext": [f"{each:g}" for each in panel.ticks]}
        grid.update_xaxes(type="log", **named, **at)
    grid.update_yaxes(title_text=panel.y, **vertical, **at)
    text = {"yanchor": "bottom", "showarrow": False}
    if panel.title:
        corner = {"x": 0, "y": 1, "xref": "x domain", "yref": "y domain", "xanchor": "left"}
        # The letters of marks stand between the title and the panel.
        shift = LETTER_PX if panel.marks else 0
        title = {"text": said(panel.title).replace("\n", "<br>"), "align": "left"}
        grid.add_annotation(yshift=shift, **title, **corner, **text, **at)
    for x, y, note in panel.notes:
        beside = {"x": short(x), "y": short(y), "xanchor": "right"}
        grid.add_annotation(text=said(note), **beside, **text, **at)
    for first, last in panel.shaded:
        look = {"fillcolor": GREY, "opacity": SHADE_OPACITY, "line_width": 0, "layer": "below"}
        grid.add_vrect(first, last, **look, exclude_empty_subplots=False, **at)
    rule = {"color": GREY, "width": 1, "dash": "dot"}
    for letter, x in panel.marks.items():
        grid.add_vline(x, line=rule, exclude_empty_subplots=False, **at)
        above = {"x": x, "y": 1, "yref": "y domain", "xshift": LETTER_SHIFT[letter]}
        grid.add_annotation(text=letter, **above, **text, **at)
    if panel.level is not None:
        grid.add_hline(panel.level, line=rule, exclude_empty_subplots=False, **at)


def _decades(panel):
    """Powers of ten between the smallest and the largest positive value; inf without any."""
    values = [y for line in panel.lines for y in shorts(line.y) if y is not None and y > 0]
    return math.log10(max(values) / min(values)) if values else math.inf

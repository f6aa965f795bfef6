"""Rows for a person's terminal."""

from rich.table import Table
from rich.text import Text

# What a narrow terminal shows first. An id begins with model and method, a label implies a status.
FIRST = ("id", "name", "label", "status", "runs", "auc", "multiple", "seed", "threshold", "rmse")
FIRST += ("data_seed", "wall_s", "rate", "full", "micro", "recorded", "model", "method")
LEFT = ("id", "name", "model", "method", "threshold", "status", "label")
FORMATS = {"auc": ".4f", "rmse": ".4f", "wall_s": ".0f", "rate": ".6g", "multiple": ".3g"}
GAP = 2  # ours: letters between two columns


def table(columns, rows, width, color_of):
    """A rich Table of the columns that fit into `width` letters, those of FIRST before others."""
    cells = {name: [shown(name, row[name]) or "-" for row in rows] for name in columns}
    needed = {name: max(map(len, [name, *cells[name]])) for name in columns}
    kept, used = set(), -GAP
    for name in sorted(columns, key=FIRST.index):
        if used + GAP + needed[name] <= width or not kept:
            kept.add(name)
            used += GAP + needed[name]
    found, texts = plain_table(), []
    for name in (name for name in columns if name in kept):
        found.add_column(name, no_wrap=True, justify="left" if name in LEFT else "right")
        labels = set(cells[name]) - {"-"} if name == "label" else ()
        colors = [color_of(cell) if cell in labels else "" for cell in cells[name]]
        texts.append(map(Text, cells[name], colors))
    for row in zip(*texts, strict=True):
        found.add_row(*row)
    return found


def plain_table():
    """An empty rich Table without lines."""
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")


def shown(name, value):
    """The cell of a column as text; None and NaN are ""."""
    if value is None or value != value:
        return ""
    return f"{value:{FORMATS.get(name, '')}}" + "x" * (name == "multiple")

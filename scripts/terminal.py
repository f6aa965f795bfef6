"""Rows for a person's terminal, or for grep and cut."""

import csv

from rich.table import Table
from rich.text import Text

# What a narrow terminal shows first. An id begins with model and method, a label implies a status.
FIRST = ("id", "name", "label", "status", "runs", "auc", "multiple", "seed", "threshold", "rmse")
FIRST += ("data_seed", "wall_s", "rate", "full", "micro", "recorded", "model", "method")
LEFT = ("id", "name", "model", "method", "threshold", "status", "label")
FORMATS = {"auc": ".4f", "rmse": ".4f", "wall_s": ".0f", "rate": ".6g", "multiple": ".3g"}
GAP = 2  # ours: letters between two columns


def write_lines(kind, columns, rows, file):
    """Writes a header and one line a row, separated by tabs, each beginning with `kind`."""
    writer = csv.writer(file, delimiter="\t", lineterminator="\n")
    writer.writerow([kind, *columns])
    writer.writerows([kind, *(shown(name, row[name]) for name in columns)] for row in rows)


def table(columns, rows, width, color_of):
    """A rich Table of the columns that fit into `width` letters, those of FIRST before the others.

    `rows` are dicts; `color_of` gives the colour of a label.
    """
    cells = {name: [shown(name, row[name]) or "-" for row in rows] for name in columns}
    needed = {name: max(map(len, [name, *cells[name]])) for name in columns}
    kept, used = set(), -GAP
    for name in sorted(columns, key=FIRST.index):
        if used + GAP + needed[name] <= width or not kept:
            kept.add(name)
            used += GAP + needed[name]
    kept = [name for name in columns if name in kept]
    found = plain_table()
    for name in kept:
        found.add_column(name, no_wrap=True, justify="left" if name in LEFT else "right")
    for texts in zip(*(cells[name] for name in kept), strict=True):
        colors = [
            color_of(text) if name == "label" and text != "-" else ""
            for name, text in zip(kept, texts, strict=True)
        ]
        found.add_row(*map(Text, texts, colors))
    return found


def plain_table():
    """An empty rich Table without lines."""
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")


def shown(name, value):
    """The cell of a column as text; None and NaN are ""."""
    if value is None or value != value:
        return ""
    return f"{value:{FORMATS.get(name, '')}}" + "x" * (name == "multiple")

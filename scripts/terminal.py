"""Rows and pages for a person's terminal."""

import itertools
import pathlib
import re

from rich.console import Console
from rich.table import Table
from rich.text import Text

# What a narrow terminal shows first. An id begins with model and method, a label implies a status.
FIRST = ("id", "name", "label", "status", "runs", "auc", "multiple", "seed", "threshold", "rmse")
FIRST += ("data_seed", "wall_s", "rate", "full", "micro", "recorded", "model", "method")
LEFT = ("id", "name", "model", "method", "threshold", "status", "label")
FORMATS = {"auc": ".4f", "rmse": ".4f", "wall_s": ".0f", "rate": ".6g", "multiple": ".3g"}
GAP = 2  # ours: letters between two columns
# The same of the page of a study and of Table 2's rates; other tables have no order.
PAGE_FIRST = ("Case", "Fully diverged", "AUC", "Diverged", "Threshold", "AUC gap", "Against")
PAGE_FIRST += ("Micro-diverged", "RMSE", "RMSE gap", "Damaged", "95 % interval", "Rate", "Method")
PAGE_FIRST += ("Other labels", "Model", "Untrained")
SETTING = ("Model", "Method", "Rate")  # what a row is about where it has no case


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


def show(text, written, console=None):
    """Prints a page of markdown, and where it was written.

    A terminal gets tables that fit it, anything else whole lines, cells separated by tabs.
    `written` is a path, or the same for several endings, as "table2.{csv,md}".
    """
    console = console or Console()
    lines = text.strip().splitlines()
    for is_table, block in itertools.groupby(lines, lambda line: line.startswith("|")):
        if is_table:
            header, _, *rows = (line[2:-2].split(" | ") for line in block)
            (_print_table if console.is_terminal else _write_lines)(console, header, rows)
        for line in () if is_table else block:
            style = "bold" if line.startswith("#") else ""
            console.print(Text(line.lstrip("# "), style), soft_wrap=not console.is_terminal)
    where = pathlib.Path(written)
    if where.is_relative_to(pathlib.Path.cwd()):
        where = where.relative_to(pathlib.Path.cwd())
    console.print(f"written to {where}", markup=False, highlight=False, soft_wrap=True)


def _write_lines(console, header, rows):
    for row in (header, *rows):
        console.file.write("\t".join(_words(cell, " ") for cell in row) + "\n")


def _print_table(console, header, rows):
    """A table that fits; what it leaves out is said below.

    Cells are cut between words where they must be, and numbers from their deviations last. Where
    columns have an order, some are left out before that.
    """
    columns = {
        name: [Text(_words(cell, "\n"), "underline" if "<u>" in cell else "") for cell in cells]
        for name, *cells in zip(header, *rows, strict=True)
    }
    said, left_out = "", []
    cuts = [str.splitlines, _but_numbers, *[str.split] * (not set(header) <= set(PAGE_FIRST))]
    if _room(columns, cuts[0]) > console.width and len(rows) > 1:
        alike = [name for name, cells in columns.items() if len({*map(str, cells)}) == 1]
        said = ", ".join(f"{name} {columns.pop(name)[0]}" for name in alike)
    while _room(columns, cuts[-1]) > console.width and len(columns) > 1:
        left_out.append(max(reversed(columns), key=lambda name: _place(name, header)))
        del columns[left_out[-1]]
    table, widths = plain_table(), _widths(columns, cuts, console.width)
    for name, width in zip(columns, widths, strict=True):
        table.add_column(name, width=width)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    console.print(table)
    if said:
        console.print(Text(f"All rows: {said}"))
    if left_out:
        console.print(Text(f"Too wide to be shown: {', '.join(left_out)}"))


def _place(name, header):
    if name in SETTING and "Case" not in header:
        return -1
    return PAGE_FIRST.index(name) if name in PAGE_FIRST else 0


def _letters(columns, cut):
    """The longest part of each column, if its cells are parted where `cut` does."""
    cells = ([name, *map(str, texts)] for name, texts in columns.items())
    return [max(len(part) for cell in column for part in cut(cell) or [""]) for column in cells]


def _room(columns, cut):
    return sum(_letters(columns, cut)) + GAP * (len(columns) - 1)


def _but_numbers(cell):
    """The words of a cell, those of a number with its deviation and of an interval not parted."""
    return re.split(r"(?<!±)\s+(?!±|[^\[]*\])", cell)


def _widths(columns, cuts, room):
    """Letters for each column, cut no more than must be: first where that saves most."""
    most, *others = (_letters(columns, cut) for cut in cuts)
    widths, room = list(most), room - GAP * (len(columns) - 1)
    for less in others:
        for place in sorted(range(len(widths)), key=lambda at: less[at] - widths[at]):
            if sum(widths) > room:
                widths[place] = less[place]
    for _ in range(room - sum(widths)):
        widest = max(range(len(widths)), key=lambda place: most[place] / widths[place])
        widths[widest] += most[widest] > widths[widest]
    return widths


def _words(cell, newline):
    """A cell of a page without what marks it up."""
    return re.sub(r"</?u>|[*`]", "", cell.replace("<br>", newline))


def plain_table():
    """An empty rich Table without lines."""
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")


def shown(name, value):
    """The cell of a column as text; None and NaN are ""."""
    if value is None or value != value:
        return ""
    return f"{value:{FORMATS.get(name, '')}}" + "x" * (name == "multiple")

"""One style sheet for all figures: sizes, colours, captions, files."""

import io
import logging
import textwrap

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.machinery.records.files import check_folder, write_whole

# The fonts of a PDF are cut to what it uses, and every step of that would be printed.
logging.getLogger("fontTools").setLevel(logging.WARNING)

COLUMN, PAGE = 3.33, 7.0  # inches: one column and the whole width of the paper's page
DPI = 300
CAPTION_SIZE = 5.5  # points
LETTERS_PER_INCH = 24  # of a caption, so that its lines end before the figure does

# Okabe and Ito's colours, told apart by colour-blind people. GC and AGC as in the paper's Figure 4.
METHODS = {
    "naive": "#555555",
    "gc": "#0072B2",
    "agc": "#E69F00",
    "lamb": "#009E73",
    "clippy": "#D55E00",
}
LAYERS = {  # lower layers dark, upper ones light, each with a dash of its own
    "cross": ("#30123B", "-"),
    "bottom_hidden": ("#4458CB", (0, (4, 1))),
    "top_hidden": ("#1AA2B8", (0, (1, 1))),
    "head_click": ("#C9621A", (0, (4, 1, 1, 1))),
    "head_watch_time": ("#A6A32B", (0, (2, 1))),
}
LAYER_NAMES = {
    "cross": "DCN",
    "bottom_hidden": "bottom hidden",
    "top_hidden": "top hidden",
    "head_click": "click output (classification)",
    "head_watch_time": "watch_time output (regression)",
}
KINDS = {"undisturbed": "#009E73", "micro": "#0072B2", "full": "#CC3311"}  # Figure 1
MOMENTS = {"a": ":", "b": "-", "c": "--"}  # dashes of the vertical lines
SHEET = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.4,
    "legend.fontsize": 6,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "pdf.fonttype": 42,
    "svg.hashsalt": "figures",
}


def sheet():
    """The style as a context manager; everything is drawn inside it."""
    return matplotlib.rc_context(SHEET)


def panels(rows, columns, *, width, height, **kwargs):
    """A figure without pyplot's global state, and its axes.

    Args:
      rows, columns: of the grid.
      width, height: inches.
      **kwargs: those of Figure.subplots.
    Returns: (Figure, array of axes (rows, columns)).
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def caption(figure, text):
    """Writes what a reader of the picture alone must know below it, wrapped to its width."""
    lines = textwrap.wrap(text, int(figure.get_figwidth() * LETTERS_PER_INCH))
    figure.supxlabel(
        "\n".join(lines), x=0.01, ha="left", fontsize=CAPTION_SIZE, linespacing=1.3, color="#333333"
    )


def counts(numbers):
    """How many runs the lines of a figure have, as text: "5" or "3 to 5"."""
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def plain(text):
    """A person's own text, in which a dollar sign begins no formula."""
    return text.replace("$", r"\$")


def save(figure, frame, folder, name):
    """Writes <name>.png, .pdf and .csv: the same bytes for the same numbers.

    Args:
      figure: Figure.
      frame: DataFrame of every plotted point.
      folder: where.
      name: without an ending.
    """
    check_folder(folder, "figures folder")
    bare = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None}}
    with sheet():
        for ending, metadata in bare.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending, metadata=metadata)
            write_whole(folder / f"{name}.{ending}", buffer.getvalue())
    write_whole(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n").encode())

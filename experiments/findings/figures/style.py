"""One style sheet for all figures: sizes, colours, files."""

import colorsys
import contextlib
import io
import logging
import pathlib
import textwrap
import zlib

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from experiments.findings.dynamics import CLASSIFICATION, LAYERS, REGRESSION
from experiments.machinery.records.files import check_folder, write_whole

# The fonts of a PDF are cut to what it uses, and every step of that would be printed.
logging.getLogger("fontTools").setLevel(logging.WARNING)

COLUMN, PAGE = 3.33, 7.0  # inches: one column and the whole width of the paper's page
DPI = 200
PALETTE = 255  # colours of a png, which then has a third of the bytes
CAPTION_WIDTH = 100  # letters of a line of <name>.txt

# Okabe and Ito's colours, told apart by colour-blind people. GC and AGC as in the paper's Figure 4.
METHODS = {"naive": "#555555", "gc": "#0072B2", "agc": "#E69F00", "lamb": "#009E73"}
METHODS |= {"clippy": "#D55E00", "adam": "#CC79A7", "clippy_adam": "#56B4E9"}
# Ours, of an added method: from violet to pink, where METHODS has no hue, and readable on white.
ADDED_HUE, ADDED_LIGHTNESS, ADDED_SATURATION = (0.66, 0.94), (0.3, 0.6), 0.7
_CLICK, _WATCH_TIME = (head.removeprefix("head_") for head in (CLASSIFICATION, REGRESSION))
_PRINTED = ("DCN", "bottom hidden", "top hidden", f"{_CLICK} output (classification)")
LAYER_NAMES = dict(zip(LAYERS, (*_PRINTED, f"{_WATCH_TIME} output (regression)"), strict=True))
# Tol's muted colours, for what is no method: a colour of METHODS means its method in every figure.
GREEN, INDIGO, OLIVE, PURPLE, WINE = "#117733", "#332288", "#999933", "#AA4499", "#882255"
KINDS = {  # name and colour of each kind of divergence.Label
    "healthy": ("healthy", GREEN),
    "micro": ("micro-diverged", INDIGO),
    "damaged": ("damaged", OLIVE),
    "untrained": ("untrained", PURPLE),
    "full": ("fully diverged", WINE),
}
DASHES = ("-", (0, (4, 1)), (0, (1, 1)), (0, (4, 1, 1, 1)))
LIGHTEST = 0.6  # ours: share of white in the last of many lines of one method
MOMENTS = {"a": ":", "b": "-", "c": "--"}  # dashes of the vertical lines
SHEET = pathlib.Path(__file__).with_name("figures.mplstyle")


def method_colour(method):
    """The colour of a method: that of METHODS, or one that its name alone decides."""
    if method in METHODS:
        return METHODS[method]
    lighter, hue = divmod(zlib.crc32(method.encode()), 1 << 16)
    shares = zip((hue / (1 << 16), lighter / (1 << 16)), (ADDED_HUE, ADDED_LIGHTNESS), strict=True)
    hue, lightness = (low + share * (high - low) for share, (low, high) in shares)
    return to_hex(colorsys.hls_to_rgb(hue, lightness, ADDED_SATURATION)).upper()


def looks(methods):
    """A colour and a dash for each of several lines, of the methods in this order.

    A line has the colour of its method; a later one of the same method is lighter, too, and has
    another dash. Where all are of one method the colour would tell nothing: they go from dark to
    light.
    """
    if len(set(methods)) == 1 < len(methods):
        map_, last = matplotlib.colormaps["viridis"], len(methods) - 1
        colours = [to_hex(map_(0.9 * place / last)) for place in range(len(methods))]
        return [(each, DASHES[at % len(DASHES)]) for at, each in enumerate(colours)]
    found = []
    for place, method in enumerate(methods):
        before, of_all = methods[:place].count(method), methods.count(method)
        white = LIGHTEST * before / max(of_all - 1, 1)
        own = to_rgb(method_colour(method))
        colour = to_hex([part + (1 - part) * white for part in own])
        found.append((colour.upper(), DASHES[before % len(DASHES)]))
    return found


def sheet():
    """The style as a context manager; everything is drawn inside it."""
    return matplotlib.rc_context(fname=SHEET)


@contextlib.contextmanager
def panels(rows, columns, height, width=COLUMN, **kwargs):
    """Within `with`, (Figure without pyplot's global state, array of its axes (rows, columns)).

    Sizes are in inches; `kwargs` are of Figure.subplots.
    """
    with sheet():
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def counts(numbers):
    """How many runs the lines of a figure have, as text: "5" or "3 to 5"."""
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def plain(text):
    """A person's own text, in which a dollar sign begins no formula."""
    return text.replace("$", r"\$")


def save(figure, frame, caption, folder, name):
    """Writes <name>.png, .pdf and what `save_texts` does: the same bytes for the same numbers."""
    check_folder(folder, "figures folder")
    drawn, png, pdf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with sheet():
        figure.savefig(drawn, format="png")
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Producer": None})
    few = Image.open(drawn).convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    few.save(png, "png", optimize=True, dpi=(DPI, DPI))
    write_whole(folder / f"{name}.png", png.getvalue())
    write_whole(folder / f"{name}.pdf", pdf.getvalue())
    save_texts(frame, caption, folder, name)


def save_texts(frame, caption, folder, name):
    """Writes <name>.csv, every plotted point, and <name>.txt, the caption, which no picture has."""
    write_whole(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n").encode())
    write_whole(folder / f"{name}.txt", f"{textwrap.fill(caption, CAPTION_WIDTH)}\n".encode())

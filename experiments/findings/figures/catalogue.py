"""The figures, the paper's and ours: what each is called, stands on and looks like."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from experiments.findings.dynamics import CLASSIFICATION, REGRESSION
from experiments.findings.figures import (
    curvature,
    figure1,
    figure2,
    figure3,
    figure4,
    figure5,
    figure6,
    figure7,
    labels,
    onset,
    regimes,
)
from experiments.findings.figures.drawing import draw
from experiments.findings.table1 import built

MODEL = "large_dcn"  # what the paper's Figures 1, 4, 5a, 6 and 8 are about


class Figure(NamedTuple):
    """One figure."""

    title: str  # heading on the page
    frame: Callable  # from Material to a DataFrame of every plotted point
    drawing: Callable  # from that DataFrame to a Drawing
    special: Callable | None = None  # from it to a Figure, where print needs more than the Drawing

    def draw(self, rows):
        """The figure in print: matplotlib's Figure of the rows of `frame`."""
        return self.special(rows) if self.special else draw(self.drawing(rows))


def _figure2(material):
    config, model = built(material.options.profile, MODEL)
    return figure2.frame(model, config.stream.tasks, config.stream.categorical_features)


def _of_layer(layer, words):
    frame = functools.partial(figure4.layer_frame, layer=layer)
    title = f"what each method looks at in the {words}"
    return Figure(title, frame, figure4.layer_drawing)


def _figure5(title, **shown):
    return Figure(title, functools.partial(figure5.frame, **shown), figure5.drawing)


KINDS = "a micro-divergence, a full divergence, and the same run undisturbed"
DESCENT = "gradient descent on a quadratic around the rate 2 / alpha"
MOMENTS = "a full divergence and its three moments"
FIGURES = {  # by what follows the word Figure, in the order of the paper; ours by a word
    "1": Figure(KINDS, figure1.frame, figure1.drawing),
    "2": Figure("the ranking model", _figure2, figure2.drawing, figure2.draw),
    "3": Figure(DESCENT, lambda _: figure3.frame(), figure3.drawing, figure3.draw),
    "4a": Figure(MOMENTS, figure4.moments_frame, figure4.moments_drawing),
    "4b": _of_layer("top_hidden", "top hidden layer"),
    "5a": _figure5("AUC of the methods on Large+DCN", model=[MODEL]),
    "5b": _figure5("AUC of GC and Clippy on each model", method=["gc", "clippy"]),
    "6": Figure("Clippy's factor on five layers", figure6.frame, figure6.drawing),
    "7": Figure("translation, by optimizer", figure7.frame, figure7.drawing),
    "8a": _of_layer("bottom_hidden", "bottom hidden layer"),
    "8b": _of_layer(CLASSIFICATION, "classification output"),
    "8c": _of_layer(REGRESSION, "regression output"),
    "labels": Figure("twenty runs drawn at random", labels.frame, labels.drawing),
    "onset": Figure("naive runs until a shock hits them", onset.frame, onset.drawing),
    "curvature": Figure("how steep the loss is", curvature.frame, curvature.drawing),
    "regimes": Figure("where which method pays", regimes.frame, regimes.drawing),
}


def is_ours(name):
    """Whether a name of FIGURES is that of a figure which the paper does not have."""
    return name.isalpha()


def stem(name):
    """What the files of a figure are called."""
    return name if is_ours(name) else f"figure{name}"


def heading(name):
    """What the page says above a figure."""
    called = name.capitalize() if is_ours(name) else f"Figure {name}"
    return f"{called}: {FIGURES[name].title}"


def asked_as(name):
    """How a person asks for a figure: by the number, which has all its parts, or by the word."""
    return name if is_ours(name) else name[0]

"""The paper's figures that are built: what each is called, stands on and looks like."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from data import TASKS
from experiments.findings.dynamics import CLASSIFICATION, REGRESSION
from experiments.findings.figures import figure1, figure2, figure3, figure4, figure5, figure6
from experiments.findings.figures.drawing import draw
from experiments.studies.grid import run_config

MODEL = "large_dcn"  # what the paper's Figures 1, 4, 5a, 6 and 8 are about


class Figure(NamedTuple):
    """One figure of the paper.

    title: heading on the page. frame: function from Material to a DataFrame of every plotted point.
    drawing: function from that DataFrame to a Drawing. special: function from it to the Figure of
    matplotlib, where print needs more than the Drawing says.
    """

    title: str
    frame: Callable
    drawing: Callable
    special: Callable | None = None

    def draw(self, rows):
        """The figure in print: Figure of the rows of `frame`."""
        return self.special(rows) if self.special else draw(self.drawing(rows))


def _figure1(material):
    runs = material.example.runs
    return figure1.frame(material.example, material.curves(pd.DataFrame(runs.values())))


def _figure2(material):
    # Rate and seeds do not enter the drawing; embeddings neither, so their table can be tiny.
    profile = material.options.profile
    config = run_config(profile, MODEL, "naive", learning_rate=1.0, data_seed=1, run_seed=0)
    from experiments.training.program import build_model  # late: it imports TensorFlow

    model = build_model(config, vocabulary_size=2)
    return figure2.frame(model, TASKS, config.stream.categorical_features)


def _severe(material):
    """Of the fully diverged run of Figure 1: its row, its telemetry, the steps in its window."""
    run = material.example.runs["severe"]
    trainer = material.trainer(run["run_id"])
    window = trainer["window_days"] * trainer["steps_per_day"]
    return run, material.telemetry(run["run_id"]), window


def _figure4a(material):
    run, telemetry, window = _severe(material)
    (curves,) = material.curves(run.to_frame().T).values()
    return figure4.moments_frame(run, curves, telemetry, window)


def _layer(layer, material):
    return figure4.layer_frame(*_severe(material), layer)


def _figure5a(material):
    runs = material.repeats[material.repeats["model"] == MODEL]
    return figure5.frame(runs, material.curves(runs), [MODEL], runs["method"].unique())


def _figure5b(material):
    methods = ["gc", "clippy"]
    runs = material.repeats[material.repeats["method"].isin(methods)]
    return figure5.frame(runs, material.curves(runs), runs["model"].unique(), methods)


def _figure6(material):
    runs = material.divergences
    runs = runs[runs["case"] == "clippy"]
    telemetry = {run_id: material.telemetry(run_id) for run_id in runs["run_id"]}
    steps_per_day = material.trainer(runs["run_id"].iloc[0])["steps_per_day"]
    return figure6.frame(runs, telemetry, steps_per_day)


def _of_layer(layer, words):
    title = f"what each method looks at in the {words}"
    return Figure(title, functools.partial(_layer, layer), figure4.layer_drawing)


KINDS = "a micro-divergence, a full divergence, and the same run undisturbed"
DESCENT = "gradient descent on a quadratic around the rate 2 / alpha"
FIGURES = {  # by what follows the word Figure, in the order of the paper
    "1": Figure(KINDS, _figure1, figure1.drawing),
    "2": Figure("the ranking model", _figure2, figure2.drawing, figure2.draw),
    "3": Figure(DESCENT, lambda _: figure3.frame(), figure3.drawing, figure3.draw),
    "4a": Figure("a full divergence and its three moments", _figure4a, figure4.moments_drawing),
    "4b": _of_layer("top_hidden", "top hidden layer"),
    "5a": Figure("AUC of the methods on Large+DCN", _figure5a, figure5.drawing),
    "5b": Figure("AUC of GC and Clippy on each model", _figure5b, figure5.drawing),
    "6": Figure("Clippy's factor on five layers", _figure6, figure6.drawing),
    "8a": _of_layer("bottom_hidden", "bottom hidden layer"),
    "8b": _of_layer(CLASSIFICATION, "classification output"),
    "8c": _of_layer(REGRESSION, "regression output"),
}

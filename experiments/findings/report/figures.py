"""The paper's figures, interactive: from the points on disk to plotly, in the colours of print."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.findings import quadratic
from experiments.findings.dynamics import judged
from experiments.findings.figures import figure1, figure2, figure3, figure4, figure5, figure6, style
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.findings.report import plots
from experiments.findings.report.numbers import shorts
from experiments.findings.report.plots import Key, Panel
from experiments.findings.report.study_curves import curves_of_studies
from experiments.training.divergence import CHANCE

STEP, LOSS, AUC = "training step", "training loss", "AUC on the last day"
MEASURES = {  # as figure4.MEASURES, without TeX
    "grad_norm": "‖g‖₂, what GC looks at",
    "grad_over_weight": "‖g‖₂ / ‖w‖₂, what AGC looks at",
    "update_over_weight": "‖r / w‖∞, what Clippy looks at",
}
CONTOUR_POINTS = 41
_RUN = ("data_seed", "seed", "run_id", "step")
_LAYER = (*_RUN, "a", "b", "c", "layer", *figure4.MEASURES, *figure4.FACTORS)
_FIGURE5 = ("data_seed", "model", "method", "rate_multiple", "step", "mean", "low", "high", "n")
COLUMNS = {  # of figure<name>.csv, those that are read
    "1": (*_RUN, "kind", "loss", "auc"),
    "2": ("model", "parameters", "level", "text"),
    "3": ("rate", "step", "x", "y", "loss"),
    "4a": (*_RUN, "a", "b", "c", "loss", "auc"),
    **dict.fromkeys(("4b", "8a", "8b", "8c"), _LAYER),
    **dict.fromkeys(("5a", "5b"), _FIGURE5),
    "6": ("data_seed", "rate_multiple", "layer", "step", "mean", "low", "high", "n", "smooth"),
}


class Interactive(NamedTuple):
    """A figure of the page.

    stem: of its files; heading and caption: texts; spec: from plots.figure, or None for one that is
    shown as the static picture alone.
    """

    stem: str
    heading: str
    caption: str
    spec: dict | None


def interactive(material):
    """The figures whose points are on disk: list of Interactive.

    Those of the paper come first, in its order, then the curves of studies.
    """
    found = [
        Interactive(stem, f"Figure {name}: {title}", *make(material.figures[stem], material))
        for name, (title, make) in MAKERS.items()
        if (stem := f"figure{name}") in material.figures
    ]
    return found + [Interactive(*figure) for figure in curves_of_studies(material)]


def _figure1(rows, _):
    keys, loss, auc = [], [], []
    for kind, part in rows.groupby("kind", sort=False):
        key = Key(kind, figure1.NAMES.get(kind, kind), style.KINDS[kind])
        keys.append(key)
        first = part.iloc[0]
        about = f"{key.name}, seed {first['seed']}, {plots.said(first['run_id'])}<br>step %{{x}}"
        loss.append(plots.line(key, part["step"], part["loss"], about + ", loss %{y:.4g}"))
        auc.append(plots.line(key, part["step"], part["auc"], about + ", AUC %{y:.4f}"))
    panels = [Panel("", STEP, LOSS, loss, log=True), Panel("", STEP, AUC, auc, level=CHANCE)]
    return figure1.caption(rows), plots.figure(panels, 1, keys)


def _figure2(rows, _):
    return figure2.caption(rows, MODEL_NAMES), None


def _figure3(rows, _):
    keys, panels, losses = [], [], []
    for (rate, path), colour in zip(rows.groupby("rate"), figure3.COLOURS, strict=True):
        key = Key(f"{rate:.6g}", f"rate {rate:.2g}", colour)
        keys.append(key)
        shown = path[path["step"] <= figure3.SHOWN_STEPS]
        hover = f"{key.name}<br>(%{{x:.4g}}, %{{y:.4g}})"
        trace = plots.line(key, shown["x"], shown["y"], hover, mode="lines+markers", width=1)
        traces = [_contours(key, shown), trace]
        panels.append(Panel(key.name, "along alpha = 20", "along alpha = 1", traces))
        hover = f"{key.name}<br>step %{{x}}, loss %{{y:.4g}}"
        losses.append(plots.line(key, path["step"], path["loss"], hover))
    panels.append(Panel("loss of all three", "step", "loss", losses, log=True))
    return figure3.caption(rows), plots.figure(panels, len(keys), keys)


def _contours(key, path):
    """Lines of equal loss below a path."""
    reach = 1.1 * max(1.0, path["x"].abs().max())
    x, y = np.linspace(-reach, reach, CONTOUR_POINTS), np.linspace(-1.1, 1.1, CONTOUR_POINTS)
    heights = np.sqrt(quadratic.loss(np.stack(np.meshgrid(x, y), axis=-1)))
    return {
        "type": "contour",
        "meta": key.group,
        "x": shorts(x, 4),
        "y": shorts(y, 4),
        "z": [shorts(row, 4) for row in heights],
        "contours": {"coloring": "none"},
        "line": {"color": plots.GREY, "width": 0.5},
        "showscale": False,
        "hoverinfo": "skip",
    }


def _marks(first):
    """The vertical lines of step-a, step-b and step-c."""
    moments = style.MOMENTS.items()
    return {int(first[moment]): (moment, plots.dash(printed)) for moment, printed in moments}


def _figure4a(rows, _):
    first = rows.iloc[0]
    key = Key("naive", METHOD_NAMES["naive"], style.METHODS["naive"])
    about = f"seed {first['seed']}, {plots.said(first['run_id'])}<br>step %{{x}}"
    evaluated, marks = rows.dropna(subset="auc"), _marks(first)
    loss = plots.line(key, rows["step"], rows["loss"], about + ", loss %{y:.4g}")
    auc = plots.line(key, evaluated["step"], evaluated["auc"], about + ", AUC %{y:.4f}")
    panels = [
        Panel("", STEP, LOSS, [loss], log=True, marks=marks),
        Panel("", STEP, AUC, [auc], marks=marks, level=CHANCE),
    ]
    return figure4.moments_caption(rows), plots.figure(panels, 1)


def _layer(rows, _):
    first = rows.iloc[0]
    about = f"seed {first['seed']}, step %{{x}}<br>"
    measures, factors = [], []
    for column, (method, _name) in figure4.MEASURES.items():
        hover = f"{MEASURES[column]}: %{{y:.4g}}<br>{about}"
        measures.append(plots.line(_method(method), rows["step"], rows[column], hover, width=1.5))
    for column, (method, name) in figure4.FACTORS.items():
        hover = f"factor of {name}: %{{y:.4g}}<br>{about}"
        factors.append(plots.line(_method(method), rows["step"], rows[column], hover, width=1.5))
    marks = _marks(first)
    panels = [
        Panel("what the methods measure", STEP, "measure", measures, log=True, marks=marks),
        Panel("the factors they would give", STEP, "clipping factor", factors, True, marks),
    ]
    keys = [_method(method) for method, _name in figure4.MEASURES.values()]
    return figure4.layer_caption(rows), plots.figure(panels, 2, keys)


def _method(name):
    return Key(name, METHOD_NAMES.get(name, name), style.METHODS.get(name, plots.GREY))


def _figure5(rows, material):
    models, rates = list(rows["model"].unique()), sorted(rows["rate_multiple"].unique())
    panels = []
    for rate in rates:
        for model in models:
            shown = rows[(rows["rate_multiple"] == rate) & (rows["model"] == model)]
            traces = _singles(shown, material) + _means(shown)
            title = f"{plots.said(MODEL_NAMES.get(model, model))}, {rate:g}x"
            panels.append(Panel(title, STEP, AUC, traces))
    keys = [_method(name) for name in rows["method"].unique()]
    columns = len(models) if len(models) > 1 else len(rates)
    caption = figure5.caption(rows) + " Thin lines: the single runs."
    return caption, plots.figure(panels, columns, keys)


def _means(rows):
    traces = []
    for method, part in rows.groupby("method", sort=False):
        key = _method(method)
        hover = f"{key.name}, mean of {part['n'].iloc[0]} runs<br>step %{{x}}, AUC %{{y:.4f}}"
        traces.append(plots.band(key, part["step"], part["low"], part["high"]))
        traces.append(plots.line(key, part["step"], part["mean"], hover))
    return traces


def _singles(rows, material):
    """The runs behind the means, those that are on disk: one thin line each."""
    runs = material.tables.get("table2_runs", pd.DataFrame(columns=["role", "run_id"]))
    runs = runs[(runs["role"] == "repeat") & runs["run_id"].isin(list(material.runs))]
    traces = []
    for name in ("model", "method", "rate_multiple"):
        if len(runs):
            runs = runs[runs[name].isin(rows[name])]
    for run in runs.itertuples():
        key, curve = _method(run.method), judged(material.runs[run.run_id].curves)
        hover = (
            f"{key.name}, seed {run.seed}, {plots.said(run.run_id)}<br>step %{{x}}, AUC %{{y:.4f}}"
        )
        traces.append(plots.line(key, curve["step"], curve["auc"], hover, width=0.7, opacity=0.55))
    return traces


def _figure6(rows, _):
    keys, traces = [], []
    for layer, part in rows.groupby("layer", sort=False):
        colour, dash = style.LAYERS[layer]
        key = Key(layer, style.LAYER_NAMES[layer], colour, plots.dash(dash))
        keys.append(key)
        hover = f"{key.name}, mean of {part['n'].iloc[0]} runs<br>step %{{x}}, factor %{{y:.3g}}"
        traces.append(plots.band(key, part["step"], part["low"], part["high"]))
        traces.append(plots.line(key, part["step"], part["mean"], hover))
    panels = [Panel("", STEP, "clipping factor", traces, log=True)]
    return figure6.caption(rows), plots.figure(panels, 1, keys)


MAKERS = {  # by what follows the word Figure: its title, and what makes (caption, spec)
    "1": ("a micro-divergence, a full divergence, and the same run undisturbed", _figure1),
    "2": ("the ranking model", _figure2),
    "3": ("gradient descent on a quadratic around the rate 2 / alpha", _figure3),
    "4a": ("a full divergence and its three moments", _figure4a),
    "4b": ("what each method looks at in the top hidden layer", _layer),
    "5a": ("AUC of the methods on Large+DCN", _figure5),
    "5b": ("AUC of GC and Clippy on each model", _figure5),
    "6": ("Clippy's factor on five layers", _figure6),
    "8a": ("what each method looks at in the bottom hidden layer", _layer),
    "8b": ("what each method looks at in the classification output", _layer),
    "8c": ("what each method looks at in the regression output", _layer),
}

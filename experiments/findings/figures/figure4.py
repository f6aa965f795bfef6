"""Figures 4 and 8: one full divergence, its three moments, and what each method looks at."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import shocked, style
from experiments.findings.figures.drawing import (
    AUC,
    LOSS,
    STEP,
    Drawing,
    Key,
    Line,
    Panel,
    method_key,
)
from experiments.findings.figures.figure1 import LEGEND, LOOKS, lift
from experiments.training.divergence import CHANCE

# What each method looks at (section 4.1): the method, and what the page calls it.
MEASURES = {
    "grad_norm": ("gc", "‖g‖₂, what GC looks at"),
    "grad_over_weight": ("agc", "‖g‖₂ / ‖w‖₂, what AGC looks at"),
    "update_over_weight": ("clippy", "‖r / w‖∞, what Clippy looks at"),
}
# The paper's Figure 4b shows Clippy by Equation 4 with 0.1; C23 to C25 judge the same factor.
FACTORS = {
    "sigma_gc": ("gc", "factor of GC, 0.1"),
    "sigma_agc": ("agc", "factor of AGC, 0.001"),
    "sigma_clippy_eq4": ("clippy", "factor of Clippy (Eq. 4), 0.1"),
}
NAMES = {  # in the printed legend
    "gc": r"GC: $\|g\|_2$",
    "agc": r"AGC: $\|g\|_2 / \|w\|_2$",
    "clippy": r"Clippy: $\|r / w\|_\infty$",
}
AROUND = 20  # ours: steps before b and after it that are shown once more
ABOUT = (
    "Naive Large+DCN at 0.4x, data seed {data_seed}, run seed {seed}, the fully diverged run of "
    "Figure 1: n = 1, no interval; the claims are judged on all recorded divergences. Left: the "
    "whole run. Right: {around} steps around b. Vertical lines: a = {a}, b = {b}, c = {c}; b is "
    "the onset that the detector dates, a and c are evaluations. Shaded: days with a shock. "
)
CURVES = ABOUT + (
    "Undisturbed: the same run without shocks. {lift} Loss: of each step, and of the undisturbed "
    "run the mean since the last evaluation. Dotted: chance."
)
LAYER = ABOUT + (
    "Layer: {layer}. Above: what the methods measure. Below: the factors that they would give, GC "
    "with 0.1, AGC with 0.001, Clippy by Equation 4 with 0.1; no method is in use."
)


def moments_frame(material):
    """Figure 4a, one row a step.

    Returns: DataFrame with data_seed, seed, run_id, shocked (steps, as of shocked.text), a, b, c,
      step, loss, auc; control_loss and control_auc are of the undisturbed run. NaN stands where
      there is no evaluation.
    """
    about, rows = _shown(material)
    runs = material.example.loc[["severe", "undisturbed"]]
    own, control = material.curves(runs).values()
    columns = {"loss": rows["loss"], "auc": rows["step"].map(_by_step(judged(own), "auc"))}
    columns["control_loss"] = rows["step"].map(_by_step(control, "loss"))
    columns["control_auc"] = rows["step"].map(_by_step(judged(control), "auc"))
    return about.assign(**columns)


def layer_frame(material, layer):
    """Figures 4b and 8: one row a step: three measures and three factors of a layer."""
    about, rows = _shown(material)
    columns = {name: rows[f"{layer}/{name}"] for name in (*MEASURES, *FACTORS)}
    return about.assign(layer=layer, **columns)


def _by_step(curves, name):
    return curves.set_index("step")[name]


def _shown(material):
    """(what both frames say of each step, its telemetry)."""
    run = material.example.loc["severe"]
    rows = material.telemetry(run["run_id"])
    columns = {name: run[name] for name in ("data_seed", "seed", "run_id")}
    columns["shocked"] = shocked.text(material.shocked(run["run_id"]))
    columns |= {moment: int(run[f"step_{moment}"]) for moment in style.MOMENTS}
    return pd.DataFrame(columns | {"step": rows["step"]}), rows


def moments_drawing(rows):
    """Loss above, AUC below: Drawing of the rows of moments_frame."""
    first = rows.iloc[0]
    full, undisturbed = (Key(kind, *LOOKS[kind]) for kind in ("full", "undisturbed"))
    about = f"seed {first['seed']}, {first['run_id']}"
    own, control = rows.dropna(subset="auc"), rows.dropna(subset="control_auc")
    loss = [
        Line(undisturbed, control["step"], control["control_loss"], undisturbed.name),
        Line(full, rows["step"], rows["loss"], about),
    ]
    auc = [
        Line(undisturbed, control["step"], control["control_auc"], undisturbed.name),
        Line(full, own["step"], own["auc"], about),
    ]
    other = control[["step"]].assign(auc=control["control_auc"])
    note, text = lift(own, other, first["b"])
    panels = [
        *_twice(Panel(STEP, LOSS, loss, log=True), first),
        *_twice(Panel(STEP, AUC, auc, level=CHANCE, notes=(note,)), first),
    ]
    caption = CURVES.format(lift=text, around=2 * AROUND, **first)
    return _drawing(panels, [undisturbed, full], caption)


def layer_drawing(rows):
    """Measures above, factors below: Drawing of the rows of layer_frame."""
    first, panels = rows.iloc[0], []
    for y, columns in (("measure", MEASURES), ("clipping factor", FACTORS)):
        lines = [
            Line(method_key(method), rows["step"], rows[column], said, label=NAMES[method])
            for column, (method, said) in columns.items()
        ]
        panels += _twice(Panel(STEP, y, lines, log=True), first)
    keys = [line.key for line in panels[0].lines]
    layer = style.LAYER_NAMES[first["layer"]]
    caption = LAYER.format(around=2 * AROUND, **first.to_dict() | {"layer": layer})
    return _drawing(panels, keys, caption)


def _drawing(panels, keys, caption):
    shared, legend = {"sharex": "col", "sharey": "row"}, LEGEND | {"ncols": len(keys)}
    return Drawing(panels, 2, keys, caption, height=3.2, shared=shared, legend=legend)


def _twice(panel, run):
    """A panel of a whole run with its step b, and of the steps around b with all three moments.

    A moment that is not among these steps is marked on the panel of the whole run.
    """
    stretches, b = shocked.stretches(run["shocked"]), int(run["b"])
    first, last = b - AROUND, b + AROUND
    thin, lines = [line._replace(width=0.5) for line in panel.lines], []
    for line in panel.lines:
        inside = line.x.between(first, last)
        dots = 2.5 if inside.sum() < AROUND else 0
        lines.append(line._replace(x=line.x[inside], y=line.y[inside], width=0.8, dots=dots))
    near = [(max(a, first), min(z, last)) for a, z in stretches if a <= last and z >= first]
    moments = {moment: int(run[moment]) for moment in style.MOMENTS}
    marks = {moment: step for moment, step in moments.items() if first <= step <= last}
    far = {moment: step for moment, step in moments.items() if moment not in marks}
    whole = {"lines": thin, "marks": {"b": b} | far, "shaded": tuple(stretches), "notes": ()}
    close = {"lines": lines, "marks": marks, "shaded": tuple(near)}
    return [
        panel._replace(**whole, title="whole run"),
        panel._replace(**close, title=f"{2 * AROUND} steps around b"),
    ]

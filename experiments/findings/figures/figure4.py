"""Figures 4 and 8: one full divergence, its three moments, and what each method looks at."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import style
from experiments.findings.figures.drawing import AUC, LOSS, STEP, Drawing, Line, Panel, method_key
from experiments.training.divergence import CHANCE

# What each method looks at (section 4.1): the method, its formula, and what the page calls it.
MEASURES = {
    "grad_norm": ("gc", r"$\|g\|_2$", "‖g‖₂, what GC looks at"),
    "grad_over_weight": ("agc", r"$\|g\|_2 / \|w\|_2$", "‖g‖₂ / ‖w‖₂, what AGC looks at"),
    "update_over_weight": ("clippy", r"$\|r / w\|_\infty$", "‖r / w‖∞, what Clippy looks at"),
}
# The paper's Figure 4b shows Clippy by Equation 4 with 0.1; C23 to C25 judge the same factor.
FACTORS = {
    "sigma_gc": ("gc", "GC, 0.1", "factor of GC, 0.1"),
    "sigma_agc": ("agc", "AGC, 0.001", "factor of AGC, 0.001"),
    "sigma_clippy_eq4": ("clippy", "Clippy (Eq. 4), 0.1", "factor of Clippy (Eq. 4), 0.1"),
}
ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.06), "handlelength": 1.2}
ABOUT = (
    "Naive Large+DCN at 0.4x, data seed {data_seed}, run seed {seed}, the fully diverged run of "
    "Figure 1: n = 1, no interval; the claims are judged on all recorded divergences. "
)
CURVES = (
    ABOUT + "Vertical lines: a = {a}, b = {b}, c = {c}, found by code from loss and AUC alone. "
    "Dotted: chance."
)
LAYER = (
    ABOUT
    + "Layer: {layer}. Left: what the methods measure. Right: the factors they would give; no "
    "method is in use. Vertical lines: steps a, b, c."
)


def moments_frame(material):
    """Figure 4a, one row a step: data_seed, seed, run_id, a, b, c, step, loss, auc (or NaN)."""
    about, rows = _shown(material)
    (curves,) = material.curves(material.example.loc[["severe"]]).values()
    auc = judged(curves).set_index("step")["auc"]
    return about.assign(loss=rows["loss"], auc=rows["step"].map(auc))


def layer_frame(material, layer):
    """Figures 4b and 8: one row a step: three measures and three factors of a layer."""
    about, rows = _shown(material)
    columns = {name: rows[f"{layer}/{name}"] for name in (*MEASURES, *FACTORS)}
    return about.assign(layer=layer, **columns)


def _shown(material):
    """(what both frames say of each step, its telemetry), from a window before a to one after c."""
    run = material.example.loc["severe"]
    trainer, rows = material.trainer(run["run_id"]), material.telemetry(run["run_id"])
    window = trainer["window_days"] * trainer["steps_per_day"]
    inside = rows["step"].between(run["step_a"] - window, run["step_c"] + window)
    rows = rows[inside].reset_index(drop=True)
    columns = {name: run[name] for name in ("data_seed", "seed", "run_id")}
    columns |= {moment: int(run[f"step_{moment}"]) for moment in style.MOMENTS}
    return pd.DataFrame(columns | {"step": rows["step"]}), rows


def moments_drawing(rows):
    """Loss above, AUC below: Drawing of the rows of moments_frame."""
    first, key = rows.iloc[0], method_key("naive")
    about, evaluated = f"seed {first['seed']}, {first['run_id']}", rows.dropna(subset="auc")
    loss = Line(key, rows["step"], rows["loss"], about)
    auc = Line(key, evaluated["step"], evaluated["auc"], about)
    marks = {moment: int(first[moment]) for moment in style.MOMENTS}
    panels = [
        Panel(STEP, LOSS, [loss], log=True, marks=marks),
        Panel(STEP, AUC, [auc], marks=marks, level=CHANCE),
    ]
    caption = CURVES.format(**first)
    return Drawing(panels, 1, [], caption, height=3.2, shared={"sharex": True})


def layer_drawing(rows):
    """Measures on the left, factors on the right: Drawing of the rows of layer_frame."""
    first, panels = rows.iloc[0].to_dict(), []
    marks = {moment: first[moment] for moment in style.MOMENTS}
    for y, columns in (("measure", MEASURES), ("clipping factor", FACTORS)):
        lines = [
            Line(method_key(method), rows["step"], rows[column], said, width=0.8, label=label)
            for column, (method, label, said) in columns.items()
        ]
        panels.append(Panel(STEP, y, lines, log=True, marks=marks, legend=ABOVE))
    keys = [line.key for line in panels[0].lines]
    caption = LAYER.format(**first | {"layer": style.LAYER_NAMES[first["layer"]]})
    return Drawing(panels, 2, keys, caption, height=2.4)

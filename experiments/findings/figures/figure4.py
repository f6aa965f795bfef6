"""Figures 4 and 8: one full divergence, its three moments, and what each method looks at."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import style

MEASURES = {  # what each method looks at (section 4.1), in the colour of the method
    "grad_norm": ("gc", r"$\|g\|_2$"),
    "grad_over_weight": ("agc", r"$\|g\|_2 / \|w\|_2$"),
    "update_over_weight": ("clippy", r"$\|r / w\|_\infty$"),
}
FACTORS = {
    "sigma_gc": ("gc", "GC, 0.1"),
    "sigma_agc": ("agc", "AGC, 0.001"),
    "sigma_clippy_eq4": ("clippy", "Clippy (Eq. 4), 0.1"),
}
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


def moments_frame(run, curves, telemetry, window):
    """Figure 4a: one row a step: the loss, the AUC where it was evaluated, the three moments.

    Args:
      run: row of the study's runs, with data_seed, seed, run_id, step_a, step_b, step_c.
      curves, telemetry: of that run.
      window: steps shown before a and after c.
    Returns: DataFrame with data_seed, seed, run_id, a, b, c, step, loss, auc.
    """
    rows = _shown(run, telemetry, window)
    auc = judged(curves).set_index("step")["auc"]
    return _about(run, rows).assign(loss=rows["loss"], auc=rows["step"].map(auc))


def layer_frame(run, telemetry, window, layer):
    """Figures 4b and 8: one row a step: three measures and three factors of one layer.

    Args:
      run, telemetry, window: as for moments_frame.
      layer: its label in the telemetry.
    """
    rows = _shown(run, telemetry, window)
    columns = {name: rows[f"{layer}/{name}"] for name in (*MEASURES, *FACTORS)}
    return _about(run, rows).assign(layer=layer, **columns)


def _shown(run, telemetry, window):
    first, last = run["step_a"] - window, run["step_c"] + window
    return telemetry[telemetry["step"].between(first, last)].reset_index(drop=True)


def _about(run, rows):
    columns = {name: run[name] for name in ("data_seed", "seed", "run_id")}
    columns |= {moment: int(run[f"step_{moment}"]) for moment in "abc"}
    return pd.DataFrame(columns | {"step": rows["step"]})


def draw_moments(rows):
    """Figure 4a: loss above, AUC below.

    Args:
      rows: from moments_frame.
    Returns: Figure.
    """
    with style.sheet():
        figure, axes = style.panels(2, 1, width=style.COLUMN, height=3.2, sharex=True)
        loss, auc = axes[:, 0]
        loss.plot(rows["step"], rows["loss"], color=style.METHODS["naive"])
        loss.set(yscale="log", ylabel="training loss")
        evaluated = rows.dropna(subset="auc")
        auc.plot(evaluated["step"], evaluated["auc"], color=style.METHODS["naive"])
        auc.set(xlabel="training step", ylabel="AUC on the last day")
        auc.axhline(0.5, color="#888888", linewidth=0.6, linestyle=":")
        for axis in (loss, auc):
            plot_moments(axis, rows.iloc[0], named=axis is loss)
        style.caption(figure, moments_caption(rows))
    return figure


def moments_caption(rows):
    """What a reader of Figure 4a must know, from the rows of moments_frame."""
    return CURVES.format(**rows.iloc[0])


def draw_layer(rows):
    """Figures 4b and 8: measures on the left, factors on the right, on log axes.

    Args:
      rows: from layer_frame.
    Returns: Figure.
    """
    with style.sheet():
        figure, axes = style.panels(1, 2, width=style.COLUMN, height=2.4)
        for axis, lines in zip(axes[0], (MEASURES, FACTORS), strict=True):
            plot_lines(axis, rows, lines)
            plot_moments(axis, rows.iloc[0], named=True)
        axes[0, 0].set_ylabel("measure")
        axes[0, 1].set_ylabel("clipping factor")
        style.caption(figure, layer_caption(rows))
    return figure


def layer_caption(rows):
    """What a reader of Figures 4b and 8 must know, from the rows of layer_frame."""
    first = rows.iloc[0]
    layer = style.LAYER_NAMES.get(first["layer"], first["layer"])
    return LAYER.format(**{**first, "layer": layer})


def plot_lines(axis, rows, lines):
    """One line a column, on a log axis; the legend above."""
    for column, (method, name) in lines.items():
        axis.plot(
            rows["step"], rows[column], color=style.METHODS[method], label=name, linewidth=0.8
        )
    axis.set(yscale="log", xlabel="training step")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), handlelength=1.2)
    return axis


def plot_moments(axis, row, named):
    """Vertical lines at a, b and c, with their letters above where `named`."""
    for moment, line in style.MOMENTS.items():
        axis.axvline(row[moment], color="#000000", linewidth=0.6, linestyle=line)
        if named:
            axis.annotate(
                moment,
                (row[moment], 1.0),
                xycoords=("data", "axes fraction"),
                xytext=({"a": -3, "b": 1, "c": 3}[moment], 1),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=6,
            )
    return axis

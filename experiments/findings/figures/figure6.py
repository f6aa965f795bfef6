"""Figure 6: Clippy's factor on five layers while Large+DCN is trained."""

import pandas as pd

from experiments.findings.dynamics import LAYERS
from experiments.findings.figures import style

CAPTION = (
    "Clippy (0.5, 0.01) on Large+DCN at {rate:g}x, data seed {data_seed}: the factor of "
    "Algorithm 1 by layer, each run smoothed over one day ({smooth} steps). Lines: mean of n = {n} "
    "runs; bands: from the smallest to the largest run (no confidence interval)."
)


def frame(runs, telemetry, smooth):
    """One row a layer and step.

    Args:
      runs: one row a run of the case: data_seed, rate_multiple, run_id.
      telemetry: dict from run id to telemetry.
      smooth: steps of the running mean.
    Returns: DataFrame with data_seed, rate_multiple, layer, step, raw (the mean over runs), mean,
      low and high (mean, least and largest of the smoothed runs), n, smooth.
    """
    parts = []
    for layer in LAYERS:
        factors = pd.concat(
            [telemetry[run].set_index("step")[f"{layer}/sigma"] for run in runs["run_id"]], axis=1
        )
        smoothed = factors.rolling(smooth, min_periods=1).mean()
        columns = {name: runs[name].iloc[0] for name in ("data_seed", "rate_multiple")}
        columns |= {"layer": layer, "step": factors.index, "raw": factors.mean(axis=1).to_numpy()}
        for name in ("mean", "min", "max"):
            end = {"mean": "mean", "min": "low", "max": "high"}[name]
            columns[end] = getattr(smoothed, name)(axis=1).to_numpy()
        parts.append(pd.DataFrame(columns | {"n": len(runs), "smooth": smooth}))
    return pd.concat(parts, ignore_index=True)


def draw(rows):
    """One line and band a layer, on a log axis.

    Args:
      rows: from frame.
    Returns: Figure.
    """
    with style.sheet():
        figure, axes = style.panels(1, 1, width=style.COLUMN, height=2.9)
        plot_factors(axes[0, 0], rows)
        figure.legend(loc="outside upper center", ncols=2, handlelength=2.2)
        style.caption(figure, caption(rows))
    return figure


def caption(rows):
    """What a reader must know, from the rows of frame."""
    first = rows.iloc[0]
    about = {name: first[name] for name in ("data_seed", "smooth", "n")}
    return CAPTION.format(rate=first["rate_multiple"], **about)


def plot_factors(axis, rows):
    """Mean and band of the smoothed factor, by layer."""
    for layer, line in rows.groupby("layer", sort=False):
        colour, dash = style.LAYERS[layer]
        axis.fill_between(
            line["step"], line["low"], line["high"], color=colour, alpha=0.12, linewidth=0
        )
        name = style.LAYER_NAMES[layer]
        axis.plot(line["step"], line["mean"], color=colour, linestyle=dash, label=name)
    axis.set(yscale="log", xlabel="training step", ylabel="clipping factor")
    return axis

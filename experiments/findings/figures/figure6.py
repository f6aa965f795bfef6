"""Figure 6: Clippy's factor on five layers while Large+DCN is trained."""

import pandas as pd

from experiments.findings.dynamics import LAYERS
from experiments.findings.figures import shocked, style
from experiments.findings.figures.drawing import STEP, Drawing, Key, Line, Panel

CAPTION = (
    "Clippy (0.5, 0.01) on Large+DCN at {rate_multiple:g}x, data seed {data_seed}: the factor of "
    "Algorithm 1 by layer, each run smoothed over one day ({smooth} steps). Lines: mean of n = {n} "
    "runs, {healthy} of them healthy; bands: from the smallest to the largest run (no confidence "
    "interval). Shaded: days with a shock."
)
# Lower layers are dark, upper ones light, and each has a dash of its own.
COLOURS = ("#30123B", "#4458CB", "#1AA2B8", "#AA4499", "#A6A32B")
DASHES = ("-", (0, (4, 1)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (2, 1)))
LOOKS = dict(zip(LAYERS, zip(COLOURS, DASHES, strict=True), strict=True))


def frame(material):
    """One row a layer and step of the runs of the case `clippy`.

    raw is the mean over runs; mean, low and high are mean, least and largest of the runs smoothed
    over `smooth` steps, a day; healthy counts the runs with that label, shocked has steps, as of
    shocked.text.
    """
    runs, parts = material.divergences, []
    runs = runs[runs["case"] == "clippy"]
    smooth = material.trainer(runs["run_id"].iloc[0])["steps_per_day"]
    about = {name: runs[name].iloc[0] for name in ("data_seed", "rate_multiple")}
    about["shocked"] = shocked.text(material.shocked(runs["run_id"].iloc[0]))
    about |= {"n": len(runs), "healthy": (runs["label"] == "healthy").sum(), "smooth": smooth}
    telemetry = [material.telemetry(run).set_index("step") for run in runs["run_id"]]
    for layer in LAYERS:
        factors = pd.concat([rows[f"{layer}/sigma"] for rows in telemetry], axis=1)
        smoothed = factors.rolling(smooth, min_periods=1).mean()
        columns = about | {"layer": layer, "step": factors.index, "raw": factors.mean(axis=1)}
        columns |= {"mean": smoothed.mean(axis=1), "low": smoothed.min(axis=1)}
        parts.append(pd.DataFrame(columns | {"high": smoothed.max(axis=1)}))
    return pd.concat(parts, ignore_index=True)


def drawing(rows):
    """One line and band a layer, on a log axis: Drawing of the rows of `frame`."""
    lines = []
    for layer, part in rows.groupby("layer", sort=False):
        key = Key(layer, style.LAYER_NAMES[layer], *LOOKS[layer])
        about = f"{key.name}, mean of {part['n'].iloc[0]} runs"
        ends = {"low": part["low"], "high": part["high"], "shade": 0.12}
        lines.append(Line(key, part["step"], part["mean"], about, **ends))
    shaded, keys = tuple(shocked.stretches(rows["shocked"].iloc[0])), [line.key for line in lines]
    panels = [Panel(STEP, "clipping factor", lines, log=True, shaded=shaded)]
    legend = {"loc": "outside upper center", "ncols": 2, "handlelength": 2.2}
    return Drawing(panels, 1, keys, CAPTION.format(**rows.iloc[0]), height=2.5, legend=legend)

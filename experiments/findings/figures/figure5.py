"""Figure 5: AUC against steps, the methods on Large+DCN, and Clippy beside GC on each model."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import shocked, style
from experiments.findings.figures.drawing import AUC, STEP, Drawing, Line, Panel, method_key
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.findings.statistics import described
from experiments.training.divergence import CHANCE

ABOUT = (
    "Repeats of Table 2, data seed {data_seed}, each rate with its best threshold: mean and 95 % "
    "interval of the mean (Student's t) over n = {n} runs a line. After a loss that was no number "
    "a run counts as at chance. {diverged} Shaded: days with a shock."
)
BROKEN = " The axis is broken: lines that end near chance would squeeze the others."
NEAR = 0.02  # ours: AUC from chance
PARTS = (3, 1)  # heights of the two parts of a broken axis


def frame(material, **shown):
    """One row a line and evaluation; `shown` has the values of a column that are shown.

    Returns: DataFrame with data_seed, model, method, rate_multiple, diverged (full divergences),
      shocked (steps, as of shocked.text), step, mean, low, high, n.
    """
    runs, parts = material.repeats, []
    runs = runs[runs[list(shown)].isin(shown).all(axis=1)]
    for (model, method), mine in runs.groupby(["model", "method"], sort=False):
        for rate, cell in mine.groupby("rate_multiple"):
            about = {"model": model, "method": method, "rate_multiple": rate}
            about["diverged"] = int((cell["label"] == "full").sum())
            about["shocked"] = shocked.text(material.shocked(cell["run_id"].iloc[0]))
            parts.append(line_of(cell, material.curves(cell), about))
    return pd.concat(parts, ignore_index=True)


def line_of(runs, curves, about):
    """Mean and interval over runs at every evaluation that any of them reached.

    `curves` are by run id. The columns are those of `frame`, with `about` for what is shown.
    """
    about = {"data_seed": runs["data_seed"].iloc[0]} | about
    found = {run: judged(curves[run]).set_index("step")["auc"] for run in runs["run_id"]}
    return means(pd.concat(found, axis=1).sort_index().fillna(CHANCE), about)


def means(values, about):
    """Mean and interval over the columns of a DataFrame, one a run, in each of its rows, by step.

    The columns: those of the dict `about`, then step, mean, low, high and n, the number of runs.
    """
    ends = [described(row) for _, row in values.iterrows()]
    columns = {"step": values.index, "mean": values.mean(axis=1).to_numpy()}
    columns |= {"low": [end.low for end in ends], "high": [end.high for end in ends]}
    return pd.DataFrame(about | columns | {"n": values.shape[1]})


def drawing(rows, singles=(), zooms=False):
    """One row of panels a rate, one column a model; of a single model, one row with all rates.

    The latter has a broken axis where a line ends near chance, unless its reader `zooms`. `singles`
    are (row of a run, its curves), each a thin line below the means.
    """
    rates, models = sorted(rows["rate_multiple"].unique()), list(rows["model"].unique())
    panels = []
    for rate in rates:
        for model in models:
            shown = rows[(rows["rate_multiple"] == rate) & (rows["model"] == model)]
            methods = set(shown["method"])
            lines = [
                _single(run, judged(curve))
                for run, curve in singles
                if (run.rate_multiple, run.model) == (rate, model) and run.method in methods
            ]
            lines += [_mean(*group) for group in shown.groupby("method", sort=False)]
            shaded = tuple(shocked.stretches(shown["shocked"].iloc[0])) if len(shown) else ()
            title = f"{MODEL_NAMES[model]}, {rate:g}x"
            panels.append(Panel(STEP, AUC, lines, title=title, shaded=shaded))
    keys = [method_key(method) for method in rows["method"].unique()]
    about = {"data_seed": rows["data_seed"].iloc[0], "n": style.counts(rows["n"])}
    about = ABOUT.format(diverged=_diverged(rows), **about)
    about += " Thin lines: the single runs." if singles else ""
    legend = {"loc": "outside upper center", "ncols": len(keys), "handlelength": 1.4}
    shared = {"sharex": True, "sharey": True}
    if len(models) > 1:
        return Drawing(panels, len(models), keys, about, 3.3, style.PAGE, shared, legend)
    if not zooms and (at := _break(rows)) is not None:
        shared = {"sharex": True, "sharey": "row", "height_ratios": PARTS}
        about, panels = about + BROKEN, _broken(panels, rows, at)
    return Drawing(panels, len(rates), keys, about, 2.2, style.COLUMN, shared, legend)


def _diverged(rows):
    """A sentence on the lines some of whose runs have fully diverged."""
    lines = rows.drop_duplicates(["model", "method", "rate_multiple"])
    found = [
        f"{METHOD_NAMES[line.method]} on {MODEL_NAMES[line.model]} at {line.rate_multiple:g}x "
        f"{line.diverged}/{line.n}"
        for line in lines[lines["diverged"] > 0].itertuples()
    ]
    return f"Full divergences: {', '.join(found) or 'none'}."


def _break(rows):
    """Where the axis is broken: the lowest of the other lines in the second half of the steps.

    None where no line ends near chance, or all do.
    """
    ends = rows.groupby(["method", "rate_multiple"])["mean"].transform("last")
    alive = rows[(ends - CHANCE > NEAR) & (rows["step"] >= rows["step"].max() / 2)]
    return None if alive.empty or (ends - CHANCE > NEAR).all() else alive["mean"].min() - NEAR / 2


def _broken(panels, rows, at):
    """The panels of one row as two: those above the break, then what is left of them below it."""
    low, high = rows["mean"].min(), rows[["mean", "high"]].max().max()
    upper = [panel._replace(limits=(at, high + NEAR / 4)) for panel in panels]
    below = {"limits": (min(low, CHANCE) - NEAR / 2, at), "continues": True}
    return upper + [panel._replace(**below) for panel in panels]


def _mean(method, part):
    key = method_key(method)
    about = f"{key.name}, mean of {part['n'].iloc[0]} runs"
    return Line(key, part["step"], part["mean"], about, part["low"], part["high"])


def _single(run, curve):
    key = method_key(run.method)
    about = f"{key.name}, seed {run.seed}, {run.run_id}"
    return Line(key, curve["step"], curve["auc"], about, width=0.35, opacity=0.55)

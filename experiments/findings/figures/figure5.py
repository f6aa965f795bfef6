"""Figure 5: AUC against steps, the methods on Large+DCN, and Clippy beside GC on each model."""

import pandas as pd

from experiments.findings.dynamics import judged
from experiments.findings.figures import style
from experiments.findings.names import METHOD_NAMES, MODEL_NAMES
from experiments.findings.statistics import interval
from experiments.training.divergence import CHANCE

ABOUT = (
    "Repeats of Table 2, data seed {data_seed}, each rate with its best threshold: mean and 95 % "
    "interval of the mean (Student's t) over n = {n} runs a line. After a loss that was no number "
    "a run counts as at chance."
)


def frame(runs, curves, models, methods):
    """One row a line and evaluation.

    Args:
      runs: repeats of Table 2, one row a run.
      curves: dict from run id to curves.
      models, methods: what is shown, in the order of lines.
    Returns: DataFrame with data_seed, model, method, rate_multiple, step, mean, low, high, n.
    """
    parts = []
    for model in models:
        for method in methods:
            mine = runs[(runs["model"] == model) & (runs["method"] == method)]
            for rate, cell in mine.groupby("rate_multiple"):
                line = {"data_seed": cell["data_seed"].iloc[0], "model": model, "method": method}
                line |= {"rate_multiple": rate}
                parts.append(line_of([curves[run] for run in cell["run_id"]]).assign(**line))
    rows = pd.concat(parts, ignore_index=True)
    front = ["data_seed", "model", "method", "rate_multiple"]
    return rows[[*front, *rows.columns.difference(front, sort=False)]]


def line_of(curves):
    """Mean and interval over runs at every evaluation that any of them reached.

    Args:
      curves: list of the curves of runs.
    Returns: DataFrame with step, mean, low, high and n, the number of runs.
    """
    auc = pd.concat([judged(curve).set_index("step")["auc"] for curve in curves], axis=1)
    auc = auc.sort_index().fillna(CHANCE)
    ends = [interval(values) for _, values in auc.iterrows()]
    columns = {"step": auc.index, "mean": auc.mean(axis=1).to_numpy()}
    columns |= {end: [found[end] for found in ends] for end in ("low", "high")}
    return pd.DataFrame(columns | {"n": len(curves)})


def draw_methods(rows):
    """Figure 5a: one panel a rate, one line a method.

    Args:
      rows: from frame, of one model.
    Returns: Figure.
    """
    rates = sorted(rows["rate_multiple"].unique())
    with style.sheet():
        figure, axes = style.panels(1, len(rates), width=style.COLUMN, height=2.3, sharey=True)
        for axis, rate in zip(axes[0], rates, strict=True):
            plot_auc(axis, rows[rows["rate_multiple"] == rate])
            model = rows["model"].iloc[0]
            axis.set(title=f"{MODEL_NAMES.get(model, model)}, {rate:g}x", xlabel="training step")
        axes[0, 0].set_ylabel("AUC on the last day")
        _legend(figure, axes)
        style.caption(figure, caption(rows))
    return figure


def draw_models(rows):
    """Figure 5b: one row of panels a rate, one column a model.

    Args:
      rows: from frame.
    Returns: Figure.
    """
    rates, models = sorted(rows["rate_multiple"].unique()), list(rows["model"].unique())
    with style.sheet():
        figure, axes = style.panels(
            len(rates), len(models), width=style.PAGE, height=3.6, sharex=True, sharey=True
        )
        for line, rate in zip(axes, rates, strict=True):
            for axis, model in zip(line, models, strict=True):
                plot_auc(axis, rows[(rows["rate_multiple"] == rate) & (rows["model"] == model)])
                axis.set_title(f"{MODEL_NAMES.get(model, model)}, {rate:g}x")
            line[0].set_ylabel("AUC on the last day")
        for axis in axes[-1]:
            axis.set_xlabel("training step")
        _legend(figure, axes)
        style.caption(figure, caption(rows))
    return figure


def plot_auc(axis, rows):
    """Mean and band, one line a method."""
    for method, line in rows.groupby("method", sort=False):
        colour, name = style.METHODS[method], METHOD_NAMES.get(method, method)
        axis.plot(line["step"], line["mean"], color=colour, label=name)
        axis.fill_between(
            line["step"], line["low"], line["high"], color=colour, alpha=0.2, linewidth=0
        )
    return axis


def _legend(figure, axes):
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), handlelength=1.4)


def caption(rows):
    """What a reader must know, from the rows of frame."""
    seed, n = rows["data_seed"].iloc[0], style.counts(rows["n"])
    return ABOUT.format(data_seed=seed, n=n)

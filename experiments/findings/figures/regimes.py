"""Where Clippy pays: AUC of each method by rate, over loss scales and sizes of shocks."""

from experiments.findings import regimes
from experiments.findings.figures import style
from experiments.findings.figures.drawing import AUC, RATE, Drawing, Line, Panel, method_key
from experiments.findings.names import MODEL_NAMES

CAPTION = (
    "{model}, data seed {data_seed}: AUC of each method at the end by rate, at its best threshold "
    "of section 5.1.3 there. n = {n} run a point, no interval. Columns: factor on the loss of "
    "every task. Rows: factor on the shocked labels; 1 is a stream without shocks. A run whose AUC "
    "is not defined counts as at chance."
)


def frame(material):
    """One row a regime and method.

    Returns: DataFrame with data_seed, model and the columns of regimes.chosen.
    Raises: NotDefined where the study is not recorded.
    """
    runs = material.recorded(regimes.STUDY)
    rows, first = regimes.chosen(runs), runs.iloc[0]
    rows.insert(0, "data_seed", first["data_seed"])
    rows.insert(1, "model", first["model"])
    return rows


def drawing(rows):
    """One row of panels a size of shocks, one column a loss: Drawing of the rows of `frame`."""
    ticks, panels = tuple(sorted(rows["rate_multiple"].unique())), []
    keys = {method: method_key(method) for method in rows["method"].unique()}
    for (shock, loss), part in rows.groupby(["shock", "loss"]):
        title = f"loss \N{MULTIPLICATION SIGN} {loss:g}, labels \N{MULTIPLICATION SIGN} {shock:g}"
        lines = [_line(keys[name], cell) for name, cell in part.groupby("method", sort=False)]
        panels.append(Panel(RATE, AUC, lines, title=title, ticks=ticks))
    columns, first = rows["loss"].nunique(), rows.iloc[0]
    about = {"model": MODEL_NAMES[first["model"]], "data_seed": first["data_seed"]}
    caption = CAPTION.format(**about, n=style.counts(rows["n"]))
    look = {"height": 1.4 * -(-len(panels) // columns) + 0.4, "width": style.PAGE}
    look["shared"] = {"sharex": True, "sharey": True}
    look["legend"] = {"loc": "outside upper center", "ncols": len(keys)}
    return Drawing(panels, columns, list(keys.values()), caption, **look)


def _line(key, cell):
    cell = cell.sort_values("rate_multiple")
    about, known = key.name, cell["threshold"].dropna()
    about += f", thresholds {', '.join(map('{:g}'.format, known))}" if len(known) else ""
    return Line(key, cell["rate_multiple"], cell["auc"], about, dots=4)

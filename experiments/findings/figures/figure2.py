"""Figure 2: the ranking model, read off the model object."""

import pandas as pd
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from experiments.findings.figures import style
from experiments.findings.figures.drawing import Drawing
from experiments.findings.names import MODEL_NAMES

COLOURS = {
    "input": "#EFEFEF",
    "embedding": "#CFE3F1",
    "cross": "#DCCDEA",
    "norm": "#EEE6F5",
    "hidden": "#CDE8DC",
    "binary": "#F8DDC6",
    "regression": "#F5EFC0",
}
GAP = 0.35  # between two levels, in heights of a box
BOX = {"boxstyle": "round,pad=0,rounding_size=0.02", "mutation_aspect": 8}
BOX |= {"edgecolor": "#666666", "linewidth": 0.5}
ARROW = {"arrowstyle": "-|>", "mutation_scale": 4, "shrinkA": 0, "shrinkB": 0}
ARROW |= {"linewidth": 0.4, "color": "#666666"}
CAPTION = (
    "{model}, as this profile builds it, read off the model object: {parameters:,} parameters "
    "outside the embeddings. A drawing: n = 0 runs, no interval."
)


def frame(model, tasks, categorical_features):
    """One row a box of a RankingModel, from the inputs up.

    `tasks` are (name, kind) of what it learns. The columns are model, parameters, level (0 at the
    bottom), place (within the level), kind (a key of COLOURS) and text.
    """
    width = (model.cross or model.hidden)[0].trainable_variables[0].shape[0]
    embedded = model.embedding.output_dim
    dense = ("input", f"{width - categorical_features * embedded} dense\nfeatures")
    looked_up = f"{categorical_features} categorical features,\nembedded in {embedded}"
    levels = [[dense, ("embedding", looked_up)], [("input", f"concatenation: {width}")]]
    levels += [[("cross", f"{layer.name}: DCN-v2, {_shape(layer)}")] for layer in model.cross]
    levels += [[("norm", "layer normalization")]] * (model.norm is not None)
    for layer in model.hidden:
        levels.append([("hidden", f"{layer.name}: {_shape(layer)}, {layer.activation.__name__}")])
    levels.append([(kind, name.replace("_", "\n")) for name, kind in tasks])
    about = {"model": model.name, "parameters": model.non_embedding_parameters()}
    return pd.DataFrame(
        about | {"level": level, "place": place, "kind": kind, "text": text}
        for level, boxes in enumerate(levels)
        for place, (kind, text) in enumerate(boxes)
    )


def _shape(layer):
    return " x ".join(map(str, layer.trainable_variables[0].shape))


def drawing(rows):
    """A Drawing of the rows of `frame` without panels: the page shows the printed picture."""
    model, parameters = rows.iloc[0][["model", "parameters"]]
    return Drawing([], 1, [], CAPTION.format(model=MODEL_NAMES[model], parameters=parameters))


def draw(rows):
    """Figure of the rows of `frame`: boxes, the inputs at the bottom and the tasks at the top."""
    top = rows["level"].max() + 1
    with style.panels(1, 1, 0.32 * top) as (figure, ((axis,),)):
        _boxes(axis, rows)
        shared = rows[rows["kind"].isin(["cross", "norm", "hidden"])]["level"]
        low, high = shared.min() - GAP / 2, shared.max() + 1 - GAP / 2
        axis.axhspan(low, high, color="#F7F7F7", zorder=0, linewidth=0)
        axis.text(0.0, high - 0.1, "shared by\nall tasks", va="top", fontsize=6)
        axis.set(xlim=(-0.01, 1.01), ylim=(-0.05, top))
        axis.axis("off")
    return figure


def _boxes(axis, rows):
    """Each box with its text, and an arrow from it to all of the next level."""
    beside = rows.groupby("level")["place"].transform("size")
    rows = rows.assign(beside=beside, middle=(rows["place"] + 0.5) / beside)
    for box in rows.itertuples():
        width, height = 0.62 if box.beside == 1 else 0.92 / box.beside, 1 - GAP
        corner, middle = (box.middle - width / 2, box.level), (box.middle, box.level + height / 2)
        axis.add_patch(FancyBboxPatch(corner, width, height, facecolor=COLOURS[box.kind], **BOX))
        axis.text(*middle, box.text, ha="center", va="center", fontsize=6, linespacing=0.95)
        for above in rows.loc[rows["level"] == box.level + 1, "middle"]:
            ends = (box.middle, box.level + height), (above, box.level + 1)
            axis.add_patch(FancyArrowPatch(*ends, **ARROW))

"""Figure 2: the ranking model, read off the model object."""

import pandas as pd
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from experiments.findings.figures import style

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
CAPTION = (
    "{model}, as this profile builds it, read off the model object: {parameters:,} parameters "
    "outside the embeddings. A drawing: n = 0 runs, no interval."
)


def frame(model, tasks, categorical_features):
    """One row a box, from the inputs up.

    Args:
      model: RankingModel.
      tasks: (name, kind) of what it learns, in order.
      categorical_features: number of embedded features of a batch.
    Returns: DataFrame with model, parameters, level (0 at the bottom), place (within the level),
      kind (a key of COLOURS) and text.
    """
    width = (model.cross or model.hidden)[0].trainable_variables[0].shape[0]
    embedded = model.embedding.output_dim
    levels = [
        [
            ("input", f"{width - categorical_features * embedded} dense\nfeatures"),
            ("embedding", f"{categorical_features} categorical features,\nembedded in {embedded}"),
        ],
        [("input", f"concatenation: {width}")],
    ]
    levels += [[("cross", f"{layer.name}: DCN-v2, {_shape(layer)}")] for layer in model.cross]
    levels += [[("norm", "layer normalization")]] * (model.norm is not None)
    levels += [
        [("hidden", f"{layer.name}: {_shape(layer)}, {layer.activation.__name__}")]
        for layer in model.hidden
    ]
    levels.append([(kind, name.replace("_", "\n")) for name, kind in tasks])
    return pd.DataFrame(
        {
            "model": model.name,
            "parameters": model.non_embedding_parameters(),
            "level": level,
            "place": place,
            "kind": kind,
            "text": text,
        }
        for level, boxes in enumerate(levels)
        for place, (kind, text) in enumerate(boxes)
    )


def _shape(layer):
    return " x ".join(map(str, layer.trainable_variables[0].shape))


def draw(rows, names):
    """The boxes, from the inputs at the bottom to the tasks at the top.

    Args:
      rows: from frame.
      names: dict from a model to its name in print.
    Returns: Figure.
    """
    levels = rows["level"].max() + 1
    with style.sheet():
        figure, axes = style.panels(1, 1, width=style.COLUMN, height=0.4 + 0.32 * levels)
        plot_model(axes[0, 0], rows)
        style.caption(figure, caption(rows, names))
    return figure


def caption(rows, names):
    """What a reader must know, from the rows of frame; `names` as for draw."""
    first = rows.iloc[0]
    model = names.get(first["model"], first["model"])
    return CAPTION.format(model=model, parameters=first["parameters"])


def plot_model(axis, rows):
    """Boxes by level, an arrow from each to all of the next."""
    for level, boxes in rows.groupby("level"):
        for box in boxes.itertuples():
            _box(axis, box, len(boxes))
        above = rows[rows["level"] == level + 1]
        for below in boxes.itertuples():
            for box in above.itertuples():
                _arrow(
                    axis, (_middle(below.place, len(boxes)), level), _middle(box.place, len(above))
                )
    shared = rows[rows["kind"].isin(["cross", "norm", "hidden"])]["level"]
    axis.axhspan(
        shared.min() - GAP / 2, shared.max() + 1 - GAP / 2, color="#F7F7F7", zorder=0, linewidth=0
    )
    axis.text(0.0, shared.max() + 0.9 - GAP / 2, "shared by\nall tasks", va="top", fontsize=5.5)
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.05, rows["level"].max() + 1))
    axis.axis("off")
    return axis


def _middle(place, count):
    return 0.5 if count == 1 else (place + 0.5) / count


def _box(axis, box, count):
    width = 0.62 if count == 1 else 0.92 / count
    left = _middle(box.place, count) - width / 2
    axis.add_patch(
        FancyBboxPatch(
            (left, box.level),
            width,
            1 - GAP,
            boxstyle="round,pad=0,rounding_size=0.02",
            mutation_aspect=8,
            facecolor=COLOURS[box.kind],
            edgecolor="#666666",
            linewidth=0.5,
        )
    )
    middle = (left + width / 2, box.level + (1 - GAP) / 2)
    axis.text(*middle, box.text, ha="center", va="center", fontsize=5.5, linespacing=0.95)


def _arrow(axis, start, end):
    (x, level) = start
    axis.add_patch(
        FancyArrowPatch(
            (x, level + 1 - GAP),
            (end, level + 1),
            arrowstyle="-|>",
            mutation_scale=4,
            shrinkA=0,
            shrinkB=0,
            linewidth=0.4,
            color="#666666",
        )
    )

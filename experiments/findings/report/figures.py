"""The figures of the page: those of the paper, then the curves of studies, as they are in print."""

import functools
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.findings.figures import figure5, study
from experiments.findings.figures.catalogue import FIGURES
from experiments.findings.report import plots
from experiments.findings.report.tables import words

STUDY = "study_"  # beginning of figures/study_<name>.csv


class Interactive(NamedTuple):
    """A figure of the page.

    stem: of its files; heading and caption: texts; spec: from plots.figure, or None for one that is
    shown as the static picture alone.
    """

    stem: str
    heading: str
    caption: str
    spec: dict | None


def interactive(material):
    """The figures whose points are on disk: list of Interactive.

    Args:
      material: Material.
    Raises: BadInput for points without a column that is drawn.
    """
    makers = {}
    for name, figure in FIGURES.items():
        make = figure.drawing
        if make is figure5.drawing:
            make = functools.partial(make, singles=_single_runs(material))
        makers[f"figure{name}"] = (f"Figure {name}: {figure.title}", make)
    for stem in sorted(material.figures):
        if stem.startswith(STUDY):
            title, _ = words(material.texts.get(stem.removeprefix(STUDY), ""))
            makers[stem] = (f"Study {stem.removeprefix(STUDY)}: {title}", study.drawing)
    return [
        _interactive(stem, heading, make, material.figures[stem])
        for stem, (heading, make) in makers.items()
        if stem in material.figures
    ]


def _interactive(stem, heading, make, rows):
    try:
        drawing = make(rows)
    except KeyError as error:
        raise BadInput(
            f"figures/{stem}.csv: no column {error}: expected a file of this version: make it again"
        ) from error
    spec = plots.figure(drawing) if drawing.panels else None
    return Interactive(stem, heading, drawing.caption, spec)


def _single_runs(material):
    """The repeats of Table 2 whose curves are on disk: list of (row, curves)."""
    runs = material.tables.get("table2_runs")
    if runs is None:
        return []
    rows = runs[(runs["role"] == "repeat") & runs["run_id"].isin(list(material.runs))]
    return [(row, material.runs[row.run_id].curves) for row in rows.itertuples()]

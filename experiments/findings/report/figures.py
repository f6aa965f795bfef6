"""The figures of the page, drawn as in print: the paper's, ours, then the curves of studies."""

import functools
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.findings.figures import figure5, study
from experiments.findings.figures.catalogue import FIGURES, heading, stem
from experiments.findings.report import plots
from experiments.findings.report.tables import words

STUDY = "study_"  # beginning of figures/study_<name>.csv


class Interactive(NamedTuple):
    """A figure of the page."""

    stem: str  # of its files
    heading: str
    caption: str  # that of <stem>.txt
    spec: dict | None  # from plots.figure, or None for one shown as the static picture alone
    files: list  # paths of the same figure on disk
    of_study: bool


def interactive(material):
    """The figures of a Material; BadInput for points without a column that is drawn."""
    makers = {stem(name): (heading(name), figure.drawing) for name, figure in FIGURES.items()}
    for file in sorted(material.figures):
        if file.startswith(STUDY):
            name = file.removeprefix(STUDY)
            title, _ = words(material.texts.get(name, ""))
            makers[file] = (f"Study {name}: {title}", study.drawing)
    found = []
    for file, (above, make) in makers.items():
        if file not in material.figures:
            continue
        if make is figure5.drawing:
            make = functools.partial(make, singles=_single_runs(material), zooms=True)
        try:
            drawing = make(material.figures[file])
        except KeyError as error:
            said = f"no column {error}: expected a file of this version: make it again"
            raise BadInput(f"figures/{file}.csv: {said}") from error
        spec = plots.figure(drawing) if drawing.panels else None
        files = material.links(f"figures/{file}", ("png", "pdf", "csv", "txt"))
        of_study = file.startswith(STUDY)
        found.append(Interactive(file, above, drawing.caption, spec, files, of_study))
    return found


def _single_runs(material):
    """The repeats of Table 2 whose curves are on disk: list of (row, curves)."""
    runs = material.tables.get("table2_runs")
    if runs is None:
        return []
    rows = runs[(runs["role"] == "repeat") & runs["run_id"].isin(list(material.runs))]
    return [(row, material.runs[row.run_id].curves) for row in rows.itertuples()]

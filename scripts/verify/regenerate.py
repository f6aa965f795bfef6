"""What a results folder holds, made once more from copies of its records in another folder."""

import functools
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.findings import make, table1
from experiments.findings.detection import write_detector
from experiments.findings.evidence import write_claims
from experiments.findings.figures import study as study_figure
from experiments.findings.figures import style
from experiments.findings.figures.catalogue import FIGURES, stem
from experiments.findings.figures.material import Material
from experiments.findings.runs import RUNS
from experiments.findings.seeds import remembered
from experiments.machinery.gin_files import CONFIGS
from experiments.studies import calibration, session
from experiments.studies import known as studies
from experiments.training.config import DEFAULT_DATA_SEED

OF_OTHER_FORM = {"table2", "figure7"}  # studies with parts of their own


class Part(NamedTuple):
    """Files of a results folder that are made together."""

    names: list[str]  # below the folder
    make: object  # function without arguments, or None where nothing is known of them


def parts(options, folder, evidence, seeds=None):
    """The Parts of which a results folder has at least one file, as a list.

    They are made of the records in the results folder of `options`, copies and nothing else, and
    are written there. `evidence` gives the Evidence of these copies for a number of run seeds;
    `seeds` are as in `verify`.
    """
    known, root = remembered(folder), options.store(options.data_seed).root

    def given(name):
        return known.get(name) if seeds is None else seeds

    @functools.cache
    def recorded():
        opened = session.recorded(options)
        if opened is None:
            raise BadInput("the runs of the calibration are not recorded")
        return opened

    def write_table2():
        opened, table = recorded(), studies.table2_config(given("table2"))
        make.write_table2(opened.folder, table, *opened.run_table2(table), opened.found)

    def write_figure7():
        make.write_figure7(root, material(given("figure7")).translation)

    def figure(name):
        def write():
            points = FIGURES[name].frame(of)
            _write(points, FIGURES[name].drawing(points), root / "figures", stem(name))

        of = material(given(stem(name)))
        return Part(_points(stem(name)), write)

    def claims(name, *endings):
        names = [f"{name}.{ending}" for ending in endings]
        return Part(names, lambda: write_claims(options, evidence(given(name))))

    material = functools.cache(lambda repeats: Material(options, recorded, repeats))
    pooled = [claims("claims_pooled", "json")] * (options.data_seed == DEFAULT_DATA_SEED)
    names = {path.name.removesuffix(RUNS) for path in folder.glob(f"*{RUNS}")} - OF_OTHER_FORM
    found = [
        Part(["calibration.json"], lambda: calibration.write(root, recorded().found)),
        Part([*make.TABLE2], write_table2),
        *(_study(recorded, folder, name, given(name)) for name in sorted(names)),
        Part(_files("figure7"), write_figure7),
        Part(["table1.csv", "table1.md", "table1.tex"], lambda: table1.write(root)),
        *map(figure, FIGURES),
        claims("claims", "json", "md"),
        *pooled,
        Part(["detector.csv", "detector.md"], lambda: write_detector(options)),
    ]
    return [part for part in found if any((folder / name).exists() for name in part.names)]


def _files(name, *more):
    return [*(f"{name}.{ending}" for ending in ("csv", "md", *more)), f"{name}{RUNS}"]


def _study(recorded, folder, name, seeds):
    names = _files(name, "tex") if name == "table3" else _files(name)
    file, points = CONFIGS / "studies" / f"{name}.gin", _points(f"study_{name}")
    if not file.exists():
        return Part(names, None)
    drawn = (folder / points[0]).exists()

    def write():
        opened, config = recorded(), studies.cases_config(str(file), seeds)
        runs = make.runs_of(opened, name, config)
        make.write_study(opened.folder, name, config, runs, opened.found)
        if drawn:
            rows = make.study_points(opened.study.store, runs)
            made = study_figure.drawing(rows, config.title)
            _write(rows, made, opened.folder / "figures", f"study_{name}")

    return Part([*names, *points] if drawn else names, write)


def _points(name):
    return [f"figures/{name}.{ending}" for ending in ("csv", "txt")]


def _write(rows, drawing, folder, name):
    folder.mkdir(exist_ok=True)
    style.save_texts(rows, drawing.caption, folder, name)

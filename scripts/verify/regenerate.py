"""What a results folder holds, made once more from copies of its records in another folder."""

import dataclasses
import functools
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.findings import make, table1
from experiments.findings.detection import write_detector
from experiments.findings.evidence import write_claims
from experiments.findings.figures.catalogue import FIGURES
from experiments.findings.figures.material import Material
from experiments.findings.runs import RUNS
from experiments.machinery.gin_files import CONFIGS
from experiments.studies import calibration, known, session
from experiments.training.config import DEFAULT_DATA_SEED


def at(options, results, data_seed):
    """The options for another folder of all results and another data seed."""
    return dataclasses.replace(options, results=str(results), data_seed=data_seed)


class Part(NamedTuple):
    """Files of a results folder that are made together."""

    names: list[str]  # below the folder
    make: object  # function without arguments, or None where nothing is known of them


def parts(options, folder, evidence, seeds=None):
    """What can be made again of the files in a results folder.

    Args:
      options: session.Options whose results are a folder with copies of the records and nothing
        else; the files are written there.
      folder: the results folder whose files are wanted; nothing is written there.
      evidence: evidence.Evidence from these copies.
      seeds: run seeds of each setting, or None for the studies' own numbers.
    Returns: list of Part, those of which the folder has at least one file.
    """
    material = Material(options, functools.partial(_session, options), seeds)
    root = options.store(options.data_seed).root
    claims = ["claims.json", "claims.md"]
    claims += ["claims_pooled.json"] if options.data_seed == DEFAULT_DATA_SEED else []
    studies = (path.name.removesuffix(RUNS) for path in sorted(folder.glob(f"*{RUNS}")))
    found = [
        Part(["calibration.json"], lambda: calibration.write(root, material.session.found)),
        Part(_files("table2", "tex"), lambda: _table2(material.session, seeds)),
        *(_study(material, folder, name, seeds) for name in studies if name != "table2"),
        Part(["table1.csv", "table1.md", "table1.tex"], lambda: table1.write(root)),
        *(
            Part([f"figures/figure{name}.csv"], functools.partial(_figure, material, root, name))
            for name in FIGURES
        ),
        Part(claims, lambda: write_claims(options, evidence)),
        Part(["detector.csv", "detector.md"], lambda: write_detector(options)),
    ]
    return [part for part in found if any((folder / name).exists() for name in part.names)]


def _files(name, *more):
    return [*(f"{name}.{ending}" for ending in ("csv", "md", *more)), f"{name}{RUNS}"]


def _session(options):
    opened = session.recorded(options)
    if opened is None:
        raise BadInput("the runs of the calibration are not recorded")
    return opened


def _table2(opened, seeds):
    table = known.table2_config(seeds)
    make.write_table2(opened.folder, table, *opened.run_table2(table), opened.found)


def _study(material, folder, name, seeds):
    """The Part of a study of cases."""
    names = _files(name, "tex") if name == "table3" else _files(name)
    file, points = CONFIGS / "studies" / f"{name}.gin", f"figures/study_{name}.csv"
    if not file.exists():
        return Part(names, None)
    drawn = (folder / points).exists()

    def write():
        opened, config = material.session, known.cases_config(str(file), seeds)
        runs = opened.run_cases(config)
        make.write_study(opened.folder, name, config, runs, opened.found)
        if drawn:
            _write(opened.folder / points, make.study_points(opened.study.store, runs))

    return Part([*names, points] if drawn else names, write)


def _figure(material, root, name):
    _write(root / "figures" / f"figure{name}.csv", FIGURES[name].frame(material))


def _write(path, frame):
    path.parent.mkdir(exist_ok=True)
    path.write_text(frame.to_csv(index=False, lineterminator="\n"))

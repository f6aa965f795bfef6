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
from experiments.machinery.gin_files import CONFIGS
from experiments.studies import calibration, known, session
from experiments.training.config import DEFAULT_DATA_SEED

RUNS = "_runs.csv"  # the ending of the file that lists the runs of a study


def at(options, results, data_seed):
    """The options for another folder of all results and another data seed."""
    return dataclasses.replace(options, results=str(results), data_seed=data_seed)


class Part(NamedTuple):
    """Files of a results folder that are made together.

    names: of the files, below the folder.
    make: function without arguments that writes them, or None where nothing is known of them.
    """

    names: tuple[str, ...]
    make: object


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
    again, is_home = _Again(options, seeds), options.data_seed == DEFAULT_DATA_SEED
    claims = ("claims.json", "claims.md", *(("claims_pooled.json",) if is_home else ()))
    found = [
        Part(("calibration.json",), again.calibration),
        Part(_files("table2", "tex"), again.table2),
        *(again.study(folder, name) for name in _studies(folder)),
        Part(("table1.csv", "table1.md", "table1.tex"), lambda: table1.write(again.folder)),
        *(
            Part((f"figures/figure{name}.csv",), functools.partial(again.figure, name))
            for name in FIGURES
        ),
        Part(claims, lambda: write_claims(options, evidence)),
        Part(("detector.csv", "detector.md"), lambda: write_detector(options)),
    ]
    return [part for part in found if any((folder / name).exists() for name in part.names)]


def _files(name, *more):
    return (*(f"{name}.{ending}" for ending in ("csv", "md", *more)), f"{name}{RUNS}")


def _studies(folder):
    """Names of the studies of cases in a results folder."""
    names = (path.name.removesuffix(RUNS) for path in sorted(folder.glob(f"*{RUNS}")))
    return [name for name in names if name != "table2"]


class _Again:
    """The makers of one data seed, which read records and train nothing."""

    def __init__(self, options, seeds):
        self._options, self._seeds = options, seeds

    @functools.cached_property
    def session(self):
        """Raises: BadInput without the runs of the calibration."""
        opened = session.recorded(self._options)
        if opened is None:
            raise BadInput("the runs of the calibration are not recorded")
        return opened

    @functools.cached_property
    def material(self):
        return Material(self._options, lambda: self.session, self._seeds)

    @property
    def folder(self):
        return self._options.store(self._options.data_seed).root

    def calibration(self):
        calibration.write(self.folder, self.session.found)

    def table2(self):
        table = known.table2_config(self._seeds)
        runs, optimal = self.session.run_table2(table)
        make.write_table2(self.folder, table, runs, optimal, self.session.found)

    def study(self, folder, name):
        """The Part of a study of cases."""
        names = _files(name, "tex") if name == "table3" else _files(name)
        file = CONFIGS / "studies" / f"{name}.gin"
        if not file.exists():
            return Part(names, None)
        points = f"figures/study_{name}.csv"
        drawn = (folder / points).exists()

        def write():
            config = known.cases_config(str(file), self._seeds)
            runs = self.session.run_cases(config)
            make.write_study(self.folder, name, config, runs, self.session.found)
            if drawn:
                self._points(points, make.study_points(self.session.study.store, runs))

        return Part(names + (points,) * drawn, write)

    def figure(self, name):
        self._points(f"figures/figure{name}.csv", FIGURES[name].frame(self.material))

    def _points(self, name, frame):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(frame.to_csv(index=False, lineterminator="\n"))

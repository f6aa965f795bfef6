"""What a results folder holds, computed once more from its records into another folder."""

import dataclasses
import functools
import shutil
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.findings import make as reproduce
from experiments.findings import table1
from experiments.findings import write_figures as figures
from experiments.findings.detection import write_detector
from experiments.findings.evidence import write_claims
from experiments.findings.write_report import write_report
from experiments.machinery.gin_files import CONFIGS
from experiments.studies import calibration, known, session
from experiments.training.config import DEFAULT_DATA_SEED

TABLE2 = ("table2.csv", "table2.md", "table2.tex", "table2_runs.csv")
TABLE3 = ("table3.csv", "table3.md", "table3.tex", "table3_runs.csv")
TABLE1 = ("table1.csv", "table1.md", "table1.tex")
POOLED = ("claims_pooled.json",)  # in the folder of the default data seed
REPORT = ("report.html",)
RUNS = "_runs.csv"


class Unknown(BadInput):
    """A study that no gin file of the project describes."""


class Part(NamedTuple):
    """Files that are computed together.

    names: of the files, below the results folder.
    make: function without arguments that writes them.
    """

    names: tuple[str, ...]
    make: object


def parts(options, folder, evidence, repeats=None):
    """What can be computed of the files in a results folder; the report is to come last.

    Args:
      options: session.Options whose results are a folder with copies of the records, and nothing
        else; the files are written there.
      folder: the results folder whose files are wanted; nothing is written there.
      evidence: scorecard.Evidence from these copies.
      repeats: run seeds of each setting, or None for the studies' own numbers.
    Returns: list of Part, those of whose files at least one is in `folder`.
    """
    recorded, is_home = _Recorded(options, repeats), options.data_seed == DEFAULT_DATA_SEED
    found = [
        Part(("calibration.json",), recorded.calibration),
        Part(TABLE2, recorded.table2),
        *(_study(recorded, folder, name) for name in _studies(folder)),
        Part(TABLE1, lambda: table1.write(recorded.folder)),
        *(
            Part((f"figures/figure{name}.csv",), functools.partial(recorded.figure, name))
            for name in figures.MAKERS
        ),
        Part(
            ("claims.json", "claims.md", *POOLED * is_home), lambda: write_claims(options, evidence)
        ),
        Part(("detector.csv", "detector.md"), lambda: write_detector(options)),
        Part(REPORT, lambda: recorded.report(folder)),
    ]
    return [part for part in found if any((folder / name).exists() for name in part.names)]


def _studies(folder):
    """Names of the studies of cases in a results folder."""
    names = (path.name.removesuffix(RUNS) for path in sorted(folder.glob(f"*{RUNS}")))
    return [name for name in names if name != "table2"]


def _study(recorded, folder, name):
    names = TABLE3 if name == "table3" else (f"{name}.csv", f"{name}.md", f"{name}{RUNS}")
    picture = f"figures/study_{name}.csv"
    drawn = (folder / picture).exists()
    make = functools.partial(recorded.study, name, drawn)
    return Part(names + (picture,) * drawn, make)


class _Recorded:
    """The makers of one data seed, which read records and train nothing."""

    def __init__(self, options, repeats):
        self.options, self._repeats = options, repeats

    @functools.cached_property
    def session(self):
        """Raises: BadInput without the runs of the calibration."""
        opened = session.recorded(self.options)
        if opened is None:
            raise BadInput("the runs of the calibration are not recorded")
        return opened

    @functools.cached_property
    def material(self):
        return figures.Material(self.options, lambda: self.session, self._repeats)

    @property
    def folder(self):
        return self.options.store(self.options.data_seed).root

    def calibration(self):
        calibration.write(self.folder, self.session.found)

    def table2(self):
        reproduce.make_table2(self.session, known.table2_config(self._repeats))

    def study(self, name, drawn):
        file = CONFIGS / "studies" / f"{name}.gin"
        if not file.exists():
            raise Unknown(f"no configs/studies/{name}.gin")
        config = known.cases_config(f"configs/studies/{name}.gin", self._repeats)
        runs, _ = reproduce.make_cases(self.session, name, config)
        if drawn:
            self._points(f"study_{name}", reproduce.study_points(self.session, runs))

    def figure(self, name):
        frame, _ = figures.MAKERS[name](self.material)
        self._points(f"figure{name}", frame)

    def _points(self, stem, frame):
        path = self.folder / "figures" / f"{stem}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(frame.to_csv(index=False, lineterminator="\n"))

    def report(self, folder):
        """What was not computed here, as pictures, is taken as it is."""
        for path in [*folder.glob("*.*"), *folder.glob("figures/*"), *folder.glob("runs/*.txt")]:
            copy = self.folder / path.relative_to(folder)
            copy.parent.mkdir(exist_ok=True)
            if path.is_file() and not copy.exists() and path.name != "report.html":
                shutil.copy(path, copy)
        write_report(self.options)


def at(options, results, data_seed):
    """The options for another folder of all results and another data seed."""
    return dataclasses.replace(options, results=str(results), data_seed=data_seed)

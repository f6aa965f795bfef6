"""Studies of their own processes, killed at random or run two at once, end as if left alone."""

import collections
import shutil
import sys
import time

import pytest

from experiments.gin_files import ROOT
from experiments.run.record import Store
from experiments.study import chaos

KILLS = 25
MADE = ("clippy", "configs", "data", "experiments", "models", "scripts")
# Table 2 on one model, and a calibration of two rates: 18 runs in all.
STUDIES = {
    "table2": """
Table2Config.models = ('small',)
Table2Config.methods = ('naive', 'gc')
Table2Config.thresholds = {'gc': (1e-1, 1e-2)}
Table2Config.rate_multiples = (1, 2)
Table2Config.repeats = 2
Table2Config.search_seed = 100
Table2Config.untreated = 'naive'
""",
    "calibration": """
CalibrationConfig.model = 'small'
CalibrationConfig.data_seeds = (1000, 1001)
CalibrationConfig.first_rate = 0.1
CalibrationConfig.factor = 1e30
CalibrationConfig.rates = 2
CalibrationConfig.edge_multiple = 1e30
""",
}


class Site:
    """A copy of the checkout with a small Table 2, and results folders beside it."""

    def __init__(self, folder, cache):
        self._root, self._cache = folder / "checkout", cache
        for name in MADE:
            ignore = shutil.ignore_patterns("__pycache__", "*_test.py", "baseline")
            shutil.copytree(ROOT / name, self._root / name, ignore=ignore)
        # So that runs of a second have checkpoints too.
        module = self._root / "experiments" / "run" / "checkpoint.py"
        module.write_text(module.read_text().replace("\nEVERY_S = 60 ", "\nEVERY_S = 0.1 "))
        for name, text in STUDIES.items():
            (self._root / "configs" / "studies" / f"{name}.gin").write_text(text)

    def study(self, name, log="study.log"):
        """(function that starts the study in a results folder of that name, the folder)."""
        results = self._root.parent / name
        results.mkdir(exist_ok=True)
        line = chaos.command(sys.executable, "smoke", results, self._cache, workers=2, repeats=2)
        return chaos.starter(line, self._root, results / log), results / "smoke"


@pytest.fixture(scope="module")
def site(tmp_path_factory, day_cache):
    return Site(tmp_path_factory.mktemp("site"), day_cache)


@pytest.fixture(scope="module")
def alone(site):
    """The results folder of a study that was left alone, and what it took."""
    start, folder = site.study("alone")
    began = time.monotonic()
    assert start().wait() == 0, (folder.parent / "study.log").read_text()
    return folder, chaos.Alone(len(runs_of(folder)), time.monotonic() - began)


def runs_of(folder):
    return sorted(path.name.split(".")[0] for path in folder.glob("runs/*.csv.gz"))


def test_a_study_killed_at_random_ends_as_if_it_had_not_been(site, alone):
    start, folder = site.study("killed")
    reference, size = alone
    told = chaos.Chaos(start, folder, size, KILLS, seed=1).run()
    resumed = [record.provenance.get("resumed_at_step") for record in Store(folder).records()]
    print(told, resumed)
    assert told.workers + told.parents >= KILLS
    assert told.under_way > 0 and told.parents > 0
    assert chaos.differences(folder, reference) == []
    assert max(collections.Counter(chaos.trained(folder)).values()) == 1


def test_two_studies_at_once_share_the_runs(site, alone):
    (one, folder), (other, _) = site.study("two"), site.study("two", "other.log")
    processes = [one(), other()]
    assert [process.wait() for process in processes] == [0, 0]
    assert chaos.differences(folder, alone[0]) == []
    assert sorted(chaos.trained(folder)) == runs_of(alone[0])
    workers = {path.name for path in folder.glob("logs/worker-*.log")}
    assert len(workers) == 4

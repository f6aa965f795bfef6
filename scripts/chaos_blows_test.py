"""Studies of their own processes, killed at random or run two at once, end as if left alone."""

import collections
import shutil
import sys
import time

import pytest

from experiments.machinery.gin_files import ROOT
from experiments.machinery.records.record import Store
from experiments.studies.testing import leave
from scripts import chaos_blows as chaos

KILLS = 30  # some come too late for their process
LEAST_KILLS = 25
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
    assert told.workers + told.parents >= LEAST_KILLS
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


def test_a_run_that_is_repeated_or_lost_is_noticed(tmp_path):
    audit, crashed = chaos.Audit(tmp_path), leave(tmp_path, seed=1, status="crashed")
    paths = [tmp_path / "runs" / f"{leave(tmp_path, seed=k).run_id}.json" for k in (2, 3)]
    assert audit.look() == 2
    assert leave(tmp_path, seed=1).run_id == crashed.run_id  # crashed first: no repetition
    assert audit.look() == 3
    leave(tmp_path, seed=2)
    with pytest.raises(chaos.Broken, match=f"{paths[0]}: a finished run was repeated"):
        audit.look()
    audit = chaos.Audit(tmp_path)
    audit.look()
    paths[1].unlink()
    with pytest.raises(chaos.Broken, match=f"{paths[1]}: a finished run was lost"):
        audit.look()


def test_what_differs_or_was_left_is_named(tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        leave(folder)
        for name in chaos.TABLES:
            (folder / name).write_text("words")
    assert chaos.differences(*folders) == []
    (folders[0] / "table2.tex").write_text("word")
    draft = folders[0] / "runs" / ".small-gc-1.json.0123.draft"
    draft.write_text("")
    leave(folders[0], seed=1)
    expected = ["table2.tex differs", "curves differ", f"{draft} was left"]
    assert chaos.differences(*folders) == expected

"""Studies of their own processes, killed at random or run two at once, end as if left alone."""

import shutil

import pytest

from experiments.machinery.gin_files import ROOT
from experiments.studies.testing import leave
from scripts import chaos

KILLS = 30
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


@pytest.fixture(scope="module")
def study(tmp_path_factory, day_cache):
    """Function from a name to a chaos.Study of a small Table 2, in a copy of the checkout."""
    folder = tmp_path_factory.mktemp("site")
    root = folder / "checkout"
    for name in MADE:
        ignore = shutil.ignore_patterns("__pycache__", "*_test.py", "baseline")
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    # So that runs of a second have checkpoints too.
    module = root / "experiments" / "machinery" / "records" / "checkpoint.py"
    text = module.read_text()
    assert "\nEVERY_S = 60 " in text
    module.write_text(text.replace("\nEVERY_S = 60 ", "\nEVERY_S = 0.1 "))
    for name, text in STUDIES.items():
        (root / "configs" / "studies" / f"{name}.gin").write_text(text)
    flags = {"profile": "smoke", "cache": day_cache, "workers": 2, "seeds": 2}
    return lambda name: chaos.Study(folder / name, root, **flags)


@pytest.fixture(scope="module")
def alone(study):
    """A study that was left alone."""
    made = study("alone")
    made.leave_alone()
    return made


@pytest.mark.slow
def test_a_study_killed_at_random_ends_as_if_it_had_not_been(study, alone):
    killed = study("killed")
    counts = chaos.torment(killed, len(chaos.trained(alone.results)), KILLS, seed=1)
    assert counts["workers"] + counts["parents"] >= KILLS
    assert counts["at runs"] > 0 and counts["parents"] > 0
    killed.compare(alone)


@pytest.mark.slow
def test_two_studies_at_once_share_the_runs(study, alone):
    two = study("two")
    two.leave_alone(2)
    two.compare(alone)
    assert chaos.trained(two.results) == chaos.trained(alone.results)
    assert len(list(two.results.glob("logs/worker-*.log"))) == 4


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

"""Studies of their own processes, killed at random or run two at once, end as if left alone."""

import shutil

import pytest

from experiments.findings.make import TABLE2
from experiments.machinery.gin_files import ROOT
from experiments.machinery.workers.worker import trained
from experiments.studies.testing import leave
from scripts import chaos

KILLS = 30
MADE = ("clippy", "configs", "data", "experiments", "models", "scripts")
# Table 2 on one model, and a calibration of two rates: 20 runs in all.
STUDIES = {
    "table2": """
Table2Config.models = ('small',)
Table2Config.methods = ('naive', 'gc')
Table2Config.thresholds = {'gc': (1e-1, 1e-2)}
Table2Config.rate_multiples = (1, 2)
Table2Config.repeats = 2
Table2Config.search_seeds = (100, 101)
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


@pytest.mark.slow
def test_a_study_killed_at_random_or_run_twice_at_once_ends_as_one_left_alone(tmp_path, day_cache):
    """In a copy of the checkout, where Table 2 is small and runs of a second have checkpoints."""
    root = tmp_path / "checkout"
    for name in MADE:
        ignore = shutil.ignore_patterns("__pycache__", "*_test.py", "baseline")
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    module = root / "experiments" / "machinery" / "records" / "checkpoint.py"
    text = module.read_text()
    assert "\nEVERY_S = 60 " in text
    module.write_text(text.replace("\nEVERY_S = 60 ", "\nEVERY_S = 0.1 "))
    for name, text in STUDIES.items():
        (root / "configs" / "studies" / f"{name}.gin").write_text(text)
    flags = {"profile": "smoke", "cache": day_cache, "workers": 2, "seeds": 2}
    studies = [chaos.Study(tmp_path / name, root, **flags) for name in ("alone", "killed", "two")]
    alone, killed, two = studies

    alone.leave_alone()
    runs = trained(alone.results)
    counts = chaos.torment(killed, len(runs), KILLS, seed=1)
    assert counts["workers"] + counts["parents"] >= KILLS
    assert counts["at runs"] > 0 and counts["parents"] > 0
    killed.compare(alone)

    two.leave_alone(2)
    two.compare(alone)
    assert trained(two.results) == runs
    assert len(list(two.results.glob("logs/worker-*.log"))) == 4


def test_what_differs_or_was_left_is_named(tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        leave(folder)
        for name in (*TABLE2, "calibration.json"):
            (folder / name).write_text("words")
    assert chaos.differences(*folders) == []
    (folders[0] / "table2.tex").write_text("word")
    draft = folders[0] / "runs" / ".small-gc-1.json.0123.draft"
    draft.write_text("")
    leave(folders[0], seed=1)
    expected = ["table2.tex differs", "curves differ", f"{draft} was left"]
    assert chaos.differences(*folders) == expected

"""The committed results are what their records give."""

import json
import shutil

import pytest

from experiments.gin_files import ROOT
from experiments.reproduce import reproduce
from experiments.study.pool import Pool

COMMITTED = ROOT / "results" / "laptop"


@pytest.fixture
def no_training(monkeypatch):
    """Makes a run that has no record a failure."""

    def refuse(self, configs, display):
        raise AssertionError(f"not recorded: {[config.run_id for config in configs]}")

    monkeypatch.setattr(Pool, "run", refuse)


def test_the_committed_table_is_computed_from_the_committed_records(tmp_path, no_training):
    shutil.copytree(COMMITTED / "runs", tmp_path / "laptop" / "runs")
    text = reproduce(
        profile="laptop",
        data_seed=None,
        repeats=None,
        results=tmp_path,
        cache=tmp_path / "cache",
        workers=1,
    )
    names = ["calibration.json", *(f"table2{end}" for end in (".csv", ".md", ".tex", "_runs.csv"))]
    for name in names:
        assert (tmp_path / "laptop" / name).read_bytes() == (COMMITTED / name).read_bytes(), name
    assert text == (COMMITTED / "table2.md").read_text()


def test_every_committed_record_belongs_to_the_table():
    listed = set((COMMITTED / "table2_runs.csv").read_text().replace("\n", ",").split(","))
    listed |= set((COMMITTED / "calibration.json").read_text().replace('"', " ").split())
    recorded = {path.name.split(".")[0] for path in (COMMITTED / "runs").iterdir()}
    assert recorded - listed == set()


def test_another_data_seed_takes_the_calibration_of_the_profile(tmp_path, monkeypatch):
    shutil.copytree(COMMITTED / "runs", tmp_path / "laptop" / "runs")
    asked = []

    class Stop(Exception):
        pass

    def stop(self, configs, display):
        asked.extend(configs)
        raise Stop

    monkeypatch.setattr(Pool, "run", stop)
    with pytest.raises(Stop):
        reproduce(
            profile="laptop",
            data_seed=5,
            repeats=None,
            results=tmp_path,
            cache=tmp_path / "cache",
            workers=1,
        )
    assert {config.data_seed for config in asked} == {5}
    base_rate = json.loads((COMMITTED / "calibration.json").read_text())["base_rate"]
    assert {config.learning_rate for config in asked} == {base_rate, 2 * base_rate}
    assert len(asked) == 60
    assert (tmp_path / "laptop-data5" / "runs").is_dir()

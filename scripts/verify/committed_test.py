"""The committed results are what their records give."""

import json
import shutil

import pytest

from experiments.errors import Differs
from experiments.machinery.gin_files import ROOT
from experiments.machinery.workers.pool import Pool
from experiments.studies.known import table2_config
from experiments.studies.session import opened
from scripts.testing import options
from scripts.verify.__main__ import refuse, verify

HOME = ROOT / "results" / "laptop"  # of the default data seed
TRANSLATION = "laptop_translation"
COMMITTED = sorted((ROOT / "results").glob("laptop*"))
OTHER = sorted((ROOT / "results").glob("laptop-data*"))[-1].name


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """The committed results with a few things that are not right: (folder, items, lines)."""
    results = tmp_path_factory.mktemp("changed")
    for folder in COMMITTED:
        shutil.copytree(folder, results / folder.name)
    other, lines = results / OTHER, []
    (other / "figures" / "figure5a.pdf").unlink()
    (other / "table2.tex").unlink()
    with (other / "table2.csv").open("a") as file:
        file.write("small,own,auc\n")
    (other / "own_runs.csv").write_text("run_id\n")
    (other / "runs" / "small-gc-0123456789ab.json").write_text("{}")
    items = []
    for profile in (TRANSLATION, "laptop"):
        items += verify(options(results, profile), None, say=lines.append)
    return results, {item.name: item for item in items}, lines


def test_the_committed_results_are_computed_from_the_committed_records(changed):
    _, items, lines = changed
    rows = len((ROOT / "results" / OTHER / "table2.csv").read_text().splitlines())
    longer = f"line {rows + 1}: 'small,own,auc' on disk, 'no line' from the records"
    strange = "no gin file of the project describes this study"
    planted = {
        "runs/small-gc-0123456789ab.json": ("differs", "not a record ('schema')"),
        "table2.csv": ("differs", longer),
        "figures/figure5a.csv": ("missing", "one of its pictures is not there"),
        "table2.tex": ("missing", "what it was made with is there"),
        "own_runs.csv": ("not checked", strange),
    }
    wrong = {f"{OTHER}/{name}": found for name, found in planted.items()}
    measured = [f"laptop/{name}" for name in ("bench.json", "bench_scale.csv", "bench_scale.md")]
    for folder in COMMITTED:
        measured += [f"{folder.name}/{path.name}" for path in folder.glob("rescues.*")]
    wrong |= dict.fromkeys(measured, ("not checked", "not computed from records"))
    assert {name: item[::2] for name, item in items.items() if item.verdict != "ok"} == wrong
    of_laptop = [name for name in items if not name.startswith(TRANSLATION)]
    assert lines[-1].startswith(f"{len(of_laptop)} items: {len(of_laptop) - len(wrong)} ok")
    with pytest.raises(Differs, match=f"^4 of {len(items)} items differ or are missing"):
        refuse(items.values())


def test_every_committed_file_is_verified_and_none_is_written(changed):
    results, items, _ = changed
    for folder in COMMITTED:
        files = {*folder.glob("*.*"), *folder.glob("figures/*.csv"), *folder.glob("figures/*.txt")}
        files -= {folder / "report.html"}
        assert {f"{folder.name}/{path.relative_to(folder)}" for path in files} <= set(items)
        pictures = {path.with_suffix("") for path in folder.glob("figures/*.*")}
        assert pictures == {path.with_suffix("") for path in folder.glob("figures/*.csv")}
    own = {"own_runs.csv", "small-gc-0123456789ab.json", "table2.csv"}
    for path in results.rglob("*.*"):
        committed = ROOT / "results" / path.relative_to(results)
        assert path.name in own or path.read_bytes() == committed.read_bytes()


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.name)
def test_every_committed_record_belongs_to_a_table(folder):
    listed = (HOME / "calibration.json").read_text().replace('"', " ").split()
    for table in folder.glob("*_runs.csv"):
        listed += table.read_text().replace("\n", ",").split(",")
    recorded = {path.name.split(".")[0] for path in (folder / "runs").iterdir()}
    assert recorded - set(listed) == set()


def test_another_data_seed_takes_the_calibration_of_the_profile(tmp_path, monkeypatch):
    shutil.copytree(HOME / "runs", tmp_path / "laptop" / "runs")
    asked = []

    def stop(self, configs, display, telemetry=None):
        asked.extend(configs)
        raise StopIteration

    monkeypatch.setattr(Pool, "run", stop)
    with pytest.raises(StopIteration), opened(options(tmp_path, "laptop", 5)) as session:
        session.run_table2(table2_config())
    assert {config.data_seed for config in asked} == {5}
    base_rate = json.loads((HOME / "calibration.json").read_text())["base_rate"]
    assert {config.learning_rate for config in asked} == {base_rate, 2 * base_rate}
    assert len(asked) == 120
    assert (tmp_path / "laptop-data5" / "runs").is_dir()

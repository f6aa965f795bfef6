"""The committed results are what their records give."""

import json
import re
import shutil

import pytest

from experiments import reproduce
from experiments.artefacts import table1
from experiments.artefacts.figures import style
from experiments.detection import write_detector
from experiments.figures import write_figures
from experiments.gin_files import ROOT, named_file
from experiments.report import write_report
from experiments.scorecard import write_claims
from experiments.session import Options
from experiments.study.pool import Pool

COMMITTED = sorted((ROOT / "results").glob("laptop*"))
HOME = ROOT / "results" / "laptop"


def options(results, data_seed=None):
    return Options(
        profile="laptop",
        data_seed=data_seed,
        results=str(results),
        cache=str(results / "cache"),
        workers=1,
    )


def data_seed_of(folder):
    found = re.fullmatch(r"laptop-data(\d+)", folder.name)
    return int(found[1]) if found else None


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The committed records, and nothing else, in a folder of their own."""
    results = tmp_path_factory.mktemp("results")
    for folder in COMMITTED:
        shutil.copytree(folder / "runs", results / folder.name / "runs")
    return results


@pytest.fixture
def no_training(monkeypatch):
    """Makes a run that has no record a failure."""

    def refuse(self, configs, display, telemetry=None):
        raise AssertionError(f"not recorded: {[config.run_id for config in configs]}")

    monkeypatch.setattr(Pool, "run", refuse)


@pytest.fixture
def drawn(monkeypatch):
    """The points of what would be drawn, by file without ending; no picture is made."""
    kept = {}

    def keep(figure, frame, folder, name):
        kept[folder / name] = frame.to_csv(index=False, lineterminator="\n")

    monkeypatch.setattr(style, "save", keep)
    return kept


def test_the_committed_results_are_computed_from_the_committed_records(copied, no_training, drawn):
    commands = {"table2": reproduce.reproduce_table2, "table3": reproduce.reproduce_table3}
    for folder in COMMITTED:
        for name, command in commands.items():
            if (folder / f"{name}.csv").exists():
                command(options(copied, data_seed_of(folder)))
        for picture in sorted((folder / "figures").glob("study_*.png")):
            file = named_file("studies", picture.stem.removeprefix("study_"))
            reproduce.reproduce_study(options(copied, data_seed_of(folder)), file)
    table1.write(copied / "laptop")
    for folder in COMMITTED:
        write_claims(options(copied, data_seed_of(folder)))
        if (folder / "detector.csv").exists():
            write_detector(options(copied, data_seed_of(folder)))
    for folder in COMMITTED:
        if (folder / "report.html").exists():
            # Its figures are not drawn here: the next test computes their points anew.
            pictures = copied / folder.name / "figures"
            shutil.copytree(folder / "figures", pictures, dirs_exist_ok=True)
            write_report(options(copied, data_seed_of(folder)))
    for folder in COMMITTED:
        made = {path.name for path in (copied / folder.name).iterdir() if path.is_file()}
        for name in made:
            expected = (folder / name).read_bytes()
            same = (copied / folder.name / name).read_bytes() == expected
            assert same, f"{folder.name}/{name}"  # without a diff, which takes minutes for a page
        committed = {path.name for path in folder.iterdir() if path.is_file()}
        assert committed - made <= {"bench.json"}, folder.name
    _holds_the_points(drawn, copied, "study_")


def test_the_committed_figures_hold_the_points_that_the_committed_records_give(
    copied, no_training, drawn
):
    write_figures(options(copied))
    _holds_the_points(drawn, copied, "figure")


def _holds_the_points(drawn, copied, beginning):
    """The committed pictures of a kind are those drawn, with the points drawn."""
    for path, points in drawn.items():
        committed = ROOT / "results" / path.relative_to(copied)
        assert committed.with_suffix(".csv").read_text() == points, path
        for ending in (".png", ".pdf"):
            assert committed.with_suffix(ending).stat().st_size > 5_000
    files = (ROOT / "results").glob(f"laptop*/figures/{beginning}*")
    assert {path.with_suffix("") for path in files} == {
        ROOT / "results" / path.relative_to(copied) for path in drawn
    }


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.name)
def test_every_committed_record_belongs_to_a_table(folder):
    listed = (HOME / "calibration.json").read_text().replace('"', " ").split()
    for table in folder.glob("*_runs.csv"):
        listed += table.read_text().replace("\n", ",").split(",")
    recorded = {path.name.split(".")[0] for path in (folder / "runs").iterdir()}
    assert recorded - set(listed) == set()


def test_another_data_seed_takes_the_calibration_of_the_profile(copied, tmp_path, monkeypatch):
    shutil.copytree(copied / "laptop" / "runs", tmp_path / "laptop" / "runs")
    asked = []

    class Stop(Exception):
        pass

    def stop(self, configs, display, telemetry=None):
        asked.extend(configs)
        raise Stop

    monkeypatch.setattr(Pool, "run", stop)
    with pytest.raises(Stop):
        reproduce.reproduce_table2(options(tmp_path, data_seed=5))
    assert {config.data_seed for config in asked} == {5}
    base_rate = json.loads((HOME / "calibration.json").read_text())["base_rate"]
    assert {config.learning_rate for config in asked} == {base_rate, 2 * base_rate}
    assert len(asked) == 60
    assert (tmp_path / "laptop-data5" / "runs").is_dir()

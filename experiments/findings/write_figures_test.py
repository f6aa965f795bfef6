"""From a command to pictures on disk."""

import dataclasses
import types

import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.findings import dynamics
from experiments.findings.testing import DIVERGENCE, curves, telemetry
from experiments.findings.write_figures import MAKERS, Material, write_figures
from experiments.machinery.records.record import Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import telemetry_config
from experiments.studies.rows_test import record
from experiments.studies.session import Options
from experiments.training.config import run_id_of


@pytest.fixture
def options(tmp_path):
    return Options(
        profile="smoke",
        data_seed=None,
        results=str(tmp_path / "results"),
        cache=str(tmp_path / "cache"),
        workers=1,
    )


@pytest.mark.parametrize("number", [2, 3])
def test_figures_without_runs_need_no_records(options, tmp_path, number):
    text = write_figures(options, number)
    folder = tmp_path / "results" / "smoke" / "figures"
    assert text == str(folder / f"figure{number}.png")
    names = {f"figure{number}.{ending}" for ending in ("png", "pdf", "csv")}
    assert {path.name for path in folder.iterdir()} == names
    assert list((tmp_path / "results" / "smoke" / "runs").iterdir()) == []
    written = {name: (folder / name).read_bytes() for name in names}
    write_figures(options, number)
    assert {name: (folder / name).read_bytes() for name in names} == written


def test_the_figures_are_those_of_the_paper_that_are_built():
    assert list(MAKERS) == ["1", "2", "3", "4a", "4b", "5a", "5b", "6", "8a", "8b", "8c"]


@pytest.mark.parametrize("number", [0, 7, 9])
def test_a_figure_that_is_not_built_is_refused_before_anything_is_done(options, tmp_path, number):
    with pytest.raises(BadInput, match=f"FIGURE = {number}: allowed is one of 1, 2, 3, 4, 5, 6, 8"):
        write_figures(options, number)
    assert not (tmp_path / "results").exists()


def test_without_an_example_of_each_kind_the_figure_is_refused_in_one_line(options, monkeypatch):
    columns = ["data_seed", "seed", "case", "label", "run_id", "step_b"]
    monkeypatch.setattr(Material, "divergences", pd.DataFrame(columns=columns))
    with pytest.raises(BadInput, match="figure4a: smoke, data seed 1: no run seed has a healthy"):
        write_figures(options, 4)


@pytest.mark.parametrize("repeats, expected", [(2, 2), (None, 5)])
def test_the_repeats_of_figure_5_are_those_asked_for(options, repeats, expected):
    class Asked(Exception):
        pass

    def run_table2(table):
        raise Asked(table.repeats)

    session = types.SimpleNamespace(run_table2=run_table2)
    with pytest.raises(Asked, match=f"^{expected}$"):
        MAKERS["5a"](Material(options, lambda: session, repeats))


def test_rows_of_the_study_come_from_curves_and_telemetry(tmp_path):
    store, (plain, _) = Store(tmp_path), record()
    trainer = {"window_days": 2, "steps_per_day": 5}
    plain.config["trainer"].update(trainer)
    found, run_id = curves(day=0), run_id_of(plain.config)
    last = {"steps": int(found["step"].iloc[-1]), "metrics": {"click/auc": 0.501}}
    store.write(dataclasses.replace(plain, run_id=run_id, **last), found)
    runs = pd.DataFrame({"run_id": [run_id], "case": "severe"}, index=[9])
    (before,) = dynamics.measured_rows(runs, store, DIVERGENCE).to_dict("records")
    assert before["days_at_chance"] > 0
    assert pd.isna(before["step_b"])
    TelemetryStore(store.root).write(
        run_id, telemetry(), config=telemetry_config(), curves_sha256=None, events=[]
    )
    found = dynamics.measured_rows(runs, store, DIVERGENCE)
    assert list(found.columns) == ["run_id", "case", *dynamics.COLUMNS]
    expected = dynamics.run_row(curves(), telemetry(), trainer, DIVERGENCE)
    assert found.iloc[0][list(expected)].tolist() == pytest.approx(list(expected.values()))

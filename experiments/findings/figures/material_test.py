"""What figures stand on: of the runs asked for, and of what telemetry says."""

import dataclasses
import types

import pandas as pd
import pytest

from experiments.findings import dynamics
from experiments.findings.figures.material import Material
from experiments.findings.testing import DIVERGENCE, curves, telemetry
from experiments.machinery.records.record import Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import telemetry_config
from experiments.studies.testing import record
from experiments.training.config import run_id_of


@pytest.mark.parametrize("repeats, expected", [(2, 2), (None, 5)])
def test_the_repeats_of_figure_5_are_those_asked_for(repeats, expected):
    class Asked(Exception):
        pass

    def run_table2(table):
        raise Asked(table.repeats)

    session = types.SimpleNamespace(run_table2=run_table2)
    with pytest.raises(Asked, match=f"^{expected}$"):
        _ = Material(None, lambda: session, repeats).repeats


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

"""The row of a recorded divergence, from made-up telemetry."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.errors import NotDefined
from experiments.findings import dynamics
from experiments.findings.dynamics import CLASSIFICATION, LAYERS, missing_layers
from experiments.findings.figures import testing
from experiments.findings.testing import DETECTOR, DIVERGENCE
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import telemetry_config

TRAINER = {"window_days": 2, "steps_per_day": 5}
CURVES, TELEMETRY = testing.curves(0.5), testing.telemetry()
AUC, A, B, C = CURVES["click/auc"], 30, 31, 58  # its moments


def row(auc=AUC, **changes):
    evaluations = CURVES.assign(**{"click/auc": auc})
    return dynamics.run_row(evaluations, TELEMETRY.assign(**changes), TRAINER, DIVERGENCE, DETECTOR)


def test_the_moments_and_what_they_show():
    found = row()
    assert set(found) == set(dynamics.COLUMNS)
    assert [found[f"step_{moment}"] for moment in "abc"] == [A, B, C]
    shown = ("healthy_at_a", "auc_falls_at_b", "chance_from_c")
    assert [found[name] for name in shown] == [1, 1, 1]
    assert found["days_at_chance"] == (60 - 46) / 5  # half of the lift is lost after step 45


def test_norms_are_relative_to_the_window_before_a():
    found = row()
    for layer in dynamics.LAYERS:
        norms = TELEMETRY[f"{layer}/grad_norm"].to_numpy()
        expected = [norms[B - 1], norms[C - 1], np.median(norms[C - 1 :])]
        shown = [found[f"{layer}/grad_norm_{name}"] for name in dynamics.NORMS]
        assert shown == pytest.approx(expected / np.median(norms[A - 10 : A]))


def test_rises_are_from_a_to_b_and_factors_those_at_b():
    rising = {"top_hidden/grad_over_weight": TELEMETRY["step"]}
    found = row(**rising, **{"cross/update_over_weight": np.inf})
    norms = TELEMETRY["top_hidden/grad_norm"]
    assert found["top_hidden/grad_norm_rise"] == pytest.approx(norms[B - 1] / norms[A - 1])
    assert found["top_hidden/grad_over_weight_rise"] == pytest.approx(B / A)
    assert np.isnan(found["cross/update_over_weight_rise"])  # a weight of zero
    for factor in dynamics.FACTORS:
        assert found[f"cross/{factor}_b"] == TELEMETRY.at[B - 1, f"cross/{factor}"]
    assert found["cross/sigma_mean"] == TELEMETRY["cross/sigma"].mean()


def test_a_run_that_lived_has_means_and_no_moments():
    found = row(auc=0.7)
    assert set(found) == {"days_at_chance", *(f"{name}/sigma_mean" for name in dynamics.LAYERS)}
    alive = CURVES.assign(**{"click/auc": 0.7})
    assert dynamics.run_row(alive, None, TRAINER, DIVERGENCE, DETECTOR) == {"days_at_chance": 0}


def test_an_auc_that_rises_or_never_reaches_chance_is_said():
    waver = row(auc=AUC.where(AUC > 0.55, 0.53))
    assert (waver["auc_falls_at_b"], waver["chance_from_c"]) == (1, 0)
    undefined = row(auc=AUC.where(AUC > 0.55))  # predictions were no numbers
    assert undefined["chance_from_c"] == 1
    loss = np.where(TELEMETRY["step"] < B, 3.0, 30.0)
    late = row(auc=np.where(CURVES["step"] < 36, 0.7, 0.501), loss=loss)
    assert late["auc_falls_at_b"] == 0


def test_rows_of_divergences_come_from_curves_and_telemetry(tmp_path):
    record = SimpleNamespace(config={"trainer": TRAINER})
    store = SimpleNamespace(root=tmp_path, read=lambda run_id: record, curves=lambda _: CURVES)
    (tmp_path / "runs").mkdir()
    config, about = telemetry_config(), {"curves_sha256": None, "events": []}
    TelemetryStore(tmp_path).write("a-b-1", TELEMETRY, config=config, **about)
    fewer = dataclasses.replace(config, layers={"top_hidden": "hidden_{top}/kernel"})
    TelemetryStore(tmp_path).write("a-b-2", TELEMETRY[["step", "loss"]], config=fewer, **about)
    runs = pd.DataFrame({"run_id": ["a-b-1", "a-b-2"], "case": "severe"}, index=[9, 4])
    rows = dynamics.measured_rows(runs, store, DIVERGENCE, config)
    assert list(rows.columns) == ["run_id", "case", *dynamics.COLUMNS]
    told, untold = rows.to_dict("records")  # the second one is what another study measured
    expected = dynamics.run_row(CURVES, TELEMETRY, TRAINER, DIVERGENCE, config.detector)
    assert {name: told[name] for name in expected} == pytest.approx(expected)
    assert untold["days_at_chance"] > 0 and np.isnan(untold["step_b"])


def test_runs_of_other_tasks_have_no_such_study(monkeypatch):
    frame = pd.DataFrame({f"{layer}/sigma": [1.0] for layer in LAYERS})
    other = frame.rename(columns={f"{CLASSIFICATION}/sigma": "head_bought/sigma"})
    assert missing_layers(frame) == [] and missing_layers(other) == [CLASSIFICATION]
    monkeypatch.setattr(dynamics, "telemetry_of", lambda *_: other)
    store = SimpleNamespace(read=lambda run_id: None)
    said = f"run-7 has no layer {CLASSIFICATION}: expected the tasks"
    with pytest.raises(NotDefined, match=said):
        dynamics.measured_rows(pd.DataFrame({"run_id": ["run-7"]}), store, None, None)

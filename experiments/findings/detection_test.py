"""Precision, recall and delay of the detector, on runs whose kind is known."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.findings import detection
from experiments.studies.registry import divergence_config, telemetry_config

ABOUT = {"model": {"name": "large"}, "method": {"name": "naive"}, "data_seed": 1}
RECORD = SimpleNamespace(run_id="run", config=ABOUT)
CONFIG = dataclasses.replace(telemetry_config().detector, patience_steps=40)


def rows_of(auc, bad=()):
    """By source; an evaluation every 20 steps, and telemetry whose losses are high when bad."""
    steps = np.arange(1, 20 * len(auc) + 1)
    loss = np.where(np.isin(steps, list(bad)), 5.0, 0.6)
    telemetry = pd.DataFrame({"step": steps, "loss": 2 * loss, "loss/click": loss})
    telemetry["loss/like"] = loss
    worst = loss.reshape(len(auc), 20).max(axis=1)
    curves = pd.DataFrame({"step": steps[19::20], "loss": 0.6, "worst_loss": worst})
    curves = curves.assign(**{"click/auc": auc, "click/log_loss": 0.6})
    found = detection.rows_of(RECORD, curves, telemetry, divergence_config(), CONFIG)
    return {row["source"]: row for row in found}


def test_a_micro_divergence_is_dated_before_its_evaluation():
    row = rows_of([0.6, 0.7, 0.71, 0.6, 0.7, 0.72], range(70, 73))["telemetry"]
    assert (row["label"], row["label_step"]) == ("micro", 80)
    assert (row["said"], row["onset"], row["delay"]) == ("micro", 70, -10)


def test_a_full_divergence_is_full_once_the_patience_is_over():
    rows = rows_of([0.6, 0.7, 0.71, 0.5, 0.5, 0.5], range(70, 121))
    assert rows["telemetry"]["label"] == "full"
    for source in ("telemetry", "loss"):
        row = rows[source]
        assert (row["said"], row["said_step"], row["onset"], row["delay"]) == ("full", 110, 70, 30)


def test_a_healthy_run_has_no_delay():
    row = rows_of([0.6, 0.7, 0.71])["telemetry"]
    assert (row["label"], row["said"], row["delay"]) == ("healthy", "healthy", None)


def test_precision_and_recall_are_counted_by_run():
    pairs = [("full", "full", 5), ("full", "micro", 9), ("micro", "micro", -4)]
    pairs += [("healthy", "micro", None), ("healthy", "healthy", None), ("micro", "full", 2)]
    rows = pd.DataFrame(pairs, columns=["label", "said", "delay"])
    rows = rows.assign(source="telemetry", near=True, steps=[100, 100, 100, 300, 200, 100])
    rows["episodes"] = 1
    rows.loc[3, "episodes"] = 4
    rows.loc[4, "episodes"] = 0
    found = detection.summary(rows).set_index("of")
    full, any_ = found.loc["full"], found.loc["any"]
    assert (full["false_alarms"], any_["false_alarms"]) == (0, 1000 * 4 / 500)
    assert any_["p90_delay"] == pytest.approx(np.quantile([5, 9, -4, 2], 0.9))
    assert (full["positive"], full["said"], full["hits"]) == (2, 2, 1)
    assert (full["precision"], full["recall"], full["median_delay"]) == (0.5, 0.5, 5)
    assert (any_["positive"], any_["said"], any_["hits"]) == (4, 5, 4)
    assert (any_["precision"], any_["recall"], any_["median_delay"]) == (0.8, 1.0, 3.5)
    assert full["recall_low"] < 0.5 < full["recall_high"]
    rows.loc[0, "near"] = False
    found = detection.summary(rows).set_index("of")
    assert found.loc["full", ["said", "hits", "dated"]].tolist() == [2, 1, 0]
    assert found.loc["any", ["hits", "dated"]].tolist() == [4, 3]


def test_what_is_said_of_another_time_is_not_near():
    auc = [0.6, 0.7, 0.71, 0.5, 0.5, 0.5]  # lost at step 80
    assert rows_of(auc, range(40, 121))["telemetry"]["near"]
    assert not rows_of(auc, range(39, 121))["telemetry"]["near"]


def test_runs_on_other_data_seeds_and_without_telemetry_have_no_say(tmp_path, monkeypatch):
    evaluations = pd.DataFrame({"step": [20, 40], "loss": 0.6, "worst_loss": 0.6})
    evaluations = evaluations.assign(**{"click/auc": [0.6, 0.7], "click/log_loss": 0.6})
    records = [
        SimpleNamespace(run_id=str(seed), status="finished", config=ABOUT | {"data_seed": seed})
        for seed in (1, 1003)
    ]
    records += [SimpleNamespace(run_id=i, status="finished", config=ABOUT) for i in ("bare", "7")]
    for record in records:
        record.curves_sha256 = "own"
    store = SimpleNamespace(root=tmp_path, records=lambda: records, curves=lambda _: evaluations)
    store.runs = tmp_path / "runs"
    losses = pd.DataFrame({"step": range(1, 41), "loss": 0.6, "loss/click": 0.6})
    telemetry = {"1": losses, "1003": losses, "7": losses}
    of = {"1": "own", "7": "another's"}
    sidecars = SimpleNamespace(is_of=lambda record: of[record.run_id] == record.curves_sha256)
    monkeypatch.setattr(detection, "TelemetryStore", lambda _: sidecars)
    monkeypatch.setattr(detection, "telemetry_of", lambda _, run_id: telemetry.get(run_id))
    options = SimpleNamespace(data_seed=1, store=lambda _: store)
    detection.write_detector(options)
    assert pd.read_csv(tmp_path / "detector.csv")["run_id"].tolist() == [1, 1]
    last = (tmp_path / "detector.md").read_text().splitlines()[-1]
    assert last == "Runs left out, because they were measured where their bits differ: 1."
    del telemetry["1"]
    with pytest.raises(BadInput, match="no runs with telemetry: expected some; make study"):
        detection.write_detector(options)


def test_nothing_said_leaves_precision_undefined():
    rows = pd.DataFrame([{"source": "loss", "label": "full", "said": "healthy", "delay": None}])
    rows = rows.assign(steps=10, episodes=0, near=False)
    found = detection.summary(rows).set_index("of").loc["full"]
    assert np.isnan(found["precision"]) and found["recall"] == 0
    assert "| 1 | 1 | 0 | 0 | 0 | - | 0.00 (0.00 to 0.79) | - | - |" in detection.markdown(rows)


def test_a_damaged_run_that_is_called_full_is_lasting_harm():
    pairs = [("full", "full"), ("damaged", "full"), ("damaged", "micro"), ("healthy", "full")]
    rows = pd.DataFrame(pairs, columns=["label", "said"])
    rows = rows.assign(source="telemetry", delay=1.0, steps=500, episodes=1, near=True)
    found = detection.summary(rows).set_index("of")
    assert found.loc["full", ["said", "hits", "positive"]].tolist() == [3, 1, 1]
    assert found.loc["lasting", ["said", "hits", "positive"]].tolist() == [3, 2, 3]
    assert found.loc["lasting", "false_alarms"] == 2

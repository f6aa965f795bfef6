"""The doctor names the culprit of planted faults."""

import numpy as np
import pytest

from data import DayCache, cache
from experiments.machinery.records import find as recorded
from experiments.machinery.records.record import Store
from experiments.machinery.workers.replay import replay
from experiments.machinery.workers.runner import Runner
from experiments.studies.registry import divergence_config, telemetry_config
from experiments.studies.testing import smoke
from experiments.training.divergence import label
from scripts import doctor

DAY = 5
HEALTHY_RATE = 0.1
CALM = {
    "StreamConfig.shocks": None,
    "StreamConfig.label_shocks": None,
    "TrainerConfig.steps_per_day": 12,
    "TrainerConfig.warmup_days": 3,
    "TrainerConfig.evaluate_every_steps": 12,
}


def config(rate=HEALTHY_RATE, seed=0):
    return smoke("naive", "large", rate=rate, seed=seed, data_seed=1000, values=CALM)


# What becomes of a column of the rows of a day, by the name that the doctor is to give it.
FAULTS = {
    "dense_7": ("input", "dense", 7, lambda values: 1000 * values),
    "completion": ("label", "labels", 4, lambda values: 500 * np.cos(np.arange(len(values)))),
    "like": ("label", "labels", 1, lambda values: np.full_like(values, 1e3)),
}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory, day_cache):
    """A runner whose programs every test uses, and its results folder."""
    root = tmp_path_factory.mktemp("results")
    return Runner(Store(root / "smoke"), day_cache), root


def diagnosis(root, runner, run):
    said = []
    runner.run(run)
    found = doctor.examine(recorded.find(root, run.run_id), runner, said.append)
    assert said == [f"{run.run_id} has no telemetry: training it again"]
    return found


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_of_the_data_is_named(tmp_path, day_cache, monkeypatch, name):
    culprit, field, column, change = FAULTS[name]

    class Faulty(DayCache):
        def day(self, day):
            rows = np.array(super().day(day))
            if day == DAY:
                rows[field][:, column] = change(rows[field][:, column])
            return rows

    monkeypatch.setattr(cache, "DayCache", Faulty)
    found = diagnosis(tmp_path, Runner(Store(tmp_path / "smoke"), day_cache), config())
    text = "\n".join(found.lines)
    assert (found.culprit, found.name) == (culprit, name), text
    assert f"day {DAY}: " in found.lines[1]
    assert f"{name} x" in text
    assert f"culprit: the {culprit} {name}" in text


@pytest.mark.parametrize(
    "rate, seed, culprit",
    # With seed 3 the largest step is long before the onset.
    [(HEALTHY_RATE, 0, "none"), (10 * HEALTHY_RATE, 0, "rate"), (10 * HEALTHY_RATE, 3, "rate")],
)
def test_a_rate_ten_times_too_high_is_named_and_a_healthy_run_has_no_culprit(
    healthy, rate, seed, culprit
):
    runner, root = healthy
    found = diagnosis(root, runner, config(rate, seed))
    assert found.culprit == culprit, found.lines
    if culprit == "none":
        assert len(found.lines) == 2
    else:
        assert {"culprit: the learning rate 1", "inputs out of range: none"} <= set(found.lines)
        assert "RATE=0.1" in found.lines[-1]


def test_a_run_that_dies_in_its_first_steps_is_dated_there_and_replayed_from_its_first_weights(
    healthy,
):
    runner, root = healthy
    dead, treated = (smoke(method, rate=1000.0, data_seed=1000) for method in ("naive", "clippy"))
    found = diagnosis(root, runner, dead)
    assert found.culprit == "rate", found.lines
    assert found.lines[1] == "it never learned: its AUC was never 0.08 above chance"
    assert found.lines[2].startswith("onset at step 1, day 0: a step moves a layer ")
    # So a replay under a method has the bits of the run that had the method from the first step.
    about = {"telemetry": telemetry_config(), "divergence": divergence_config()}
    shown = replay(recorded.find(root, dead.run_id), runner, method=treated.method, **about)
    assert (shown.step, shown.onset) == (0, 1)
    store = recorded.find(root, dead.run_id).store
    curves = store.curves(runner.run(treated)).set_index("step")
    there = shown.rows.set_index("step").loc[curves.index]
    assert there["other_auc"].tolist() == curves["click/auc"].tolist()
    assert shown.kinds["clippy"] == label(curves.reset_index(), divergence_config()).kind

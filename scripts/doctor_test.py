"""The doctor names the culprit of planted faults."""

import numpy as np
import pytest

from data import DayCache, cache
from experiments.findings import symptoms
from experiments.machinery.records import find as recorded
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.studies.testing import smoke
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
    assert f"day {DAY};" in found.lines[1]
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


def test_a_day_that_is_not_finite_has_no_say_in_what_is_usual():
    def day_rows(day):
        rows = np.zeros(2, [("dense", float, 2)])
        rows["dense"] = [[1.0, 2.0 if day != 1 else np.nan], [1.5, 2.0]]
        return rows

    found = symptoms.input_outliers(smoke().stream, day_rows, [1, 2], [0, 1, 2])
    assert [(item.name, item.at) for item in found] == [("dense_1", 1)]

"""The trainer: one trace for many runs, batches and rows in their order, who is told of what."""

import dataclasses
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from data import TASKS, DayCache, Stream
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.studies.testing import smoke, with_part
from experiments.training import config as config_module
from experiments.training import metrics
from experiments.training.observer import Excerpt, Observer, OnRow
from experiments.training.program import OPTIMIZERS, Program
from experiments.training.trainer import Evaluation, seeds_of, train, window_of


@pytest.fixture(scope="module")
def days(day_cache):
    return DayCache(day_cache, Stream(smoke().stream, 1))


@pytest.fixture(scope="module")
def program():
    """One trace for the tests that train Small under GC."""
    return Program(smoke())


@pytest.fixture(scope="module")
def curves_of(days, program):
    """The curves of a run with observers, on `program` or another."""
    evaluation = Evaluation(days.day(smoke().stream.days - 1), smoke().stream, 256)
    return lambda run, *observers, on=program: train(run, on, days, evaluation, observers).curves


@pytest.mark.parametrize(
    "reported, first",
    [(None, ()), (("share", "rating"), ("share", "rating")), (("like",), ("like",))],
)
def test_the_curves_begin_with_the_reported_tasks(days, reported, first):
    stream = dataclasses.replace(smoke().stream, reported=reported)
    found = Evaluation(days.day(stream.days - 1), stream, 256).optimal()
    names = dict.fromkeys(column.partition("/")[0] for column in found)
    others = [task.name for task in TASKS if task.name not in first]
    assert list(names) == [*first, *others]


@pytest.mark.parametrize("signal", [2.0, 4.0, 5.0])
def test_the_optimum_is_that_of_the_logits_where_float32_rounds_probabilities(monkeypatch, signal):
    logits = []
    monkeypatch.setattr("data.stream.expit", lambda value: logits.append(value) or expit(value))
    stream = smoke(values={"Teacher.binary_signal": signal}).stream
    rows = Stream(stream, 11).day(stream.days - 1)
    assert (rows["optimal"][:, :3] == 1).any() == (signal > 2)
    found = Evaluation(rows, stream, 256).optimal()
    for column, name in enumerate(("click", "like", "share")):
        given = rows["labels"][:, column], np.concatenate(logits)[:, column]
        for metric in ("auc", "log_loss"):
            exact = getattr(metrics, metric)(*given)
            assert found[f"{name}/{metric}"] == pytest.approx(exact, abs=1e-5), (name, metric)


def test_a_probability_of_one_costs_no_more_than_float32_rounds(days):
    stream = smoke().stream
    rows = np.array(days.day(stream.days - 1))
    rows["optimal"][:, 0] = np.where(rows["labels"][:, 0] > 0.5, 1, 0.25)
    expected = -np.log1p(-0.25) * np.mean(rows["labels"][:, 0] <= 0.5)
    assert Evaluation(rows, stream, 256).optimal()["click/log_loss"] == pytest.approx(expected)
    rows["optimal"][0, 0], share = 1 - rows["labels"][0, 0], len(rows)
    worse = Evaluation(rows, stream, 256).optimal()["click/log_loss"] - expected
    assert 0 < worse < 105 / share


@pytest.mark.parametrize("method, threshold", [("gc", 0.01), ("clippy_adam", None)])
def test_one_trace_serves_runs_that_differ_in_rate_threshold_and_seed(curves_of, method, threshold):
    """Each has the bits of the same run on a program of its own; Adam counts its steps anew."""
    runs = (smoke(method), smoke(method, rate=0.3, seed=5, threshold=threshold))
    expected, shared = [curves_of(run, on=Program(run)) for run in runs], Program(runs[0])
    found = [curves_of(run, on=shared) for run in (*runs, runs[0])]
    assert shared._step.experimental_get_tracing_count() == 1
    for one, other in zip(found, (*expected, expected[0]), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert not np.isclose(expected[0]["loss"], expected[1]["loss"]).any()


def test_every_optimizer_of_a_configuration_is_built():
    assert tuple(OPTIMIZERS) == config_module.OPTIMIZERS


class Steps(Observer):
    """Notes what an observer sees of each step, and keeps a snapshot of before step 9."""

    def __init__(self):
        self.heard, self.losses, self.rates = [], [], []

    def begins(self, run):
        self.heard.append(("begins", run.step))

    def before(self, run):
        self.heard.append(("before", run.step))
        if run.step == 9:
            self.snapshot = run.program.snapshot(9)

    def after(self, run):
        self.heard.append(("after", run.step))
        self.losses.append(run.loss)
        self.rates.append(run.rate)


def test_rows_stand_at_every_k_steps_and_at_the_end_with_mean_and_worst_loss(curves_of):
    config = with_part(smoke(), "trainer", evaluate_every_steps=10, warmup_days=3)
    steps, rows = Steps(), []
    curves = curves_of(config, steps, OnRow(rows.append))
    assert curves["step"].tolist() == [10, 20, 30, 40, 42]
    assert curves["day"].tolist() == [1, 3, 4, 6, 6]
    parts = np.split(np.array(steps.losses), [10, 20, 30, 40])
    np.testing.assert_allclose(curves["loss"], [np.mean(part) for part in parts], rtol=1e-12)
    assert curves["worst_loss"].tolist() == [max(part) for part in parts]
    assert steps.rates == [config.rate_at(step) for step in range(42)]
    assert curves["learning_rate"].tolist() == [steps.rates[step - 1] for step in curves["step"]]
    pd.testing.assert_frame_equal(pd.DataFrame(rows), curves, check_exact=True)
    told = [("before", 0), ("after", 1), ("before", 1), ("after", 2)]
    assert steps.heard[:5] == [("begins", 0), *told]


def test_an_excerpt_has_the_bits_of_the_run_from_its_snapshot_on(curves_of):
    whole, part, config = Steps(), Steps(), smoke(seed=2)
    curves_of(config, whole)
    curves = curves_of(config, Excerpt(5, whole.snapshot), part)
    assert part.losses == whole.losses[9:14]
    assert curves["step"].tolist() == [12, 14]
    assert curves_of(config, Excerpt(99, whole.snapshot))["step"].iloc[-1] == 42


def test_the_last_row_is_the_model_on_the_last_day(days, curves_of, program):
    last = curves_of(smoke(), Excerpt(7)).iloc[-1]
    rows = np.array(days.day(smoke().stream.days - 1))
    whole = {name: rows[name] for name in ("dense", "categorical")}
    predicted = {name: value.numpy()[:, 0] for name, value in program.model(whole).items()}
    auc = metrics.auc(rows["labels"][:, 0], predicted["click"])
    assert last["click/auc"] == pytest.approx(auc, abs=1e-6)
    rmse = metrics.rmse(rows["labels"][:, 3], predicted["watch_time"])
    assert last["watch_time/rmse"] == pytest.approx(rmse, rel=1e-5)


def test_training_takes_the_batches_of_the_window_in_order(days, curves_of, program):
    with mock.patch.object(program, "step", wraps=program.step) as step:
        curves_of(smoke())
    window, seen = window_of(smoke(), days), [call.args[0] for call in step.call_args_list]
    assert len(seen) == window.steps == 42
    for index in (0, 17, 41):
        expected = window.batch(index, days.day)
        for field in ("dense", "categorical", "labels"):
            np.testing.assert_array_equal(seen[index][field], expected[field])


def test_a_subset_of_tasks_is_trained_and_evaluated_alone(tmp_path, day_cache):
    config = with_part(smoke(), "model", tasks=("like", "rating"))
    record = Runner(Store(tmp_path), day_cache).run(config)
    assert set(record.metrics) == {"like/auc", "like/log_loss", "rating/rmse"}
    for name, found in record.metrics.items():  # no model knows the teacher after 42 steps
        best = record.optimal[name]
        assert best > found if name.endswith("auc") else best < found, name


def test_weights_and_order_have_seeds_of_their_own():
    found = {seed: seeds_of(seed) for seed in range(20)}
    assert len({part for pair in found.values() for part in pair}) == 40
    assert seeds_of(3) == found[3]


def test_an_evaluation_day_without_a_class_is_no_divergence(tmp_path):
    config = with_part(smoke(), "stream", examples_per_day=1)
    record = Runner(Store(tmp_path / "results"), tmp_path / "days").run(config)
    assert record.status == "finished"
    assert record.metrics["click/auc"] is None
    assert record.metrics["click/log_loss"] > 0

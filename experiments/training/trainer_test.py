"""The trainer: same seeds same bits, one trace for many runs, evaluation on the last day."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from clippy.keras2 import keras
from data import DayCache, Stream
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.studies.grid import run_config
from experiments.training import config as config_module
from experiments.training import metrics
from experiments.training.divergence import DivergenceConfig, label
from experiments.training.program import OPTIMIZERS, Program, tensors
from experiments.training.trainer import Evaluation, seeds_of, train, window_of


def smoke(method="clippy", rate=0.1, seed=0, model="large_dcn", threshold=None):
    return run_config(
        "smoke",
        model,
        method,
        learning_rate=rate,
        data_seed=1,
        run_seed=seed,
        threshold=threshold,
    )


@pytest.fixture(scope="module")
def days(day_cache):
    return DayCache(day_cache, Stream(smoke().stream, 1))


@pytest.fixture(scope="module")
def evaluation(days):
    return Evaluation(days.day(smoke().stream.days - 1), 256)


def curves_of(config, program, days, evaluation):
    return train(config, program, days.day, evaluation).curves


def test_the_same_seeds_give_the_same_bits(days, evaluation):
    first = curves_of(smoke(), Program(smoke()), days, evaluation)
    second = curves_of(smoke(), Program(smoke()), days, evaluation)
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_adam_takes_the_steps_of_keras(days):
    """Embeddings with repeated ids, and the correction of the bias, which counts the steps."""
    config, rate = smoke("adam"), 0.01
    ours, theirs = Program(config), Program(config, optimizer=keras.optimizers.Adam(1.0))
    for program in (ours, theirs):
        program.model.initialize(7)
    ours.start(config, 7)
    for step in range(4):
        batch = tensors(window_of(config).batch(step, days.day))
        assert ours.step(batch, rate) == pytest.approx(theirs.step(batch, rate), rel=1e-5)
    pairs = zip(ours.model.trainable_variables, theirs.model.trainable_variables, strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


def test_every_optimizer_of_a_configuration_is_built():
    assert tuple(OPTIMIZERS) == config_module.OPTIMIZERS


def test_adam_starts_anew(days, evaluation):
    program = Program(smoke("clippy_adam"))
    first = curves_of(smoke("clippy_adam"), program, days, evaluation)
    again = curves_of(smoke("clippy_adam"), program, days, evaluation)
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_another_run_seed_gives_other_curves(days, evaluation):
    program = Program(smoke())
    first = curves_of(smoke(seed=0), program, days, evaluation)
    second = curves_of(smoke(seed=1), program, days, evaluation)
    assert not np.isclose(first["loss"], second["loss"]).any()


def test_one_trace_serves_runs_that_differ_in_rate_threshold_and_seed(days, evaluation):
    program = Program(smoke("gc"))
    runs = [
        smoke("gc", rate=0.1, threshold=0.1),
        smoke("gc", rate=0.3, threshold=0.01),
        smoke("gc", rate=0.1, threshold=0.1, seed=5),
    ]
    shared = [curves_of(config, program, days, evaluation) for config in runs]
    assert program._step.experimental_get_tracing_count() == 1
    for config, curves in zip(runs, shared, strict=True):
        alone = curves_of(config, Program(config), days, evaluation)
        pd.testing.assert_frame_equal(curves, alone, check_exact=True)
    assert not np.isclose(shared[0]["loss"], shared[1]["loss"]).all()


def test_evaluations_stand_at_every_k_steps_and_at_the_end(days, evaluation):
    config = smoke()
    config = dataclasses.replace(
        config, trainer=dataclasses.replace(config.trainer, evaluate_every_steps=10)
    )
    curves = curves_of(config, Program(config), days, evaluation)
    assert curves["step"].tolist() == [10, 20, 30, 40, 42]
    assert curves["day"].tolist() == [1, 3, 4, 6, 6]


def test_losses_between_evaluations_are_their_mean_and_their_worst(days, evaluation):
    config = smoke()
    each = dataclasses.replace(
        config, trainer=dataclasses.replace(config.trainer, evaluate_every_steps=1)
    )
    program = Program(config)
    single = curves_of(each, program, days, evaluation)["loss"].to_numpy().reshape(-1, 6)
    curves = curves_of(config, program, days, evaluation)
    np.testing.assert_allclose(curves["loss"], single.mean(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(curves["worst_loss"], single.max(axis=1))


def test_the_last_row_is_the_model_on_the_last_day(days, evaluation):
    config, program = smoke(), Program(smoke())
    curves = curves_of(config, program, days, evaluation)
    rows = np.array(days.day(config.stream.days - 1))
    whole = {name: rows[name] for name in ("dense", "categorical")}
    predicted = {name: value.numpy()[:, 0] for name, value in program.model(whole).items()}
    last = curves.iloc[-1]
    assert last["click/auc"] == pytest.approx(
        metrics.auc(rows["labels"][:, 0], predicted["click"]), abs=1e-6
    )
    assert last["watch_time/rmse"] == pytest.approx(
        metrics.rmse(rows["labels"][:, 3], predicted["watch_time"]), rel=1e-5
    )


def test_training_takes_the_batches_of_the_window_in_order(days, evaluation):
    config, program, seen = smoke(), Program(smoke()), []
    step = program.step
    program.step = lambda batch, rate: (seen.append(batch), step(batch, rate))[1]
    train(config, program, days.day, evaluation)
    window = window_of(config)
    assert len(seen) == window.steps == 42
    for index in (0, 17, 41):
        expected = window.batch(index, days.day)
        for field in ("dense", "categorical", "labels"):
            np.testing.assert_array_equal(seen[index][field], expected[field])


def test_a_run_that_is_not_finite_stops_and_says_where(days, evaluation):
    config = smoke("naive", rate=1e30)
    outcome = train(config, Program(config), days.day, evaluation)
    assert 0 < outcome.first_bad_step < 41
    last = outcome.curves.iloc[-1]
    assert last["step"] == outcome.first_bad_step + 1
    assert not np.isfinite(last["worst_loss"])


def test_a_diverged_run_is_a_result_and_not_an_error(tmp_path, day_cache):
    store = Store(tmp_path)
    record = Runner(store, day_cache).run(smoke("naive", rate=1e20))
    assert record.status == "diverged"
    assert record.first_bad_day == record.first_bad_step // 6
    assert record.metrics["click/auc"] is None
    assert store.read(record.run_id) == record


def test_a_finished_run_is_not_repeated(tmp_path, day_cache):
    runner = Runner(Store(tmp_path), day_cache)
    first = runner.run(smoke(model="small"))
    rows = []
    assert runner.run(smoke(model="small"), rows.append) == first
    assert rows == []


def test_the_optimal_prediction_beats_the_trained_one(tmp_path, day_cache):
    record = Runner(Store(tmp_path), day_cache).run(smoke(model="small"))
    for name, value in record.optimal.items():
        better = (
            value > record.metrics[name] if name.endswith("auc") else value < record.metrics[name]
        )
        assert better, name


def test_a_subset_of_tasks_is_trained_and_evaluated_alone(tmp_path, day_cache):
    config = smoke(model="small")
    config = dataclasses.replace(
        config, model=dataclasses.replace(config.model, tasks=("like", "rating"))
    )
    record = Runner(Store(tmp_path), day_cache).run(config)
    assert set(record.metrics) == {"like/auc", "like/log_loss", "rating/rmse"}


def test_weights_and_order_have_seeds_of_their_own():
    found = {seed: seeds_of(seed) for seed in range(20)}
    assert len({part for pair in found.values() for part in pair}) == 40
    assert seeds_of(3) == found[3]


def test_a_model_without_a_binary_task_trains_and_is_labelled(tmp_path, day_cache):
    config = smoke(model="small")
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, tasks=("rating",)))
    store = Store(tmp_path)
    record = Runner(store, day_cache).run(config)
    thresholds = DivergenceConfig(
        lift_lost=0.5, least_lift=0.05, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
    )
    assert set(record.metrics) == {"rating/rmse"}
    assert label(store.curves(record), thresholds).kind == "healthy"


def test_an_evaluation_day_without_a_class_is_no_divergence(tmp_path):
    config = smoke(model="small")
    config = dataclasses.replace(
        config, stream=dataclasses.replace(config.stream, examples_per_day=1)
    )
    record = Runner(Store(tmp_path / "results"), tmp_path / "days").run(config)
    assert record.status == "finished"
    assert record.metrics["click/auc"] is None
    assert record.metrics["click/log_loss"] > 0


@pytest.mark.slow
def test_large_dcn_takes_steps_at_the_full_width_of_the_paper(tmp_path):
    config = run_config("paper", "large_dcn", "clippy", learning_rate=0.1, data_seed=1, run_seed=0)
    config = dataclasses.replace(
        config,
        stream=dataclasses.replace(
            config.stream,
            days=2,
            examples_per_day=10_000,  # more than one block
            shocks=None,
        ),
        trainer=dataclasses.replace(
            config.trainer,
            window_days=1,
            steps_per_day=3,
            batch_size=512,
            evaluate_every_steps=3,
        ),
    )
    store = Store(tmp_path / "results")
    record = Runner(store, tmp_path / "days").run(config)
    assert record.status == "finished"
    assert np.isfinite(store.curves(record)["loss"]).all()

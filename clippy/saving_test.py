"""What Keras does around a step: saving, mixed precision, decay, averages, clipping, callbacks."""

import re

import numpy as np
import pytest

from clippy.keras2 import keras, tf
from clippy.monitor import ClippingMonitor
from clippy.oracles import (
    RATE,
    assert_identical,
    assert_identical_path,
    assert_same_path,
    dense,
    weights,
)
from clippy.testing import MAKE, gradients, optimizer_of, run

SLOW = pytest.mark.slow


def fast(*fast):
    """Parametrizes over all optimizers, of which some make slow tests."""
    each = [which if which in fast else pytest.param(which, marks=SLOW) for which in MAKE]
    return pytest.mark.parametrize("which", each)


def schedule():
    return keras.optimizers.schedules.PolynomialDecay(0.5, 20, 0.0625)


@pytest.fixture
def policy():
    """Sets the global policy, which is the former one again after the test."""
    before = keras.mixed_precision.global_policy()
    yield keras.mixed_precision.set_global_policy
    keras.mixed_precision.set_global_policy(before)


def model_of(optimizer, seed=3):
    """A model with a sparse gradient, compiled."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.layers.Input((2,), dtype="int32"),
            keras.layers.Embedding(7, 3, name="table"),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="tanh", name="hidden"),
            keras.layers.Dense(1, dtype="float32", name="out"),
        ]
    )
    model.compile(optimizer, "mse")
    return model


def train(model, epochs=1, **kwargs):
    """Four steps an epoch."""
    rng = np.random.default_rng(0)
    ids, labels = rng.integers(0, 7, (32, 2)), rng.normal(size=(32, 1)) * 3
    model.fit(ids, labels, batch_size=8, epochs=epochs, shuffle=False, verbose=0, **kwargs)
    return model


def assert_same_training(model, expected):
    assert_identical(model.get_weights(), expected.get_weights())
    assert_identical(model.optimizer.variables, expected.optimizer.variables)


@pytest.mark.parametrize("ending", ["keras", pytest.param("h5", marks=SLOW)])
@fast("drop-in")
def test_a_saved_model_goes_on_as_if_nothing_had_been(which, ending, tmp_path):
    rate = schedule() if ending == "keras" else RATE
    model = train(model_of(MAKE[which](learning_rate=rate, export_clipping_factors=True)))
    path = tmp_path / f"model.{ending}"
    model.save(path)
    loaded = keras.models.load_model(path)

    assert type(loaded.optimizer) is type(model.optimizer)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert int(loaded.optimizer.iterations) == 4
    saved = model.get_weights()
    assert_same_training(train(loaded), train(model))
    assert any(np.any(one != other) for one, other in zip(saved, model.get_weights(), strict=True))


@fast("adagrad")
def test_a_checkpoint_goes_on_as_if_nothing_had_been(which, tmp_path):
    def fresh(seed):
        arguments = {"learning_rate": schedule(), "export_clipping_factors": True}
        return model_of(MAKE[which](**arguments), seed)

    def checkpoint(model):
        return tf.train.Checkpoint(model=model, optimizer=model.optimizer)

    model = train(fresh(3))
    model.optimizer._skipped[1].assign(5)
    saved = checkpoint(model).save(str(tmp_path / "c"))
    built = fresh(4)
    built.optimizer.build(built.trainable_variables)
    checkpoint(built).restore(saved).assert_existing_objects_matched()
    assert_same_training(built, model)
    assert_identical(built.optimizer.clipping_factors, model.optimizer.clipping_factors)
    assert int(built.optimizer._skipped[1]) == 5
    later = fresh(5)  # its optimizer has no variables yet
    checkpoint(later).restore(saved).expect_partial()
    train(model)
    assert_same_training(train(built), model)
    assert_same_training(train(later), model)
    assert_identical(later.optimizer.clipping_factors, model.optimizer.clipping_factors)
    assert int(later.optimizer._skipped[1]) == 5


@pytest.mark.parametrize("which", ["adagrad", pytest.param("adam", marks=SLOW)])
def test_a_checkpoint_of_keras_goes_on_here(which, tmp_path):
    model = train(model_of(which))
    saved = tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(str(tmp_path / "c"))
    ours = model_of(MAKE[which](export_clipping_factors=True), seed=4)
    ours.optimizer.build(ours.trainable_variables)
    tf.train.Checkpoint(model=ours, optimizer=ours.optimizer).restore(saved).expect_partial()
    assert_identical(ours.get_weights(), model.get_weights())
    found, expected = ours.optimizer.variables[2:], model.optimizer.variables[2:]
    assert [v.shape for v in found] == [v.shape for v in expected]
    assert_identical(found, expected)
    assert int(ours.optimizer.iterations) == 4


@fast("adam")
def test_mixed_bfloat16_keeps_weights_and_state_in_float32(which, policy):
    policy("mixed_bfloat16")
    model = model_of(MAKE[which](export_clipping_factors=True))
    before = model.get_weights()
    assert model.layers[2].compute_dtype == "bfloat16"
    train(model)
    optimizer = model.optimizer
    dtypes = {variable.dtype for variable in optimizer.variables} - {tf.int64}
    dtypes |= {variable.dtype for variable in model.trainable_variables}
    dtypes |= {factor.dtype for factor in optimizer.clipping_factors}
    assert dtypes == {tf.float32}
    for one, other in zip(before, model.get_weights(), strict=True):
        assert np.any(one != other)
        assert np.all(np.isfinite(other))
    assert all(0 < float(factor) <= 1 for factor in optimizer.clipping_factors)


@fast("adagrad", "adam")
def test_weight_decay_comes_before_the_step(which):
    start, grads = weights(), gradients(1, sparse=True)
    found = run(MAKE[which](weight_decay=0.5), start, grads)
    decayed = {name: value * np.float32(1 - RATE * 0.5) for name, value in start.items()}
    assert_same_path(found[1:], run(MAKE[which](), decayed, grads)[1:])
    kept = MAKE[which](weight_decay=0.5)
    kept.exclude_from_weight_decay(var_names=list(start))
    assert_identical_path(run(kept, start, grads), run(MAKE[which](), start, grads))


@fast("adam")
def test_the_average_follows_the_steps_and_overwrites_at_the_end(which):
    start, [grads] = weights(), gradients(1)
    optimizer = MAKE[which](use_ema=True, ema_momentum=0.75)
    variables = [tf.Variable(value, name=name) for name, value in start.items()]
    optimizer.build(variables)
    averages = [value.astype(float) for value in start.values()]
    for _ in range(3):
        optimizer.apply_gradients(zip(map(tf.constant, grads.values()), variables, strict=True))
        averages = [0.75 * a + 0.25 * v.numpy() for a, v in zip(averages, variables, strict=True)]
    plain = run(MAKE[which](), start, [grads] * 3)[-1]
    assert_identical(variables, plain.values())  # an average alone changes no weight
    optimizer.finalize_variable_values(variables)
    for variable, average, last in zip(variables, averages, plain.values(), strict=True):
        np.testing.assert_allclose(variable, average, rtol=1e-6, atol=1e-7)
        assert np.any(variable.numpy() != last)


@pytest.mark.parametrize("argument", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_keras_clipping_sees_the_sum_of_repeated_ids(argument):
    start, sparse, limit = weights(), gradients(3, sparse=True)[::2], {argument: 0.0625}
    summed = [{n: np.float32(dense(g)) for n, g in step.items()} for step in sparse]
    reference = keras.optimizers.Adagrad(RATE, 0.1, epsilon=0.0, **limit)
    expected = run(reference, start, summed)
    for given in (sparse, summed):
        assert_same_path(run(optimizer_of("naive", **limit), start, given), expected)
    without = run(optimizer_of("naive"), start, summed)[-1]
    assert any(np.max(np.abs(without[name] - expected[-1][name])) > 1e-3 for name in start)


def scalars_of(folder):
    """What the event files hold: dict tag -> list of (step, value)."""
    found = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                number = float(tf.make_ndarray(value.tensor))
                found.setdefault(value.tag, []).append((event.step, number))
    return found


def test_the_monitor_writes_the_counts_and_the_factors_of_the_step(tmp_path):
    optimizer = MAKE["adagrad"](export_clipping_factors=True)
    model, seen = model_of(optimizer), {}

    def note(batch, logs):
        for name, value in optimizer.named_clipping_factors().items():
            seen.setdefault(f"clipping_factor/{name}", []).append((batch + 1, float(value)))

    ids, labels = np.zeros((4, 2), int), np.array([[1.0], [np.nan], [2.0], [np.nan]])
    calls = [keras.callbacks.LambdaCallback(on_train_batch_end=note), ClippingMonitor(tmp_path, 1)]
    model.fit(ids, labels, batch_size=1, shuffle=False, verbose=0, callbacks=calls)
    counts = [(1, 0), (2, 1), (3, 1), (4, 2)]
    skipped = {f"skipped_steps/{v.name}": counts for v in model.trainable_variables}
    assert scalars_of(tmp_path) == {**seen, **skipped}


def test_the_monitor_runs_on_over_epochs_and_looks_into_a_loss_scale_optimizer(policy, tmp_path):
    policy("mixed_float16")
    model = model_of(MAKE["adagrad"](skip_nonfinite=False, export_clipping_factors=True))
    assert isinstance(model.optimizer, keras.mixed_precision.LossScaleOptimizer)
    train(model, epochs=3, callbacks=[ClippingMonitor(tmp_path, every=5)])
    found = scalars_of(tmp_path)
    assert set(found) == {f"clipping_factor/{v.name}" for v in model.trainable_variables}
    for values in found.values():
        assert [step for step, _ in values] == [5, 10, 12]


@pytest.mark.parametrize("every", [0, 1.5, "2", None, True])
def test_the_monitor_refuses_a_bad_interval(every, tmp_path):
    with pytest.raises(ValueError, match=f"every = {re.escape(repr(every))}: expected"):
        ClippingMonitor(tmp_path, every=every)


@pytest.mark.parametrize(
    "make, given",
    [(keras.optimizers.Adagrad, {}), (MAKE["drop-in"], {"skip_nonfinite": False})],
)
def test_the_monitor_refuses_an_optimizer_with_nothing_to_show(make, given, tmp_path):
    model = model_of(make(name="silent", **given))
    with pytest.raises(ValueError, match="optimizer = 'silent': expected one of clippy's"):
        train(model, callbacks=[ClippingMonitor(tmp_path)])

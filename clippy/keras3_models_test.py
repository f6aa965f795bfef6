"""Models, configs, arguments and imports of the optimizers for Keras 3, on the same back ends."""

import importlib.util
import math
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from clippy import keras3
from clippy.keras3_testing import EACH, MAKE, run
from clippy.oracles import RATE, assert_same_path, gradients, weights

ROOT = pathlib.Path(__file__).resolve().parents[1]


def model_of(optimizer, seed=3):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dense(1, name="out")]
    model = keras.Sequential([keras.layers.Input((4,)), *layers])
    model.compile(optimizer, "mse")
    return model


def train(model, steps=20):
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(8 * steps, 4)), 3 * rng.normal(size=(8 * steps, 1))
    return model.fit(features, labels, batch_size=8, shuffle=False, verbose=0)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "bfloat16"])
@EACH
def test_a_model_trains_and_goes_on_after_it_was_saved(which, policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        schedule = keras.optimizers.schedules.ExponentialDecay(0.125, 10, 0.5)
        model = model_of(MAKE[which](learning_rate=schedule, export_clipping_factors=True))
        train(model)
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        assert type(again.optimizer) is type(model.optimizer)
        assert again.optimizer.get_config() == model.optimizer.get_config()
        losses = [train(one, 5).history["loss"] for one in (model, again)]
        assert losses[0] == losses[1]
        assert np.isfinite(losses[0])
        dtypes = {str(v.dtype) for held in model.optimizer.state.values() for v in held}
        assert dtypes <= {"float32"}
        for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.skipif(not importlib.util.find_spec("tf_keras"), reason="tf_keras is not installed")
@EACH
def test_a_model_has_the_weights_that_the_class_for_keras_2_gives(which):
    import tf_keras

    import clippy

    ours = MAKE[which]()
    theirs = getattr(clippy, type(ours).__name__)(**_for_keras_2(ours.get_config()))
    model = model_of(ours)
    layers = [tf_keras.layers.Dense(8, "relu"), tf_keras.layers.Dense(1)]
    other = tf_keras.Sequential([tf_keras.layers.Input((4,)), *layers])
    other.compile(theirs, "mse")
    other.set_weights(model.get_weights())
    train(model)
    train(other)
    for one, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-6, atol=1e-6)


def _for_keras_2(config):
    return {k: v for k, v in config.items() if not re.match("loss_scale|gradient_acc", k)}


@EACH
def test_a_config_gives_the_same_optimizer(which):
    given = {"exclude": ["bias"], "skip_nonfinite": False, "clipnorm": 0.5, "weight_decay": 0.25}
    optimizer = MAKE[which](**given, learning_rate=np.float32(0.5))
    config = optimizer.get_config()
    assert {name: config[name] for name in given} == given
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == config
    start, grads = weights(), gradients(3)
    assert_same_path(run(again, start, grads), run(optimizer, start, grads), 0)


class ScheduleOfKeras2:
    """What a schedule of another Keras looks like from here."""

    def __call__(self, step):
        return RATE


@EACH
def test_bad_arguments_are_refused_by_name_and_value(which):
    for rate in (-0.1, math.nan, None, "0.1", [0.1], ScheduleOfKeras2()):
        message = f"learning_rate = {rate!r}: expected a finite number >= 0, a function"
        with pytest.raises(ValueError, match=re.escape(message)):
            MAKE[which](learning_rate=rate)
    for given in ({"scope": "all"}, {"exclude": "bias"}):
        with pytest.raises(ValueError, match=f"{next(iter(given))} = .*: expected"):
            MAKE[which](**given)
    with pytest.raises(ValueError, match="thresholds = .*: expected numbers"):
        keras3.ClippedAdam("gc", {"lam": ops.ones(())})


@pytest.mark.parametrize(
    "imported, left_out",
    [
        ("import clippy", ("keras", "tf_keras", "tensorflow", "jax", "torch")),
        ("import clippy.keras3", ("tf_keras",)),
        ("import clippy; clippy.ClippyAdagrad", ("keras",)),
    ],
)
def test_one_side_never_imports_the_other(imported, left_out):
    if "ClippyAdagrad" in imported and not importlib.util.find_spec("tf_keras"):
        pytest.skip("tf_keras is not installed")
    code = f"{imported}\nimport sys\nprint(*({{*sys.modules}} & {{*{left_out!r}}}))"
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""

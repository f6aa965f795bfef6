"""The optimizers for Keras 3 by the oracles of both, on the back end that KERAS_BACKEND names."""

import functools
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
from clippy.oracles import (
    BETAS,
    MOMENTUM,
    RATE,
    SHAPES,
    TABLE,
    THRESHOLDS,
    assert_same_path,
    gradients,
    rtol,
    run_by_definition,
    sigma_by_definition,
    weights,
)

ROOT = pathlib.Path(__file__).resolve().parents[1]
BACKEND = keras.backend.backend()
ON_TENSORFLOW = pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow has such gradients")
BASES = {
    "adagrad": (keras3.ClippedAdagrad, {}),
    "adam": (keras3.ClippedAdam, BETAS),
    "sgd": (keras3.ClippedSGD, {}),
    "momentum": (keras3.ClippedSGD, {"momentum": MOMENTUM}),
    "nesterov": (keras3.ClippedSGD, {"momentum": MOMENTUM, "nesterov": True}),
}
METHODS = [
    *((rule, "clipped") for rule in ("gc", "agc_per_unit", "agc_per_layer")),
    *((rule, "raw") for rule in THRESHOLDS),
]
EACH_METHOD = pytest.mark.parametrize("rule, accumulate", METHODS)
EACH_WAY = pytest.mark.parametrize("compiled", [False, True])
PYTORCH_HAS_ONE = "PyTorch runs eagerly"


def optimizer_of(rule, accumulate=None, base="adagrad", **arguments):
    cls, own = BASES[base]
    arguments = {"learning_rate": RATE, **own, **arguments}
    return cls(rule, THRESHOLDS[rule], accumulate=accumulate, **arguments)


MAKE = {
    **{base: functools.partial(optimizer_of, "clippy", base=base) for base in BASES},
    "global": functools.partial(optimizer_of, "gc", scope="global"),
    "drop-in": functools.partial(keras3.ClippyAdagrad, learning_rate=RATE),
}
EACH = pytest.mark.parametrize("which", MAKE)


def variable_of(name, value, dtype=None):
    scope, _, own = name.rpartition("/")
    with keras.name_scope(scope or "top"):
        return keras.Variable(value, name=own, dtype=dtype or str(value.dtype))


def stepper(optimizer, variables, compiled):
    """A function of a step's gradients, compiled as the trainer of the back end compiles it."""
    if not compiled:
        return lambda grads: optimizer.apply(grads, variables)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda grads: optimizer.apply(grads, variables), reduce_retracing=True)
    if BACKEND != "jax":
        pytest.skip(PYTORCH_HAS_ONE)
    import jax

    program = jax.jit(optimizer.stateless_apply)

    def step(grads):
        held = [[v.value for v in part] for part in (optimizer.variables, variables)]
        found = program(held[0], grads, held[1])
        for kept, values in zip((variables, optimizer.variables), found, strict=True):
            for variable, value in zip(kept, values, strict=True):
                variable.assign(value)

    return step


def run(optimizer, start, grads, compiled=False):
    """The weights after every step: a list of dicts, `start` first."""
    variables = {name: variable_of(name, value) for name, value in start.items()}
    optimizer.build(list(variables.values()))
    step, path = stepper(optimizer, list(variables.values()), compiled), [start]
    for grad in grads:
        given = [grad[name] for name in variables]
        step([ops.convert_to_tensor(g) if isinstance(g, np.ndarray) else g for g in given])
        path.append({name: ops.convert_to_numpy(v) for name, v in variables.items()})
    return path


def assert_factors(optimizer, sigmas):
    found = {name: float(v.numpy()) for name, v in optimizer.named_clipping_factors().items()}
    assert list(found) == list(sigmas)
    for name, sigma in sigmas.items():
        np.testing.assert_allclose(found[name], np.min(sigma), rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@EACH_METHOD
def test_the_rules_are_those_of_the_definition(rule, accumulate, dtype):
    if dtype == "float64" and BACKEND == "jax":
        dtype = "float32"  # JAX has no other unless it is told
    rng = np.random.default_rng(0)
    for shape in [(), (4,), (3, 5), (2, 3, 5), (0, 5)]:
        arrays = [rng.normal(size=shape).astype(dtype) for _ in range(3)]
        view = keras3.StepView(*map(ops.convert_to_tensor, (*arrays, np.asarray(RATE, dtype))))
        sigma = ops.convert_to_numpy(keras3.RULES[rule](view, **THRESHOLDS[rule]))
        assert sigma.dtype == dtype
        expected = sigma_by_definition(rule, *arrays, RATE, **THRESHOLDS[rule])
        limit = rtol(dtype, math.prod(shape))
        np.testing.assert_allclose(
            *np.broadcast_arrays(sigma.ravel(), expected.ravel()), rtol=limit
        )


# Adagrad with every method, and the other bases with one that clips and one that scales.
STEPS = [("adagrad", *method) for method in METHODS]
STEPS += [(base, *METHODS[at]) for base in BASES if base != "adagrad" for at in (0, -1)]


@EACH_WAY
@pytest.mark.parametrize("base, rule, accumulate", STEPS)
def test_steps_factors_and_state_are_those_of_the_definition(base, rule, accumulate, compiled):
    start, grads = weights(), gradients(6)
    optimizer = optimizer_of(rule, accumulate, base, export_clipping_factors=True)
    path = run(optimizer, start, grads, compiled)
    expected, states, sigmas = run_by_definition(rule, accumulate, start, grads, base)
    assert_same_path(path, expected)
    assert_factors(optimizer, sigmas[-1])
    for slot, held in enumerate(optimizer.state.values()):
        for variable, state in zip(held, states.values(), strict=True):
            atol = 1e-4 * np.max(np.abs(state[slot]))
            np.testing.assert_allclose(variable.numpy(), state[slot], rtol=1e-4, atol=atol)


@EACH_WAY
@pytest.mark.parametrize("rule", ["agc_per_unit", "clippy", "gc"])
def test_a_large_variable_takes_the_same_steps(rule, compiled):
    # On a CPU it is measured piece by piece.
    start = weights(shapes={"large/kernel": (300, 260)})
    grads = [weights(seed=seed, shapes={"large/kernel": (300, 260)}) for seed in (1, 2)]
    path = run(optimizer_of(rule), start, grads, compiled)
    how = "clipped" if keras3.RULES[rule].scales == "gradient" else "raw"
    assert_same_path(path, run_by_definition(rule, how, start, grads)[0], 256)


@EACH_WAY
@pytest.mark.parametrize("rule", ["gc", "agc_per_layer", "clippy"])
def test_one_factor_for_all_that_are_treated(rule, compiled):
    start, grads = weights(), gradients(5)
    plain, how = ("tower/bias",), "raw"
    optimizer = optimizer_of(rule, how, scope="global", exclude=plain, export_clipping_factors=True)
    path = run(optimizer, start, grads, compiled)
    expected, _, sigmas = run_by_definition(rule, how, start, grads, scope="global", plain=plain)
    assert_same_path(path, expected)
    assert_factors(optimizer, sigmas[-1])


@EACH_WAY
@pytest.mark.parametrize("bad", [math.nan, 1e30])
@EACH
def test_the_guard_leaves_variable_and_state_as_they_are(which, bad, compiled):
    start, grads = weights(), gradients(2)
    grads[1]["tower/kernel"][2, 1] = bad
    before, after = MAKE[which](), MAKE[which](export_clipping_factors=True)
    run(before, start, grads[:1], compiled)
    path = run(after, start, grads, compiled)
    np.testing.assert_array_equal(path[2]["tower/kernel"], path[1]["tower/kernel"])
    assert np.all(path[2]["tower/bias"] != path[1]["tower/bias"])
    for kept, held in zip(after.state.values(), before.state.values(), strict=True):
        np.testing.assert_array_equal(kept[0].numpy(), held[0].numpy())
    counts = {name: int(count.numpy()) for name, count in after.skipped_steps().items()}
    assert counts == {name: int(name == "tower/kernel") for name in SHAPES}
    assert float(after.named_clipping_factors()["tower/kernel"].numpy()) == 0


@EACH_WAY
def test_the_bound_and_the_step_follow_the_schedule(compiled):
    schedule = keras.optimizers.schedules.PolynomialDecay(0.015625, 5, end_learning_rate=1.0)
    rates = [float(schedule(step)) for step in range(6)]
    start, grads = weights(), gradients(6)
    path = run(optimizer_of("clippy", learning_rate=schedule), start, grads, compiled)
    assert_same_path(path, run_by_definition("clippy", "raw", start, grads, rates=rates)[0])


@EACH
def test_a_gradient_of_another_shape_is_refused_before_anything_moves(which):
    for shape in [(), (1, 2), (2,), (3, 1), (2, 3)]:
        variables = [variable_of(n, np.ones((3, 2), "float32")) for n in ("a/first", "a/kernel")]
        with pytest.raises(
            Exception, match=r"gradient of a/kernel has shape \(.*expected \(3, 2\)"
        ):
            MAKE[which]().apply([ops.ones((3, 2)), ops.ones(shape)], variables)
        for variable in variables:
            np.testing.assert_array_equal(variable.numpy(), np.ones((3, 2)))


@ON_TENSORFLOW
@EACH_WAY
@pytest.mark.parametrize("rule, shaped", [("clippy", True), ("lamb", False)])
@pytest.mark.parametrize("base", BASES)
def test_sparse_gradients_with_repeated_ids_are_dense_ones(base, rule, shaped, compiled):
    import tensorflow as tf

    def slices(values, ids, shape):
        return tf.IndexedSlices(values, tf.constant(ids), tf.constant(shape))

    start, grads = {TABLE: weights()[TABLE]}, gradients(4, slices=slices)
    expected, _, _ = run_by_definition(rule, "raw", start, grads, base)
    given = [g[TABLE] for g in grads]
    if not shaped:
        given = [tf.IndexedSlices(g.values, g.indices) for g in given]
    path = run(optimizer_of(rule, "raw", base), start, [{TABLE: g} for g in given], compiled)
    assert_same_path(path, expected)


# Models.


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
    "name", ["Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Conv2D"]
)
@pytest.mark.parametrize("biased", [False, True])
def test_units_are_the_outputs_of_the_layers_of_keras_3(name, biased):
    arguments = {"DepthwiseConv2D": [2], "SeparableConv2D": [2, 2]}.get(name, [3, 2])
    given = {"depth_multiplier": 2} if name in ("DepthwiseConv2D", "SeparableConv2D") else {}
    layer = getattr(keras.layers, name)(*arguments, use_bias=biased, **given)
    layer.build((None, 6, 6, 3))
    optimizer = optimizer_of("agc_per_unit")
    optimizer.build(layer.trainable_variables)
    pairs, expected = (-2, -1), {"Conv2DTranspose": [(-2,)], "Conv2D": [(-1,)]}
    expected |= {"DepthwiseConv2D": [pairs], "SeparableConv2D": [pairs, (-1,)]}
    found = [optimizer.rule_of(variable).units for variable in layer.trainable_variables]
    assert found == expected[name] + [(-1,)] * biased


# Imports.


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

"""ClippedAdam and ClippedSGD against their definitions in NumPy and against tf_keras' classes."""

import math
import re

import numpy as np
import pytest

from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdam, ClippedSGD
from clippy.optimizers_test import (
    CONFIGURED,
    METHODS,
    MODES,
    RATE,
    arguments_of,
    assert_identical_path,
    assert_same_path,
    gradients,
    run,
    run_sparse,
    sparse_gradients,
    through_json,
    weights,
)
from clippy.rules_test import DTYPES, THRESHOLDS, sigma_by_definition

# Exact in float32, because Keras takes some of them through it and computes 1 - beta in Python.
MOMENTUM = float(np.float32(0.9))
BETAS = {"beta_1": MOMENTUM, "beta_2": float(np.float32(0.999))}
BASES = {
    "adam": (ClippedAdam, BETAS),
    "sgd": (ClippedSGD, {}),
    "momentum": (ClippedSGD, {"momentum": MOMENTUM}),
    "nesterov": (ClippedSGD, {"momentum": MOMENTUM, "nesterov": True}),
}
SOME = [("gc", "clipped"), ("clippy", "raw")]  # where what a rule does is beside the point
EACH_BASE = pytest.mark.parametrize("base", BASES)


def optimizer_of(base, rule, accumulate="raw", **arguments):
    cls, own = BASES[base]
    arguments = {"learning_rate": RATE, **own, **arguments}
    return cls(rule, THRESHOLDS[rule], accumulate=accumulate, **arguments)


def advance(base, g, state, t):
    """The state after step t, from 1 on, and its update r_t."""
    if base == "adam":
        beta_1, beta_2 = BETAS.values()
        m, v = state or (0.0, 0.0)
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        # Keras' epsilon is the "epsilon hat" of Kingma and Ba, section 2.
        return (m, v), m * math.sqrt(1 - beta_2**t) / (1 - beta_1**t) / (np.sqrt(v) + 1e-7)
    if base == "sgd":
        return (), g
    velocity = MOMENTUM * (state[0] if state else 0.0) + g
    return (velocity,), MOMENTUM * velocity + g if base == "nesterov" else velocity


def run_by_definition(base, rule, accumulate, start, grads, rates=None):
    """The weights after every step, the last states, the sigmas of every step."""
    weight = {name: np.asarray(value, np.float64) for name, value in start.items()}
    state, path, sigmas = dict.fromkeys(weight, ()), [dict(weight)], [np.ones(0)]
    for t, (grad, rate) in enumerate(zip(grads, rates or [RATE] * len(grads), strict=True), 1):
        for name, w in weight.items():
            g, factor = np.asarray(grad[name], np.float64), 1.0
            if accumulate == "clipped":
                sigma = sigma_by_definition(rule, g, w, g, rate, **THRESHOLDS[rule])
                state[name], r = advance(base, sigma * g, state[name], t)
            else:
                state[name], r = advance(base, g, state[name], t)
                factor = sigma = sigma_by_definition(rule, g, w, r, rate, **THRESHOLDS[rule])
            sigmas.append(np.ravel(sigma))
            weight[name] = w - rate * factor * r
        path.append(dict(weight))
    return path, state, np.concatenate(sigmas)


@MODES
@pytest.mark.parametrize("dtype", DTYPES)
@EACH_BASE
def test_naive_is_the_class_of_tf_keras(base, dtype, traced):
    start, grads = weights(dtype), gradients(50, dtype)
    plain = keras.optimizers.Adam if base == "adam" else keras.optimizers.SGD
    reference = run(plain(RATE, jit_compile=False, **BASES[base][1]), start, grads)
    assert_same_path(run(optimizer_of(base, "naive"), start, grads, traced), reference)


def test_defaults_are_those_of_tf_keras():
    for cls, plain in [
        (ClippedAdam, keras.optimizers.Adam),
        (ClippedSGD, keras.optimizers.SGD),
    ]:
        config, expected = cls("naive").get_config(), plain().get_config()
        del expected["name"], expected["jit_compile"]
        shared = {name: config[name] for name in expected if name in config}
        for name, value in shared.items():
            assert value == pytest.approx(expected[name]), name  # its rate is a float32
        assert set(expected) - set(shared) <= {"adaptive_epsilon", "amsgrad", "is_legacy_optimizer"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule, accumulate", METHODS)
@EACH_BASE
def test_steps_are_those_of_the_definition(base, rule, accumulate, dtype):
    start, grads = weights(dtype), gradients(6, dtype)
    optimizer = optimizer_of(base, rule, accumulate)
    path = run(optimizer, start, grads)
    expected, states, sigmas = run_by_definition(base, rule, accumulate, start, grads)

    assert_same_path(path, expected, steps_per_eps=64)
    for slot, variables in enumerate(optimizer._state.values()):
        for variable, state in zip(variables, states.values(), strict=True):
            limit = 256 * np.finfo(dtype).eps
            np.testing.assert_allclose(
                variable, state[slot], rtol=limit, atol=limit * np.max(np.abs(state[slot]))
            )
    assert sum(map(len, optimizer._state.values())) == sum(map(len, states.values()))
    if rule not in ("naive", "lamb"):
        assert sigmas.min() < 0.5


@pytest.mark.parametrize("rule, accumulate", SOME)
@EACH_BASE
def test_the_bound_and_the_step_follow_the_schedule(base, rule, accumulate):
    schedule = keras.optimizers.schedules.PolynomialDecay(0.015625, 5, end_learning_rate=1.0)
    rates = [float(schedule(step)) for step in range(6)]
    start, grads = weights(), gradients(6)
    path = run(optimizer_of(base, rule, accumulate, learning_rate=schedule), start, grads, True)
    expected, _, _ = run_by_definition(base, rule, accumulate, start, grads, rates)
    assert_same_path(path, expected, steps_per_eps=64)


@EACH_BASE
def test_clippy_moves_to_its_bound_at_every_rate_of_a_schedule(base):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], [4.0, 0.5, 2.0])
    start = weights()
    grads = [{name: np.full(value.shape, 100.0, "float32") for name, value in start.items()}] * 3
    path = run(optimizer_of(base, "clippy", learning_rate=schedule), start, grads)
    for before, after in zip(path, path[1:], strict=False):
        for name in start:
            share = np.abs(after[name] - before[name]) / (0.5 * np.abs(before[name]) + 0.01)
            np.testing.assert_allclose(share.max(), 1, rtol=1e-4)  # w rounds before w' - w


@pytest.mark.parametrize("rule, accumulate", METHODS)
@EACH_BASE
def test_sparse_gradients_with_repeated_ids_are_dense_ones(base, rule, accumulate):
    traced = (rule, accumulate) in SOME
    start = weights(names=["embedding/table"])
    slices, dense = sparse_gradients(5, "float32")
    path = run_sparse(optimizer_of(base, rule, accumulate), start, slices, traced)
    expected, _, _ = run_by_definition(base, rule, accumulate, start, dense)
    assert_same_path(path, expected, steps_per_eps=64)


@pytest.mark.parametrize("base, scatters", [("adam", 0), ("sgd", 1), ("momentum", 0)])
def test_sparse_steps_without_momentum_touch_their_rows_alone(base, scatters):
    # Numbers cannot tell: the gradient of the other rows is 0.
    table = tf.Variable(weights()["embedding/table"])
    optimizer = optimizer_of(base, "clippy")
    optimizer.build([table])

    @tf.function
    def step(values, ids):
        optimizer.apply_gradients([(tf.IndexedSlices(values, ids, tf.constant([7, 3])), table)])

    definition = step.get_concrete_function(
        tf.ones([2, 3]), tf.constant([4, 1])
    ).graph.as_graph_def()
    inner = [node for function in definition.library.function for node in function.node_def]
    operations = [node.op for node in [*definition.node, *inner]]
    assert operations.count("ResourceScatterSub") == scatters
    assert ("AssignSubVariableOp" in operations) == (not scatters)


OWN = {
    "adam": {"beta_1": 0.75, "beta_2": 0.875, "epsilon": 0.25},
    "sgd": {"momentum": 0.0, "nesterov": True},
    "nesterov": {"momentum": 0.75, "nesterov": True},
}


@pytest.mark.parametrize("rule, accumulate", SOME)
@pytest.mark.parametrize("base", OWN)
def test_config_holds_every_argument_and_gives_the_same_steps(base, rule, accumulate):
    given = {name: value for name, value in CONFIGURED.items() if name != "initial_accumulator"}
    given = {**given, **OWN[base], "weight_decay": 0.25, "clipnorm": 0.5}
    optimizer = optimizer_of(base, rule, accumulate, **given)
    config = optimizer.get_config()
    given = {**given, "rule": rule, "thresholds": THRESHOLDS[rule], "accumulate": accumulate}
    assert arguments_of(type(optimizer)) <= set(given)
    assert {name: config[name] for name in given} == given

    reloaded = type(optimizer).from_config(through_json(config))
    assert reloaded.get_config() == config
    serialized = through_json(keras.optimizers.serialize(optimizer))
    deserialized = keras.optimizers.deserialize(serialized)
    assert type(deserialized) is type(optimizer)
    start, grads = weights(), gradients(4)
    path = run(optimizer, start, grads)
    assert_identical_path(run(reloaded, start, grads), path)
    assert_identical_path(run(deserialized, start, grads), path)


def test_config_of_a_schedule():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.5, 3, end_learning_rate=0.125)
    for base in BASES:
        optimizer = optimizer_of(base, "clippy", learning_rate=schedule)
        reloaded = type(optimizer).from_config(through_json(optimizer.get_config()))
        start, grads = weights(), gradients(4)
        assert_identical_path(run(reloaded, start, grads), run(optimizer, start, grads))


@pytest.mark.parametrize(
    "cls, argument, value",
    [
        *((ClippedAdam, name, v) for name in ("beta_1", "beta_2") for v in (1, 1.0, -0.1, 1.5)),
        *((ClippedAdam, name, v) for name in ("beta_1", "beta_2") for v in (math.nan, None, True)),
        *((ClippedAdam, "epsilon", v) for v in (0, 0.0, -1e-7, math.nan, math.inf, "1")),
        *((ClippedSGD, "momentum", v) for v in (1, 1.0, -0.1, math.nan, None)),
        *((cls, "learning_rate", v) for cls in (ClippedAdam, ClippedSGD) for v in (0, -0.1, None)),
        *((cls, "rule", "adam") for cls in (ClippedAdam, ClippedSGD)),
        *((cls, "scope", "all") for cls in (ClippedAdam, ClippedSGD)),
        *((cls, "accumulate", "both") for cls in (ClippedAdam, ClippedSGD)),
    ],
)
def test_bad_argument_is_refused_by_name_and_value(cls, argument, value):
    good = {"rule": "gc", "thresholds": {"lam": 0.1}}
    with pytest.raises(ValueError, match=f"{argument} = {re.escape(repr(value))}: allowed"):
        cls(**{**good, argument: value})


@pytest.mark.parametrize("cls", [ClippedAdam, ClippedSGD])
def test_rules_that_look_at_the_update_cannot_clip_the_gradient(cls):
    for rule in ("naive", "lamb", "clippy"):
        with pytest.raises(ValueError, match=f"accumulate = 'clipped': allowed for {rule} is raw"):
            cls(rule, THRESHOLDS[rule], accumulate="clipped")


def poisson_losses(optimizer, steps=30):
    """Losses of a Poisson regression whose features differ by a factor of 100 in scale."""
    features, counts = tf.constant([[1.0, 100.0], [2.0, -50.0]]), tf.constant([5.0, 1.0])
    weight, losses = tf.Variable([0.0, 0.0]), []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            logit = tf.linalg.matvec(features, weight)
            loss = tf.reduce_sum(tf.exp(logit) - counts * logit)
        losses.append(float(loss))
        optimizer.apply_gradients([(tape.gradient(loss, weight), weight)])
    return losses


def test_adam_diverges_where_clippy_on_adam_does_not():
    plain, keras_adam = ClippedAdam("naive", learning_rate=0.5), keras.optimizers.Adam(0.5)
    for optimizer in (plain, keras_adam):
        losses = poisson_losses(optimizer)
        assert not losses[-1] < 1e15  # a NaN is not
    clippy = ClippedAdam("clippy", {"rel": 0.1, "abs_": 1e-3}, learning_rate=0.5)
    losses = poisson_losses(clippy)
    assert max(losses) <= losses[0]
    assert losses[-1] < losses[0]


@EACH_BASE
def test_the_plain_update_is_that_of_the_definition_and_changes_nothing(base):
    optimizer = optimizer_of(base, "naive")
    variable = tf.Variable(weights()["tower/kernel"])
    first, second = (step["tower/kernel"] for step in gradients(2))
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant(first), variable)])
    before = [variable.numpy(), *(slot.numpy() for [slot] in optimizer.state.values())]
    update = optimizer.plain_update(tf.constant(second), variable)
    state, _ = advance(base, first, None, 1)
    _, expected = advance(base, second, state, 2)
    np.testing.assert_allclose(update, expected, rtol=1e-5)
    after = [variable.numpy(), *(slot.numpy() for [slot] in optimizer.state.values())]
    assert list(optimizer.state) == list(optimizer.slots)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(optimizer.iterations) == 1

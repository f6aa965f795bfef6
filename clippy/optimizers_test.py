"""ClippedAdagrad, ClippedAdam and ClippedSGD: their steps by definition, and as tf_keras' own."""

import math
import re

import numpy as np
import pytest

from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.oracles import (
    METHODS,
    RATE,
    TABLE,
    THRESHOLDS,
    advance,
    assert_identical,
    assert_identical_path,
    assert_same_path,
    run_by_definition,
    weights,
)
from clippy.rules import RULES
from clippy.testing import (
    BASES,
    CONFIGURED,
    EACH_BASE,
    SOME_METHODS,
    arguments_of,
    assert_factors,
    gradients,
    optimizer_of,
    run,
    through_json,
)

schedules = keras.optimizers.schedules


# Adagrad with every kind of rule, and the other bases with one that clips and one that scales.
STEPS = [("adagrad", *method) for method in METHODS]
STEPS += [(base, *METHODS[at]) for base in BASES if base != "adagrad" for at in (0, -1)]


@pytest.mark.parametrize(
    "dtype, traced", [("float32", True), pytest.param("float64", False, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("base, rule, accumulate", STEPS)
def test_steps_and_factors_are_those_of_the_definition(base, rule, accumulate, dtype, traced):
    start, grads = weights(dtype), gradients(6, dtype)
    optimizer = optimizer_of(rule, accumulate, base, export_clipping_factors=True)
    path = run(optimizer, start, grads, traced)
    expected, states, sigmas = run_by_definition(rule, accumulate, start, grads, base)

    assert_same_path(path, expected)
    limit = 256 * np.finfo(dtype).eps
    assert len(optimizer.state) == len(next(iter(states.values())))
    for slot, variables in enumerate(optimizer.state.values()):
        for variable, state in zip(variables, states.values(), strict=True):
            atol = limit * np.max(np.abs(state[slot]))
            np.testing.assert_allclose(variable, state[slot], rtol=limit, atol=atol)
    assert_factors(optimizer, sigmas[-1], rtol=2000 * np.finfo(dtype).eps)
    assert all(factor.dtype == dtype for factor in optimizer.clipping_factors)
    assert all(factor.shape == () for factor in optimizer.clipping_factors)
    if rule != "lamb":  # the run has to show both sides of the threshold
        found = np.concatenate([np.ravel(sigma) for step in sigmas for sigma in step.values()])
        assert found.min() < 0.5
        assert found.max() == 1 or base in ("momentum", "nesterov")


OWN = {
    "adagrad": {"initial_accumulator": 0.25},
    "adam": {"beta_1": 0.75, "beta_2": 0.875, "epsilon": 0.25},
    "sgd": {},
    "momentum": {"momentum": 0.75},
    "nesterov": {"momentum": 0.75, "nesterov": True},
}


@EACH_BASE
def test_naive_is_the_class_of_tf_keras(base):
    if base == "adagrad":
        theirs = keras.optimizers.Adagrad(RATE, *OWN[base].values(), epsilon=0.0)
    else:
        cls = keras.optimizers.Adam if base == "adam" else keras.optimizers.SGD
        theirs = cls(RATE, jit_compile=False, **OWN[base])
    start, grads = weights("float64"), gradients(20, "float64")
    path = run(optimizer_of("naive", base=base, **OWN[base]), start, grads)
    assert_same_path(path, run(theirs, start, grads), 16)


def test_what_a_rule_accumulates_unless_told():
    given = {rule: optimizer_of(rule, None).accumulate for rule in RULES}
    assert given == {r: "clipped" if RULES[r].scales == "gradient" else "raw" for r in RULES}


@pytest.mark.parametrize("traced", [False, True, pytest.param("xla", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "base, rule, accumulate",
    [
        *((base, "clippy", "raw") for base in BASES),
        ("adagrad", "agc_per_layer", "clipped"),
        ("adagrad", "lamb", "raw"),
    ],
)
def test_sparse_gradients_with_repeated_ids_are_dense_ones(base, rule, accumulate, traced):
    start, grads = {TABLE: weights()[TABLE]}, gradients(5, sparse=True)
    optimizer = optimizer_of(rule, accumulate, base)
    path = run(optimizer, start, grads, traced)
    expected, states, _ = run_by_definition(rule, accumulate, start, grads, base)
    assert_same_path(path, expected)
    for [slot], state in zip(optimizer.state.values(), states[TABLE], strict=True):
        np.testing.assert_allclose(slot, state, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "base, scatters", [("adagrad", 1), ("adam", 0), ("sgd", 1), ("momentum", 0)]
)
def test_sparse_steps_touch_their_rows_alone_where_no_state_decays(base, scatters):
    # Numbers cannot tell: the gradient of the other rows is 0.
    table = tf.Variable(weights()[TABLE])
    optimizer = optimizer_of("clippy", base=base)
    optimizer.build([table])

    @tf.function
    def step(values, ids):
        optimizer.apply_gradients([(tf.IndexedSlices(values, ids, tf.constant([7, 3])), table)])

    graph = step.get_concrete_function(tf.ones([2, 3]), tf.constant([4, 1])).graph.as_graph_def()
    inner = [node for function in graph.library.function for node in function.node_def]
    operations = [node.op for node in [*graph.node, *inner]]
    assert operations.count("ResourceScatterSub") == scatters
    assert ("AssignSubVariableOp" in operations) == (not scatters)


@SOME_METHODS
def test_empty_scalar_and_one_element_variables(rule, accumulate):
    shapes = {"empty": (0, 5), "scalar": (), "one": (1,), "square": (1, 1)}
    start, grad = (weights(seed=seed, shapes=shapes) for seed in range(2))
    path = run(optimizer_of(rule, accumulate), start, [grad])
    assert_same_path(path, run_by_definition(rule, accumulate, start, [grad])[0])
    assert [value.shape for value in path[1].values()] == list(shapes.values())


@EACH_BASE
def test_the_bound_and_the_step_follow_the_schedule(base):
    schedule = schedules.PolynomialDecay(0.015625, 5, end_learning_rate=1.0)
    rates = [float(schedule(step)) for step in range(6)]
    start, grads = weights(), gradients(6)
    path = run(optimizer_of("clippy", "raw", base, learning_rate=schedule), start, grads, True)
    expected, _, _ = run_by_definition("clippy", "raw", start, grads, base, rates=rates)
    assert_same_path(path, expected)


@pytest.mark.parametrize(
    "rule, accumulate, owner, shape",
    [("gc", "clipped", "optimizer", (301, 257)), ("clippy", "raw", "caller", (3, 5))],
)
def test_thresholds_and_rate_change_without_a_new_trace(rule, accumulate, owner, shape):
    # A variable given as the rate is the caller's to assign; otherwise the optimizer has its own.
    # The large variable is stepped by a program of XLA's.
    start, grad = (weights(seed=seed, shapes={"kernel": shape}) for seed in range(2))
    variable = tf.Variable(start["kernel"])
    thresholds = {name: tf.Variable(value) for name, value in THRESHOLDS[rule].items()}
    own_rate = tf.Variable(0.0) if owner == "caller" else 1.0
    optimizer = ClippedAdagrad(rule, thresholds, learning_rate=own_rate, accumulate=accumulate)
    optimizer.build([variable])
    traces = []

    @tf.function
    def step(grad, rate):
        traces.append(rule)
        (own_rate if owner == "caller" else optimizer.learning_rate).assign(rate)
        optimizer.apply_gradients([(grad, variable)])

    for scale, value in [(1, RATE), (0.5, RATE), (1e-3, RATE / 4), (1, 2.0)]:
        scaled = {name: scale * threshold for name, threshold in THRESHOLDS[rule].items()}
        for name, threshold in scaled.items():
            thresholds[name].assign(threshold)
        optimizer.accumulators[0].assign(tf.fill(shape, 0.1))
        variable.assign(start["kernel"])
        step(tf.constant(grad["kernel"]), tf.constant(value))
        given = {"rates": [value], "thresholds": scaled}
        expected, _, _ = run_by_definition(rule, accumulate, start, [grad], **given)
        assert_same_path([start, {"kernel": variable.numpy()}], expected)
        assert float(optimizer.learning_rate) == optimizer.get_config()["learning_rate"] == value
    assert len(traces) == 1


def again(optimizer):
    """The config of an optimizer, and an optimizer of the same steps from its JSON."""
    reloaded = keras.optimizers.deserialize(through_json(keras.optimizers.serialize(optimizer)))
    assert type(reloaded) is type(optimizer)
    start, grads = weights(), gradients(4)
    assert_identical_path(run(reloaded, start, grads), run(optimizer, start, grads))
    assert reloaded.get_config() == optimizer.get_config()
    return reloaded.get_config()


@pytest.mark.parametrize("base", ["adagrad", "adam", "nesterov"])
def test_config_holds_every_argument_and_gives_the_same_steps(base):
    given = {**CONFIGURED, **OWN[base], "scope": "local", "axis": {"kernel": [0]}}
    optimizer = optimizer_of("agc_per_unit", "raw", base, **given)
    config = again(optimizer)
    given |= {"rule": "agc_per_unit", "thresholds": THRESHOLDS["agc_per_unit"], "accumulate": "raw"}
    assert arguments_of(optimizer) <= set(given)
    assert {name: config[name] for name in given} == given


def test_config_of_a_schedule_and_of_thresholds_in_variables():
    thresholds = {"rel": tf.Variable(0.5), "abs_": tf.Variable(1.0)}
    schedule = schedules.PolynomialDecay(0.5, 3, end_learning_rate=0.125)
    optimizer = ClippedAdagrad("clippy", thresholds, learning_rate=schedule)
    thresholds["abs_"].assign(0.0625)
    assert again(optimizer)["thresholds"] == {"rel": 0.5, "abs_": 0.0625}  # the present value


def test_a_rate_and_thresholds_that_have_come_down_to_0_go_through_a_config():
    optimizer = ClippedAdagrad("gc", {"lam": tf.Variable(0.5)}, learning_rate=0.5)
    optimizer.learning_rate = 0.0
    optimizer.thresholds["lam"].assign(0.0)
    reloaded = ClippedAdagrad.from_config(again(optimizer))
    assert (float(reloaded.learning_rate), float(reloaded.thresholds["lam"])) == (0, 0)
    reloaded.learning_rate = RATE  # both can grow again
    reloaded.thresholds["lam"].assign(0.1)


@pytest.mark.parametrize(
    "cls, argument, values",
    [
        (ClippedAdagrad, "initial_accumulator", (0, 0.0, -0.1, math.nan)),
        (ClippedAdagrad, "learning_rate", (-0.1, None)),
        (ClippedAdagrad, "rule", ("adam", None)),
        (ClippedAdam, "beta_1", (1, 1.5, -0.1, math.nan, None)),
        (ClippedAdam, "beta_2", (1, 1.5, -0.1, math.nan, None)),
        (ClippedAdam, "epsilon", (0, -1e-7, math.inf, "1")),
        (ClippedAdam, "scope", ("all",)),
        (ClippedSGD, "accumulate", ("both",)),
        (ClippedSGD, "momentum", (1, -0.1, math.nan, None)),
    ],
)
def test_bad_argument_is_refused_by_name_and_value(cls, argument, values):
    good = {"rule": "gc", "thresholds": {"lam": 0.1}, "learning_rate": 0.1}
    for value in values:
        with pytest.raises(ValueError, match=f"{argument} = {re.escape(repr(value))}: expected"):
            cls(**{**good, argument: value})


@pytest.mark.parametrize(
    "message, rule, arguments",
    [
        ("thresholds = 'mu': expected one of lam, floor for agc_per_unit", "agc_per_unit",
         {"thresholds": {"lam": 0.1, "mu": 1.0}}),
        ("thresholds = 'lam': expected none for naive", "naive", {"thresholds": {"lam": 0.1}}),
        ("thresholds = {}: expected 'lam' for gc", "gc", {"thresholds": None}),
        ("thresholds = {'rel': 0.5}: expected 'abs_' for clippy", "clippy",
         {"thresholds": {"rel": 0.5}}),
        ("thresholds = {'lam': -0.5}: gc: lam = -0.5: expected a finite number > 0", "gc",
         {"thresholds": {"lam": -0.5}}),
        *((f"accumulate = 'clipped': expected raw for {rule}", rule, {"accumulate": "clipped"})
          for rule in ("naive", "lamb", "clippy")),
        ("scope = 'global': expected local for agc_per_unit", "agc_per_unit", {"scope": "global"}),
    ],
)  # fmt: skip
def test_a_rule_is_refused_what_it_does_not_take(message, rule, arguments):
    given = {"thresholds": THRESHOLDS[rule], "learning_rate": RATE, **arguments}
    for cls in (ClippedAdagrad, ClippedAdam, ClippedSGD):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            cls(rule, **given)


@EACH_BASE
def test_the_plain_update_is_that_of_the_definition_and_changes_nothing(base):
    optimizer = optimizer_of("naive", base=base)
    variable = tf.Variable(weights()["tower/kernel"])
    first, second = (step["tower/kernel"] for step in gradients(2))
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant(first), variable)])
    held = [variable, *optimizer.variables, *(slot for [slot] in optimizer.state.values())]
    before = [tensor.numpy() for tensor in held]
    update = optimizer.plain_update(tf.constant(second), variable)
    state, _ = advance(base, first, None, 1)
    _, expected = advance(base, second, state, 2)
    np.testing.assert_allclose(update, expected, rtol=1e-5)
    assert_identical(held, before)

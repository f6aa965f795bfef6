"""ClippedAdagrad against Eq. 1 and Algorithm 1 in NumPy, tf_keras' Adagrad and TFRS' Clippy."""

import importlib
import inspect
import json
import math
import re

import numpy as np
import pytest

from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad
from clippy.rules import RULES
from clippy.rules_test import DTYPES, THRESHOLDS, sigma_by_definition

RATE = 0.25  # a power of two, so that the float32 rate of Keras is exact
CLIPS_GRADIENT = ("gc", "agc_per_unit", "agc_per_layer")  # Eq. 2 and 3
METHODS = [(rule, "raw") for rule in RULES] + [(rule, "clipped") for rule in CLIPS_GRADIENT]
TREATED = [method for method in METHODS if method[0] != "naive"]
SHAPES = {"tower/kernel": (3, 5), "tower/bias": (5,), "embedding/table": (7, 3)}
MODES = pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])


def optimizer_of(rule, accumulate="raw", **arguments):
    arguments = {"learning_rate": RATE, **arguments}
    return ClippedAdagrad(rule, THRESHOLDS[rule], accumulate=accumulate, **arguments)


def weights(dtype="float32", seed=0, names=SHAPES):
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}
    return {name: values[name] for name in names}


def gradients(steps, dtype="float32", seed=1):
    """Gradients of `steps` steps; their size changes, so that rules clip some and pass some."""
    rng = np.random.default_rng(seed)
    return [
        {
            name: (rng.normal(size=shape) * (10, 1e-5, 1, 1e-2)[step % 4]).astype(dtype)
            for name, shape in SHAPES.items()
        }
        for step in range(steps)
    ]


def run(optimizer, start, grads, traced=False):
    """The weights after every step: a list of dicts, `start` first."""
    variables = {name: tf.Variable(value, name=name) for name, value in start.items()}
    optimizer.build(list(variables.values()))

    def step(grads):
        optimizer.apply_gradients([(grads[name], variables[name]) for name in variables])

    apply = tf.function(step, reduce_retracing=True) if traced else step
    path = [start]
    for grad in grads:
        apply({name: tf.nest.map_structure(tf.convert_to_tensor, grad[name]) for name in variables})
        path.append({name: variable.numpy() for name, variable in variables.items()})
    return path


def run_by_definition(rule, accumulate, start, grads, rates=None, plain=()):
    """Eq. 1 with Eq. 2 and 3 before it ("clipped") or line 8 of Algorithm 1 in it ("raw").

    Returns: the weights after every step, the accumulators, the sigmas of every step.
    """
    weight = {name: np.asarray(value, np.float64) for name, value in start.items()}
    total = {name: np.full(value.shape, 0.1) for name, value in weight.items()}  # G_0
    path, sigmas = [dict(weight)], [np.ones(0)]
    for grad, rate in zip(grads, rates or [RATE] * len(grads), strict=True):
        for name, w in weight.items():
            g, sigma = np.asarray(grad[name], np.float64), 1.0
            use = "naive" if name in plain else rule
            if accumulate == "clipped" and use != "naive":
                factor = sigma_by_definition(use, g, w, g, rate, **THRESHOLDS[use])
                g = factor * g
                sigmas.append(factor)
            total[name] = total[name] + g**2  # line 6
            r = g / np.sqrt(total[name])  # line 7
            if accumulate == "raw":
                sigma = sigma_by_definition(use, g, w, r, rate, **THRESHOLDS[use])  # line 8
                sigmas.append(sigma)
            weight[name] = w - rate * sigma * r  # line 9
        path.append(dict(weight))
    return path, total, np.concatenate([np.ravel(sigma) for sigma in sigmas])


def assert_same_path(path, expected, steps_per_eps=16):
    """Each step rounds a few times, so the tolerance grows with the number of steps."""
    for name in expected[0]:
        for step, (one, other) in enumerate(zip(path, expected, strict=True)):
            eps = float(np.finfo(one[name].dtype).eps)
            tolerance = steps_per_eps * (step + 1) * eps
            np.testing.assert_allclose(
                one[name], other[name], rtol=tolerance, atol=tolerance, err_msg=f"{name} {step}"
            )


def assert_identical_path(path, expected):
    for one, other in zip(path, expected, strict=True):
        for name in other:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_every_rule_is_tested():
    assert {rule for rule, _ in METHODS} == set(RULES) == set(THRESHOLDS)


@MODES
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_steps_are_those_of_the_definition(rule, accumulate, dtype, traced):
    start, grads = weights(dtype), gradients(6, dtype)
    optimizer = optimizer_of(rule, accumulate)
    path = run(optimizer, start, grads, traced)
    expected, totals, sigmas = run_by_definition(rule, accumulate, start, grads)

    assert_same_path(path, expected)
    for accumulator, total in zip(optimizer.accumulators, totals.values(), strict=True):
        np.testing.assert_allclose(accumulator, total, rtol=64 * np.finfo(dtype).eps)
    if rule not in ("naive", "lamb"):  # the run has to show both sides of the threshold
        assert sigmas.min() < 0.5
        assert sigmas.max() == 1


@MODES
@pytest.mark.parametrize("dtype", DTYPES)
def test_naive_is_the_adagrad_of_tf_keras(dtype, traced):
    start, grads = weights(dtype), gradients(50, dtype)
    adagrad = keras.optimizers.Adagrad(RATE, initial_accumulator_value=0.1, epsilon=0.0)
    assert_same_path(run(optimizer_of("naive"), start, grads, traced), run(adagrad, start, grads))


@pytest.mark.parametrize("initial_accumulator", [0.1, 2.0])
def test_accumulators_start_at_the_argument(initial_accumulator):
    optimizer = optimizer_of("naive", initial_accumulator=initial_accumulator)
    optimizer.build([tf.Variable(tf.ones([3, 5], dtype)) for dtype in DTYPES])
    for accumulator, dtype in zip(optimizer.accumulators, DTYPES, strict=True):
        np.testing.assert_array_equal(accumulator, np.full((3, 5), initial_accumulator, dtype))


@pytest.mark.parametrize("rate", [0.0625, 0.25, 2.0])
def test_clippy_is_the_one_of_its_authors(rate):
    # Their flag makes it Algorithm 1, which accumulates before the step.
    authors = importlib.import_module("tensorflow_recommenders.experimental.optimizers")
    reference = authors.ClippyAdagrad(
        rate,
        initial_accumulator_value=0.1,
        variable_relative_threshold=0.5,
        accumulator_relative_threshold=0.0,
        absolute_threshold=1e-2,
        epsilon=0.0,
        use_standard_accumulator_update=True,
    )
    start, grads = weights(), gradients(50)
    path = run(optimizer_of("clippy", learning_rate=rate), start, grads)
    assert_same_path(path, run(reference, start, grads))
    naive = run(optimizer_of("naive", learning_rate=rate), start, grads)
    assert any(np.any(path[-1][name] != naive[-1][name]) for name in start)


@pytest.mark.parametrize("rule, accumulate", TREATED)
def test_a_method_changes_the_steps(rule, accumulate):
    start, grads = weights(), gradients(4)
    path, naive = (
        run(o, start, grads) for o in (optimizer_of(rule, accumulate), optimizer_of("naive"))
    )
    for name in start:
        assert np.any(path[-1][name] != naive[-1][name])


@pytest.mark.parametrize("rule", CLIPS_GRADIENT)
def test_clipped_and_raw_accumulation_differ(rule):
    start, grads = weights(), gradients(4)
    clipped, raw = (
        run(optimizer_of(rule, accumulate), start, grads) for accumulate in ("clipped", "raw")
    )
    for name in start:
        assert np.any(clipped[-1][name] != raw[-1][name])


@pytest.mark.parametrize("rule, accumulate", [m for m in TREATED if m[0] != "lamb"])
def test_thresholds_out_of_reach_leave_adagrad_bit_for_bit(rule, accumulate):
    start, grads = weights(), gradients(4)
    loose = dict.fromkeys(THRESHOLDS[rule], 1e9)
    optimizer = ClippedAdagrad(rule, loose, learning_rate=RATE, accumulate=accumulate)
    naive = run(optimizer_of("naive"), start, grads)
    assert_identical_path(run(optimizer, start, grads), naive)


@pytest.mark.parametrize(
    "exclude", [("embedding",), ("^embed", "nothing"), (r"table:\d$",)], ids=str
)
@pytest.mark.parametrize("rule, accumulate", TREATED)
def test_excluded_variables_take_plain_adagrad(rule, accumulate, exclude):
    start, grads = weights(), gradients(4)
    path = run(optimizer_of(rule, accumulate, exclude=exclude), start, grads)
    naive = run(optimizer_of("naive"), start, grads)
    treated = run(optimizer_of(rule, accumulate), start, grads)
    for step in range(5):
        for name in start:
            expected = naive if name == "embedding/table" else treated
            np.testing.assert_array_equal(path[step][name], expected[step][name])


def sparse_gradients(steps, dtype, seed=2):
    """Slices with repeated ids, and the dense gradients they stand for."""
    rng = np.random.default_rng(seed)
    slices, dense = [], []
    for step in range(steps):
        ids = np.array([[4, 1, 4, 4], [6, 6, 0, 1], [2, 5, 2, 1]][step % 3])
        values = (rng.normal(size=(4, 3)) * 10.0 ** rng.uniform(-3, 1)).astype(dtype)
        total = np.zeros((7, 3))
        np.add.at(total, ids, values)
        slices.append({"embedding/table": tf.IndexedSlices(values, ids, [7, 3])})
        dense.append({"embedding/table": total})
    return slices, dense


def run_sparse(optimizer, start, slices, traced):
    """As `run`, with gradients given to the optimizer as IndexedSlices."""
    variable = tf.Variable(start["embedding/table"], name="embedding/table")
    optimizer.build([variable])

    def step(values, ids):
        shape = tf.constant(variable.shape.as_list(), ids.dtype)
        optimizer.apply_gradients([(tf.IndexedSlices(values, ids, shape), variable)])

    apply = tf.function(step) if traced else step
    path = [start]
    for grad in slices:
        apply(
            *(
                tf.convert_to_tensor(part)
                for part in (grad["embedding/table"].values, grad["embedding/table"].indices)
            )
        )
        path.append({"embedding/table": variable.numpy()})
    return path


@MODES
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("exclude", [(), ("embedding",)], ids=["treated", "excluded"])
@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_sparse_gradients_with_repeated_ids_are_dense_ones(
    rule, accumulate, exclude, dtype, traced
):
    start = weights(dtype, names=["embedding/table"])
    slices, dense = sparse_gradients(5, dtype)
    optimizer = optimizer_of(rule, accumulate, exclude=exclude)
    plain = ["embedding/table"] if exclude else []
    expected, totals, _ = run_by_definition(rule, accumulate, start, dense, plain=plain)
    assert_same_path(run_sparse(optimizer, start, slices, traced), expected)
    np.testing.assert_allclose(
        optimizer.accumulators[0], totals["embedding/table"], rtol=64 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_gradient_of_an_embedding_lookup_in_a_function(rule, accumulate):
    # The number of ids is unknown when the function is traced.
    start = weights(names=["embedding/table"])
    table = tf.Variable(start["embedding/table"], name="embedding/table")
    optimizer = optimizer_of(rule, accumulate)
    optimizer.build([table])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def step(ids):
        with tf.GradientTape() as tape:
            loss = 4 * tf.reduce_sum(tf.nn.embedding_lookup(table, ids))
        grad = tape.gradient(loss, table)
        assert isinstance(grad, tf.IndexedSlices)
        optimizer.apply_gradients([(grad, table)])

    step([4, 1, 4])
    dense = np.zeros((7, 3))
    dense[4], dense[1] = 8, 4
    expected, _, _ = run_by_definition(rule, accumulate, start, [{"embedding/table": dense}])
    assert_same_path([start, {"embedding/table": table.numpy()}], expected)


@pytest.mark.parametrize(
    "rule, exclude", [("naive", ()), ("clippy", ("embedding",)), ("clippy", ()), ("gc", ())]
)
def test_sparse_steps_touch_their_rows_alone(rule, exclude):
    # An infinite weight shows any arithmetic on a row without a gradient: 0 * inf is NaN.
    start = weights(names=["embedding/table"])
    start["embedding/table"][3] = math.inf
    slices, _ = sparse_gradients(3, "float32")
    path = run_sparse(optimizer_of(rule, exclude=exclude), start, slices, traced=False)
    np.testing.assert_array_equal(path[-1]["embedding/table"][3], np.full(3, math.inf))
    assert np.all(path[-1]["embedding/table"][4] != start["embedding/table"][4])


@MODES
@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_without_a_guard_a_nan_gradient_stays_nan_and_in_its_variable(rule, accumulate, traced):
    start, grads = weights(), gradients(2)
    grads[0]["tower/kernel"][1, 2] = math.nan
    path = run(optimizer_of(rule, accumulate, skip_nonfinite=False), start, grads, traced)
    for after in path[1:]:
        assert np.isnan(after["tower/kernel"][1, 2])
        assert np.all(np.isfinite(after["tower/bias"]))
        assert np.all(np.isfinite(after["embedding/table"]))


@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_empty_scalar_and_one_element_variables(rule, accumulate):
    variables = [
        tf.Variable(np.full(shape, 2.0, "float32")) for shape in [(0, 5), (), (1,), (1, 1)]
    ]
    optimizer = optimizer_of(rule, accumulate)
    optimizer.apply_gradients([(tf.fill(v.shape, 8.0), v) for v in variables])
    start, grads = {"one": np.full((1,), 2.0)}, [{"one": np.full((1,), 8.0)}]
    expected, _, _ = run_by_definition(rule, accumulate, start, grads)
    assert variables[0].shape == (0, 5)
    for variable in variables[1:]:
        np.testing.assert_allclose(
            np.ravel(variable), expected[1]["one"], rtol=64 * np.finfo("float32").eps
        )


@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_the_bound_and_the_step_follow_the_schedule(rule, accumulate):
    schedule = keras.optimizers.schedules.PolynomialDecay(0.015625, 5, end_learning_rate=1.0)
    rates = [float(schedule(step)) for step in range(6)]
    assert len(set(rates)) == 6
    start, grads = weights(), gradients(6)
    path = run(optimizer_of(rule, accumulate, learning_rate=schedule), start, grads, traced=True)
    expected, _, _ = run_by_definition(rule, accumulate, start, grads, rates)
    assert_same_path(path, expected)


def test_clippy_moves_to_its_bound_at_every_rate_of_a_schedule():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], [4.0, 0.5, 2.0])
    start = weights()
    grads = [{name: np.full(shape, 100.0, "float32") for name, shape in SHAPES.items()}] * 3
    path = run(optimizer_of("clippy", learning_rate=schedule), start, grads)
    for before, after in zip(path, path[1:], strict=False):
        for name in start:
            share = np.abs(after[name] - before[name]) / (0.5 * np.abs(before[name]) + 0.01)
            np.testing.assert_allclose(share.max(), 1, rtol=1e-4)  # w rounds before w' - w


@pytest.mark.parametrize("rule, accumulate", TREATED)
def test_thresholds_and_rate_change_without_a_new_trace(rule, accumulate):
    variable = tf.Variable(weights()["tower/kernel"])
    thresholds = {name: tf.Variable(value) for name, value in THRESHOLDS[rule].items()}
    optimizer = ClippedAdagrad(rule, thresholds, learning_rate=RATE, accumulate=accumulate)
    optimizer.build([variable])
    traces = []

    @tf.function
    def step(grad):
        traces.append(rule)
        optimizer.apply_gradients([(grad, variable)])

    def moved(scale, rate):
        for name, value in THRESHOLDS[rule].items():
            thresholds[name].assign(value * scale)
        optimizer.learning_rate = rate
        optimizer.accumulators[0].assign(tf.fill([3, 5], 0.1))
        variable.assign(weights()["tower/kernel"])
        step(tf.fill([3, 5], 3.0))
        return np.max(np.abs(variable.numpy() - weights()["tower/kernel"]))

    assert moved(0.5, RATE) < 0.75 * moved(1, RATE)
    assert moved(1e-3, RATE / 4) < 0.1 * moved(1, RATE)
    assert len(traces) == 1


CONFIGURED = {
    "learning_rate": 0.125,
    "initial_accumulator": 0.25,
    "include": ["tower", "table"],
    "exclude": ["embedding", "bias"],
    "scope": "local",
    "skip_nonfinite": False,
    "export_clipping_factors": True,
    "jit_compile": False,
    "name": "another",
}


def arguments_of(optimizer):
    """Names of the constructor's arguments, those of its base classes in clippy included."""
    classes = [cls for cls in optimizer.__mro__ if cls.__module__.startswith("clippy.")]
    names = {name for cls in classes for name in inspect.signature(cls.__init__).parameters}
    return names - {"self", "kwargs"}


def through_json(config):
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_config_holds_every_argument_and_gives_the_same_steps(rule, accumulate):
    optimizer = optimizer_of(rule, accumulate, **CONFIGURED)
    config = optimizer.get_config()
    assert arguments_of(ClippedAdagrad) <= set(CONFIGURED) | {"rule", "thresholds", "accumulate"}
    expected = {
        "rule": rule,
        "accumulate": accumulate,
        "thresholds": THRESHOLDS[rule],
        **CONFIGURED,
    }
    assert {name: config[name] for name in expected} == expected

    reloaded = ClippedAdagrad.from_config(through_json(config))
    assert reloaded.get_config() == config
    start, grads = weights(), gradients(4)
    assert_identical_path(run(reloaded, start, grads), run(optimizer, start, grads))


def test_config_of_a_schedule_and_of_thresholds_in_variables():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.5, 3, end_learning_rate=0.125)
    thresholds = {"rel": tf.Variable(0.5), "abs_": tf.Variable(1.0)}
    optimizer = ClippedAdagrad("clippy", thresholds, learning_rate=schedule)
    thresholds["abs_"].assign(0.0625)
    config = optimizer.get_config()
    assert config["thresholds"] == {"rel": 0.5, "abs_": 0.0625}  # the present value
    reloaded = ClippedAdagrad.from_config(through_json(config))
    start, grads = weights(), gradients(4)
    assert_identical_path(run(reloaded, start, grads), run(optimizer, start, grads))


@pytest.mark.parametrize(
    "argument, value, arguments",
    [
        ("rule", "adam", {"rule": "adam"}),
        ("rule", None, {"rule": None}),
        ("thresholds", "mu", {"thresholds": {"lam": 0.1, "mu": 1.0}}),
        ("thresholds", "lam", {"rule": "naive", "thresholds": {"lam": 0.1}}),
        ("thresholds", {}, {"thresholds": {}}),
        ("thresholds", {}, {"thresholds": None}),
        ("thresholds", {"rel": 0.5}, {"rule": "clippy", "thresholds": {"rel": 0.5}}),
        ("thresholds", {"floor": 0.5}, {"rule": "agc_per_unit", "thresholds": {"floor": 0.5}}),
        ("accumulate", "both", {"accumulate": "both"}),
        *(
            (
                "accumulate",
                "clipped",
                {"rule": r, "thresholds": THRESHOLDS[r], "accumulate": "clipped"},
            )
            for r in RULES
            if r not in CLIPS_GRADIENT
        ),
        *(("initial_accumulator", v, {"initial_accumulator": v}) for v in (0, 0.0, -0.1, math.nan)),
        *(("learning_rate", v, {"learning_rate": v}) for v in (0, 0.0, -0.1, math.nan)),
    ],
)
def test_bad_argument_is_refused_by_name_and_value(argument, value, arguments):
    good = {"rule": "gc", "thresholds": {"lam": 0.1}, "learning_rate": 0.1}
    with pytest.raises(ValueError, match=f"{argument} = .*{re.escape(repr(value))}"):
        ClippedAdagrad(**{**good, **arguments})


@pytest.mark.parametrize(
    "rule, name", [(rule, name) for rule in RULES for name in RULES[rule].thresholds()]
)
def test_threshold_out_of_range_is_refused_before_a_weight_changes(rule, name):
    start = weights()["tower/kernel"]
    variable = tf.Variable(start)
    with pytest.raises(ValueError, match=f"{name} = -0.5"):
        ClippedAdagrad(rule, {**THRESHOLDS[rule], name: -0.5}, learning_rate=RATE).apply_gradients(
            [(tf.ones([3, 5]), variable)]
        )
    np.testing.assert_array_equal(variable.numpy(), start)

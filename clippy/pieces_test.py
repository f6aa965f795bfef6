"""Totals piece by piece against NumPy, and large variables with and without XLA."""

import functools
import math

import numpy as np
import pytest

from clippy import pieces, steps
from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.testing import EACH_METHOD, RATE, THRESHOLDS, optimizer_of, sigma_by_definition

WAYS = {
    "eager": lambda function: function,
    "function": tf.function,
    "xla": lambda function: tf.function(function, jit_compile=True),
}
LARGE = [(301, 257), (7, 11, 1021)]  # neither has rows that divide into pieces


def values(shape, dtype="float32", seed=0, scale=1.0):
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(dtype)


@pytest.mark.parametrize(
    "way, dtype", [("eager", "float64"), ("function", "float32"), ("xla", "float32")]
)
@pytest.mark.parametrize(
    "shape, size",
    [
        ((12, 5), 15),  # 4 pieces of 3 rows
        ((13, 5), 15),  # 1 row and 4 pieces
        ((14, 5), 19),  # 2 rows and 4 pieces of 3
        ((3, 5), 15),  # 1 piece
        ((2, 5), 15),  # less than a piece
        ((1, 5), 15),
        ((7, 5), 3),  # a piece is smaller than a row
        ((7, 5), 5),
        ((11, 1), 4),
        ((1, 1), 1),
        ((3, 4, 5), 25),
        ((2, 3, 2, 7), 36),
        ((3, 1, 1), 2),
    ],
    ids=str,
)
def test_totals_are_those_of_numpy(shape, size, dtype, way):
    one, other = values(shape, dtype), values(shape, dtype, seed=1)

    def terms(a, b):
        return [("sum", a * b), ("min", a - b), ("sum", tf.ones_like(a))]

    kinds = []

    def totals(a, b):
        found = pieces.totals_of_columns(terms, [a, b], size)
        kinds[:] = [kind for kind, _ in found]
        return [total for _, total in found]

    product, least, count = WAYS[way](totals)(tf.constant(one), tf.constant(other))
    assert kinds == ["sum", "min", "sum"]
    axes = tuple(range(len(shape) - 1))
    wide = one.astype(np.float64) * other
    eps = np.finfo(dtype).eps
    assert np.size(product) == shape[-1]
    np.testing.assert_allclose(np.ravel(product), wide.sum(axes), rtol=64 * eps, atol=64 * eps)
    np.testing.assert_array_equal(np.ravel(least), (one - other).min(axes))
    np.testing.assert_array_equal(np.ravel(count), np.full(shape[-1], np.prod(shape[:-1])))


@pytest.mark.parametrize("way", ["function", "xla"])
def test_every_row_counts_wherever_its_piece_is(way):
    def totals(a, b):
        def terms(a, b):
            return [("min", a), ("sum", b)]  # only a sum is sure to keep a NaN

        return [total for _, total in pieces.totals_of_columns(terms, [a, b], 6)]

    totals = WAYS[way](totals)
    for row in range(7):
        array = np.ones((7, 3), "float32")
        array[row, 1] = -1e30
        struck = np.where(array < 0, np.float32(math.nan), array)
        least, total = totals(tf.constant(array), tf.constant(struck))
        np.testing.assert_array_equal(np.ravel(least), [1, np.float32(-1e30), 1])
        np.testing.assert_array_equal(np.ravel(total), [7, math.nan, 7])


def test_the_default_size_is_that_of_large_variables():
    for shape in LARGE:
        assert np.prod(shape) > steps.LARGE
        assert np.prod(shape[:-1]) % (pieces.SIZE // shape[-1])


LOOSE = {"lam": 1e9, "floor": 1e9, "rel": 1e9, "abs_": 1e9}


def steps_of(shape, dtype):
    """A gradient that a rule passes, and one that it clips."""
    return [values(shape, dtype, 2, 1e-7), values(shape, dtype, 3)]


def stepping(optimizer, variable, way):
    def step(grad):
        optimizer.apply_gradients([(grad, variable)])

    return WAYS[way](step)


def run(optimizer, start, grads, way="eager"):
    """The weights, the state and the factor after the last step."""
    variable = tf.Variable(start, name="large")
    optimizer.build([variable])
    step = stepping(optimizer, variable, way)
    for grad in grads:
        step(tf.constant(grad))
    state = [slot.numpy() for slots in optimizer._state.values() for slot in slots]
    factors = [factor.numpy() for factor in optimizer.clipping_factors]
    return [variable.numpy(), *state, *factors]


def assert_close(found, expected, dtype):
    """Sums of 80,000 numbers in another order."""
    limit = 2e-5 if dtype == "float32" else 1e-13
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=limit, atol=limit)


@pytest.mark.parametrize(
    "shape, dtype, way",
    [
        (LARGE[0], "float32", "eager"),
        pytest.param(LARGE[1], "float32", "function", marks=pytest.mark.slow),
        pytest.param(LARGE[1], "float64", "xla", marks=pytest.mark.slow),
    ],
    ids=str,
)
@EACH_METHOD
def test_steps_with_xla_are_those_without(rule, accumulate, shape, dtype, way):
    # Units of their own size, so that their factors differ.
    grads = [grad * np.linspace(0.01, 1, shape[-1], dtype=dtype) for grad in steps_of(shape, dtype)]
    found, expected = (
        run(
            optimizer_of(rule, accumulate, export_clipping_factors=True, jit_compile=jit),
            values(shape, dtype),
            grads,
            used,
        )
        for jit, used in [(True, way), (False, "eager")]
    )
    assert_close(found, expected, dtype)
    if rule != "naive":
        assert expected[-1] < 0.5


@pytest.mark.parametrize(
    "rule",
    [
        "agc_per_unit",
        "clippy",
        *(pytest.param(rule, marks=pytest.mark.slow) for rule in ("gc", "agc_per_layer", "lamb")),
    ],
)
def test_factor_of_a_large_variable_is_that_of_the_definition(rule):
    # In a shape with few units, because the definition is slow.
    start, grad = values((9363, 7), "float64"), values((9363, 7), "float64", 2)
    grad *= np.linspace(0.1, 1, 7)
    start *= np.linspace(1, 3, 7)
    optimizer = optimizer_of(rule, "raw", export_clipping_factors=True)
    variable = tf.Variable(start)
    assert variable.shape.num_elements() > steps.LARGE
    optimizer.apply_gradients([(tf.constant(grad), variable)])
    update = grad / np.sqrt(0.1 + grad**2)
    sigma = sigma_by_definition(rule, grad, start, update, RATE, **THRESHOLDS[rule])
    np.testing.assert_allclose(optimizer.clipping_factors[0], np.min(sigma), rtol=1e-10)
    np.testing.assert_allclose(variable, start - RATE * sigma * update, rtol=1e-10, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda **given: ClippedAdam("clippy", THRESHOLDS["clippy"], **given),
        lambda **given: ClippedSGD("lamb", THRESHOLDS["lamb"], momentum=0.9, **given),
        lambda **given: ClippedAdagrad("gc", THRESHOLDS["gc"], scope="global", **given),
        lambda **given: ClippyAdagrad(**given),
        lambda **given: ClippyAdagrad(clip_accumulator_update=True, **given),
        lambda **given: ClippyAdagrad(accumulator_relative_threshold=0.01, **given),
        lambda **given: ClippyAdagrad(skip_nonfinite=False, **given),
    ],
)
def test_other_classes_with_xla_are_those_without(make):
    start, grads = values(LARGE[0]), steps_of(LARGE[0], "float32")
    found, expected = (
        run(make(learning_rate=RATE, jit_compile=jit), start, grads) for jit in (True, False)
    )
    assert_close(found, expected, "float32")


@pytest.mark.parametrize(
    "rule, accumulate, way",
    [
        pytest.param("naive", "raw", "eager", marks=pytest.mark.slow),
        pytest.param("clippy", "raw", "xla", marks=pytest.mark.slow),
        ("gc", "clipped", "eager"),
        pytest.param("agc_per_unit", "clipped", "eager", marks=pytest.mark.slow),
    ],
)
def test_the_guard_sees_the_last_and_the_first_piece(rule, accumulate, way):
    start = values(LARGE[0])
    optimizer = optimizer_of(rule, accumulate, export_clipping_factors=True)
    variable = tf.Variable(start, name="large")
    optimizer.build([variable])
    step = stepping(optimizer, variable, way)
    for count, (row, bad) in enumerate([(-1, math.nan), (0, math.nan), (-1, 1e30)], 1):
        grad = values(LARGE[0], seed=2)
        grad[row, -1] = bad
        step(tf.constant(grad))
        np.testing.assert_array_equal(variable, start)
        np.testing.assert_array_equal(optimizer.accumulators[0], np.full(start.shape, 0.1, "f"))
        assert int(optimizer.skipped_steps()["large:0"]) == count
        assert float(optimizer.clipping_factors[0]) == 0
    step(tf.constant(values(LARGE[0], seed=2)))
    assert np.any(variable.numpy() != start)
    assert int(optimizer.skipped_steps()["large:0"]) == 3


@functools.cache
def naive(shape, jit, way):
    optimizer = ClippedAdagrad("naive", learning_rate=RATE, jit_compile=jit)
    return run(optimizer, values(shape), steps_of(shape, "float32"), way)


@pytest.mark.parametrize(
    "shape, jit, way",
    [
        (LARGE[1], True, "eager"),
        pytest.param(LARGE[1], True, "xla", marks=pytest.mark.slow),
        (LARGE[1], False, "eager"),
        ((70_001,), True, "eager"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "rule, accumulate", [("agc_per_unit", "clipped"), ("gc", "raw"), ("clippy", "raw")]
)
def test_a_factor_of_one_leaves_adagrad_bit_for_bit(rule, accumulate, shape, jit, way):
    start, grads = values(shape), steps_of(shape, "float32")
    loose = {name: LOOSE[name] for name in THRESHOLDS[rule]}
    given = {"learning_rate": RATE, "jit_compile": jit}
    optimizer = ClippedAdagrad(rule, loose, accumulate=accumulate, **given)
    found = run(optimizer, start, grads, way)
    for one, other in zip(found, naive(shape, jit, way), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
def test_thresholds_and_rate_of_large_variables_change_without_a_new_trace(traced):
    lam = tf.Variable(0.5)
    optimizer = ClippedSGD("gc", {"lam": lam}, learning_rate=1.0)
    variable = tf.Variable(tf.zeros(LARGE[0]))
    optimizer.build([variable])
    step = tf.function(lambda grad: optimizer.apply_gradients([(grad, variable)]))
    grad = tf.ones(LARGE[0])
    for value, rate in [(0.5, 1.0), (0.25, 1.0), (0.25, 4.0)]:
        lam.assign(value)
        optimizer.learning_rate = rate
        variable.assign(tf.zeros(LARGE[0]))
        step(grad) if traced else optimizer.apply_gradients([(grad, variable)])
        np.testing.assert_allclose(np.linalg.norm(variable), value * rate, rtol=1e-4)


def test_only_large_variables_are_compiled_and_only_if_asked():
    for jit, shape, compiled in [
        (True, LARGE[0], True),
        (True, (256, 256), False),
        (False, LARGE[0], False),
    ]:
        optimizer = ClippedAdagrad("naive", learning_rate=RATE, jit_compile=jit)
        run(optimizer, values(shape), steps_of(shape, "float32"))
        assert bool(optimizer._programs) == compiled

"""Totals piece by piece against NumPy, and large variables with and without XLA."""

import functools
import math

import numpy as np
import pytest

from clippy import pieces
from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import tf
from clippy.optimizers import ClippedAdagrad
from clippy.oracles import RATE, assert_identical, assert_identical_path
from clippy.testing import optimizer_of, run

LARGE = [(301, 257), (7, 11, 1021)]  # neither has rows that divide into pieces


def values(shape, dtype="float32", seed=0, scale=1.0):
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(dtype)


SIZES = [
    ((12, 5), 15),  # 4 pieces of 3 rows
    ((14, 5), 19),  # 2 rows and 4 pieces of 3
    ((2, 5), 15),  # less than a piece
    ((7, 5), 3),  # a piece is smaller than a row
    ((2, 3, 2, 7), 36),
]


@pytest.mark.parametrize(
    "shape, size, dtype, xla",
    [*((*case, "float64", False) for case in SIZES), (*SIZES[1], "float32", True)],
    ids=str,
)
def test_totals_are_those_of_numpy(shape, size, dtype, xla):
    one, other = values(shape, dtype), values(shape, dtype, seed=1)

    def terms(a, b):
        return [("sum", a * b), ("min", a - b), ("sum", tf.ones_like(a))]

    kinds = []

    def totals(a, b):
        found = pieces.totals_of_columns(terms, [a, b], size)
        kinds[:] = [kind for kind, _ in found]
        return [total for _, total in found]

    apply = tf.function(totals, jit_compile=True) if xla else totals
    product, least, count = apply(tf.constant(one), tf.constant(other))
    assert kinds == ["sum", "min", "sum"]
    axes = tuple(range(len(shape) - 1))
    wide = one.astype(np.float64) * other
    eps = np.finfo(dtype).eps
    assert np.size(product) == shape[-1]
    np.testing.assert_allclose(np.ravel(product), wide.sum(axes), rtol=64 * eps, atol=64 * eps)
    np.testing.assert_array_equal(np.ravel(least), (one - other).min(axes))
    np.testing.assert_array_equal(np.ravel(count), np.full(shape[-1], np.prod(shape[:-1])))


def steps_of(shape, dtype):
    """A gradient that a rule passes, and one that it clips."""
    return [values(shape, dtype, 2, 1e-7), values(shape, dtype, 3)]


def held(optimizer, grads, traced=False):
    """The weights, the state and the factor after the last step."""
    start = {"large": values(grads[0].shape, grads[0].dtype)}
    path = run(optimizer, start, [{"large": grad} for grad in grads], traced)
    state = [slot.numpy() for slots in optimizer._state.values() for slot in slots]
    return [path[-1]["large"], *state, *(factor.numpy() for factor in optimizer.clipping_factors)]


MAKE = {
    "agc_per_unit": functools.partial(optimizer_of, "agc_per_unit", "clipped"),
    "clippy": functools.partial(optimizer_of, "clippy"),
    "drop-in": functools.partial(ClippyAdagrad, RATE, accumulator_relative_threshold=0.01),
    "momentum": functools.partial(optimizer_of, "lamb", base="momentum"),
    "global": functools.partial(optimizer_of, "gc", "clipped", scope="global"),
    "unguarded": functools.partial(ClippyAdagrad, RATE, skip_nonfinite=False),
}
FAST = ("agc_per_unit", "clippy", "drop-in")


@pytest.mark.parametrize(
    "shape, dtype, traced",
    [
        (LARGE[0], "float32", False),
        pytest.param(LARGE[1], "float64", "xla", marks=pytest.mark.slow),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "which", [w if w in FAST else pytest.param(w, marks=pytest.mark.slow) for w in MAKE]
)
def test_steps_with_xla_are_those_without(which, shape, dtype, traced):
    # Units of their own size, so that their factors differ.
    grads = [grad * np.linspace(0.01, 1, shape[-1], dtype=dtype) for grad in steps_of(shape, dtype)]
    found, expected = (
        held(MAKE[which](export_clipping_factors=True, jit_compile=jit), grads, used)
        for jit, used in [(True, traced), (False, False)]
    )
    limit = 2e-5 if dtype == "float32" else 1e-12  # sums of 80,000 numbers in another order
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=limit, atol=limit)
    if which in FAST:
        assert expected[-1] < 0.5


def test_the_guard_sees_the_last_and_the_first_piece():
    start, bad = {"large": values(LARGE[0])}, [(-1, math.nan), (0, math.nan), (-1, 1e30)]
    grads = [{"large": values(LARGE[0], seed=2)} for _ in range(4)]
    for grad, (row, value) in zip(grads[1:], bad, strict=True):
        grad["large"][row, -1] = value
    before = optimizer_of("gc", "clipped")
    run(before, start, grads[:1])
    optimizer = optimizer_of("gc", "clipped", export_clipping_factors=True)
    _, moved, *kept = run(optimizer, start, grads)
    assert np.any(moved["large"] != start["large"])
    assert_identical_path(kept, [moved] * 3)
    assert_identical(optimizer.accumulators, before.accumulators)
    assert int(optimizer.skipped_steps()["large:0"]) == 3
    assert float(optimizer.clipping_factors[0]) == 0


def test_only_large_variables_are_compiled_and_only_if_asked():
    for jit, shape, compiled in [
        (True, LARGE[0], True),
        (True, (256, 256), False),
        (False, LARGE[0], False),
    ]:
        optimizer = ClippedAdagrad("naive", learning_rate=RATE, jit_compile=jit)
        held(optimizer, steps_of(shape, "float32"))
        assert bool(optimizer.programs) == compiled

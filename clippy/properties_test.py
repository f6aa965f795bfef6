"""Laws that hold whatever the numbers: ranges, scaling, XLA, the ends of the range of floats."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from clippy.keras2 import tf
from clippy.rules import RULES, StepView
from clippy.rules_test import (
    DTYPES,
    RATE,
    THRESHOLDS,
    floats,
    random_view,
    rtol,
    sigma_of,
    view_of,
)

EACH_RULE = pytest.mark.parametrize("name", RULES)
QUICK = hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)


@st.composite
def views(draw, low=1e-4, high=1e4):
    """A view of a kernel of some columns, its numbers far from the ends of float32."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = shape[0] * shape[1]
    numbers = st.lists(floats(low, high, np.finfo(dtype).bits), min_size=size, max_size=size)
    grad, param, update = (np.reshape(draw(numbers), shape) for _ in range(3))
    return view_of(grad, param, update, draw(st.sampled_from([0.125, 0.75, 3.0])), dtype)


@EACH_RULE
@QUICK
@hypothesis.given(view=views())
def test_sigma_is_above_zero_and_no_step_grows(name, view):
    sigma = sigma_of(name, view)
    assert np.all(sigma > 0)
    assert np.all(np.isfinite(sigma))
    if name != "lamb":
        assert np.all(sigma <= 1)


def scaled(view, grad=1.0, param=1.0, update=1.0, rate=1.0):
    factors = (grad, param, update, rate)
    return StepView(*(part * factor for part, factor in zip(view, factors, strict=True)))


POWERS = st.sampled_from([2.0**k for k in (-6, -1, 3, 5)])  # no rounding: the laws hold exactly


@QUICK
@hypothesis.given(view=views(), c=POWERS)
def test_gradient_clipping_depends_on_the_ratio_of_norm_and_limit(view, c):
    found = sigma_of("gc", scaled(view, grad=c), {"lam": 0.125 * c})
    np.testing.assert_array_equal(found, sigma_of("gc", view, {"lam": 0.125}))


@pytest.mark.parametrize("name", ["agc_per_layer", "agc_per_unit"])
@QUICK
@hypothesis.given(view=views(), c=POWERS)
def test_adaptive_clipping_is_blind_to_the_unit_of_gradient_and_weight(name, view, c):
    thresholds = {"lam": 0.125, "floor": 2.0**-10}
    expected = sigma_of(name, view, thresholds)
    larger = {"lam": 0.125, "floor": c * 2.0**-10}
    found = sigma_of(name, scaled(view, grad=c, param=c), larger)
    np.testing.assert_array_equal(found, expected)


@QUICK
@hypothesis.given(view=views(), c=POWERS)
def test_the_step_of_lamb_is_blind_to_the_size_of_the_update(view, c):
    hypothesis.assume(np.any(view.update != 0) and np.any(view.param != 0))
    step = sigma_of("lamb", view) * view.update.numpy()
    found = sigma_of("lamb", scaled(view, update=c)) * (c * view.update.numpy())
    np.testing.assert_array_equal(found, step)
    wider = sigma_of("lamb", scaled(view, param=c)) * view.update.numpy()
    np.testing.assert_array_equal(wider, c * step)


@QUICK
@hypothesis.given(view=views(), c=POWERS)
def test_clippy_knows_the_product_of_rate_and_update_and_the_unit_of_the_weight(view, c):
    thresholds = {"rel": 0.5, "abs_": 2.0**-7}
    expected = sigma_of("clippy", view, thresholds)
    product = scaled(view, update=1 / c, rate=c)
    np.testing.assert_array_equal(sigma_of("clippy", product, thresholds), expected)
    unit = scaled(view, param=c, update=c)
    in_unit = {"rel": 0.5, "abs_": c * 2.0**-7}
    np.testing.assert_array_equal(sigma_of("clippy", unit, in_unit), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (4,), (0, 5), (1, 1), (3, 5), (2, 3, 5)], ids=str)
@EACH_RULE
def test_xla_gives_the_sigma_of_eager_execution(name, shape, dtype):
    @tf.function(jit_compile=True)
    def factor(*tensors):
        return RULES[name](StepView(*tensors), **THRESHOLDS[name])

    for seed, grad_scale in [(0, 1.0), (1, 1e-4), (2, 100.0)]:
        view = random_view(shape, dtype, seed, grad_scale)
        found, expected = factor(*view), sigma_of(name, view)
        assert (found.dtype, found.shape) == (dtype, expected.shape)
        np.testing.assert_allclose(found, expected, rtol=rtol(dtype, np.prod(shape)))


@pytest.mark.parametrize("dtype", DTYPES)
@EACH_RULE
def test_denormal_gradients_are_left_as_they_are(name, dtype):
    # Their squares are 0, so that no norm sees them: what they move is below any bound.
    tiny = np.full((3, 5), np.finfo(dtype).smallest_subnormal * 8)
    sigma = sigma_of(name, view_of(tiny, np.full((3, 5), 2.0), dtype=dtype))
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@pytest.mark.parametrize("dtype", DTYPES)
@EACH_RULE
def test_denormal_weights_move_as_weights_of_zero(name, dtype):
    tiny = np.full((3, 5), np.finfo(dtype).smallest_subnormal * 8)
    grad = np.arange(1, 16).reshape(3, 5)
    found = sigma_of(name, view_of(grad, tiny, dtype=dtype))
    expected = sigma_of(name, view_of(grad, np.zeros((3, 5)), dtype=dtype))
    np.testing.assert_allclose(found, expected, rtol=rtol(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_thresholds_of_zero_let_clippy_move_nothing(dtype):
    none = {"rel": 0, "abs_": 0.0}
    grad, param = np.array([[1.0, 0.0, -2.0]]), np.array([[3.0, 0.0, 0.0]])
    assert sigma_of("clippy", view_of(grad, param, dtype=dtype), none) == 0
    assert sigma_of("clippy", view_of(0 * grad, param, dtype=dtype), none) == 1
    # One weight of 0 that wants to move stops the layer, as long as there is no absolute threshold.
    assert sigma_of("clippy", view_of(grad, param, dtype=dtype), {"rel": 0.5, "abs_": 0}) == 0
    spared = view_of(grad * [[1.0, 1.0, 0.0]], param, dtype=dtype)
    expected = min(1, 0.5 * 3 / RATE)
    assert sigma_of("clippy", spared, {"rel": 0.5, "abs_": 0}) == expected

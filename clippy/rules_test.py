"""Every rule of RULES against its definition, and laws that hold whatever the numbers."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from clippy.keras2 import tf
from clippy.rules import RULES, StepView
from clippy.testing import (
    DTYPES,
    ORACLES,
    RATE,
    THRESHOLDS,
    floats,
    random_view,
    rtol,
    sigma_by_definition,
    sigma_of,
    view_of,
)

EACH_RULE = pytest.mark.parametrize("name", RULES)
EACH_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
TRACED = pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
QUICK = hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
ALL_THRESHOLDS = [(name, key) for name in RULES for key in RULES[name].thresholds()]


def definition(name, view, **thresholds):
    """sigma of a view by the definition of its rule."""
    arrays = [tensor.numpy() for tensor in view]
    return sigma_by_definition(name, *arrays, **(thresholds or THRESHOLDS[name]))


def assert_near(sigma, expected, limit):
    np.testing.assert_allclose(*np.broadcast_arrays(sigma, expected), rtol=limit)


def test_every_rule_has_an_oracle_and_its_thresholds():
    assert set(ORACLES) == set(THRESHOLDS) == set(RULES)
    for name in RULES:
        known = RULES[name].thresholds()
        assert {key for key, default in known.items() if default is None} == set(THRESHOLDS[name])
        assert known.get("floor", 1e-3) == 1e-3
        assert ("floor" in known) == name.startswith("agc")


def test_what_each_rule_scales():
    # Eq. 2 and 3 clip the gradient; LAMB and Clippy scale the update (table of section 4.3.1).
    gradient = {name for name, rule in RULES.items() if rule.scales == "gradient"}
    assert gradient == {"gc", "agc_per_unit", "agc_per_layer"}


@TRACED
@EACH_DTYPE
@pytest.mark.parametrize("shape", [(), (4,), (1, 1), (3, 5), (5, 3), (2, 3, 5)], ids=str)
@EACH_RULE
def test_sigma_is_the_one_of_the_definition(name, shape, dtype, traced):
    for seed, grad_scale, param_scale in [(0, 1, 1), (1, 1e-4, 1), (2, 100, 0.01), (3, 1, 1e-6)]:
        view = random_view(shape, dtype, seed, grad_scale, param_scale)
        sigma = sigma_of(name, view, traced=traced)
        units = name == "agc_per_unit" and len(shape) > 1
        assert sigma.shape == ((1,) * (len(shape) - 1) + shape[-1:] if units else ())
        assert sigma.dtype == dtype
        assert_near(sigma, definition(name, view), rtol(dtype, np.prod(shape)))


@EACH_DTYPE
@EACH_RULE
def test_zero_gradient_takes_no_step(name, dtype):
    sigma = sigma_of(name, view_of(np.zeros((3, 5)), np.full((3, 5), 2.0), dtype=dtype))
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@EACH_DTYPE
@EACH_RULE
def test_zero_weights_can_move_and_denormal_ones_as_they_do(name, dtype):
    grad = np.arange(1, 16).reshape(3, 5)
    sigma = np.broadcast_to(sigma_of(name, view_of(grad, np.zeros((3, 5)), dtype=dtype)), (3, 5))
    columns = np.sqrt([sum((5 * row + unit) ** 2 for row in range(3)) for unit in range(1, 6)])
    whole = math.sqrt(15 * 16 * 31 / 6)  # 1 + 4 + ... + 225
    expected = {
        "naive": 1.0,
        "gc": 0.1 / whole,
        "agc_per_unit": 0.01 * 1e-3 / columns,  # the floor stands for the weight
        "agc_per_layer": 0.01 * 1e-3 / whole,
        "lamb": 1.0,  # a plain step
        "clippy": 0.01 / (RATE * 15),  # abs_ alone, at the largest update
    }[name]
    assert_near(sigma, expected, rtol(dtype, terms=15))
    tiny = np.full((3, 5), np.finfo(dtype).smallest_subnormal * 8)
    assert_near(sigma_of(name, view_of(grad, tiny, dtype=dtype)), sigma, rtol(dtype))


@TRACED
@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0)], ids=str)
@EACH_RULE
def test_empty_variable_is_left_unclipped(name, shape, traced):
    view = view_of(np.zeros(shape), np.zeros(shape), dtype="float32")
    sigma = sigma_of(name, view, traced=traced)
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))
    assert (sigma * view.grad.numpy()).shape == shape


@TRACED
@pytest.mark.parametrize("bad", [math.nan, math.inf])
@EACH_RULE
def test_a_coordinate_that_is_not_finite_never_becomes_finite(name, bad, traced):
    grad = np.ones((3, 5))
    grad[1, 2] = bad
    sigma = sigma_of(name, view_of(grad, np.full((3, 5), 2.0), dtype="float32"), traced=traced)
    with np.errstate(invalid="ignore"):  # 0 * inf
        step = sigma * grad
    assert not np.isfinite(step[1, 2])
    if name == "agc_per_unit":  # the other units are not touched
        clean = sigma_of(name, view_of(np.ones((3, 5)), np.full((3, 5), 2.0), dtype="float32"))
        np.testing.assert_array_equal(np.delete(sigma, 2), np.delete(clean, 2))
    elif math.isnan(bad) and name in ("gc", "agc_per_layer", "lamb"):
        assert np.isnan(sigma)


@pytest.mark.parametrize("dtype, large", [("float32", 1e15), ("float64", 1e150)])
@EACH_RULE
def test_large_gradient_whose_square_is_finite(name, dtype, large):
    view = random_view((3, 5), dtype)
    view = view._replace(grad=view.grad * large, update=view.update * large)
    assert_near(sigma_of(name, view), definition(name, view), rtol(dtype, terms=15))


@EACH_RULE
def test_gradient_whose_square_overflows_is_not_passed_unclipped(name):
    # The L2 norm is infinite then, so the rules that take one answer 0: the step is left out.
    view = random_view((3, 5), "float32")
    view = view._replace(grad=view.grad * 1e30, update=view.update * 1e30)
    by_norm = name not in ("naive", "clippy")
    expected = 0 if by_norm else definition(name, view)
    assert_near(sigma_of(name, view), expected, rtol("float32"))


@EACH_DTYPE
@EACH_RULE
def test_denormal_gradients_are_left_as_they_are(name, dtype):
    # Their squares are 0, so that no norm sees them: what they move is below any bound.
    tiny = np.full((3, 5), np.finfo(dtype).smallest_subnormal * 8)
    sigma = sigma_of(name, view_of(tiny, np.full((3, 5), 2.0), dtype=dtype))
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@EACH_DTYPE
@pytest.mark.parametrize("name", ["gc", "agc_per_layer", "agc_per_unit", "clippy"])
def test_below_the_threshold_nothing_is_scaled(name, dtype):
    view = random_view((3, 5), dtype)
    view = view._replace(grad=view.grad * 1e-4, update=view.update * 1e-2)
    sigma = sigma_of(name, view)
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@EACH_DTYPE
def test_gc_at_the_threshold_is_one(dtype):
    view = view_of([[3.0, 0.0, 4.0]], np.ones((1, 3)), dtype=dtype)
    assert sigma_of("gc", view, {"lam": 5.0}) == 1
    assert sigma_of("gc", view, {"lam": 4.0}) < 1


def test_agc_has_its_floor_below_it_and_units_that_do_not_mix():
    view = view_of([[3.0, 6.0], [4.0, 8.0]], [[0.0, 0.5], [0.0, 0.0]])  # gradients of norm 5 and 10
    given = {"lam": 0.1, "floor": 0.25}
    units = [[0.1 * 0.25 / 5, 0.1 * 0.5 / 10]]
    assert_near(sigma_of("agc_per_unit", view, given), units, rtol("float64"))
    whole = 0.1 * 0.5 / math.sqrt(125)
    assert_near(sigma_of("agc_per_layer", view, given), whole, rtol("float64"))


def test_clippy_at_rate_zero_is_one():
    assert sigma_of("clippy", random_view((3, 5), "float32")._replace(rate=tf.constant(0.0))) == 1


@EACH_DTYPE
def test_thresholds_of_zero_let_clippy_move_nothing(dtype):
    none = {"rel": 0, "abs_": 0.0}
    grad, param = np.array([[1.0, 0.0, -2.0]]), np.array([[3.0, 0.0, 0.0]])
    assert sigma_of("clippy", view_of(grad, param, dtype=dtype), none) == 0
    assert sigma_of("clippy", view_of(0 * grad, param, dtype=dtype), none) == 1
    # One weight of 0 that wants to move stops the layer, as long as there is no absolute threshold.
    assert sigma_of("clippy", view_of(grad, param, dtype=dtype), {"rel": 0.5, "abs_": 0}) == 0
    spared = view_of(grad * [[1.0, 1.0, 0.0]], param, dtype=dtype)
    assert sigma_of("clippy", spared, {"rel": 0.5, "abs_": 0}) == min(1, 0.5 * 3 / RATE)


@pytest.mark.parametrize("name, threshold", ALL_THRESHOLDS)
def test_threshold_out_of_range_is_refused_by_name_and_value(name, threshold):
    view = random_view((3, 5), "float32")
    zero_is_a_value = threshold in ("rel", "abs_")
    expected = ">= 0" if zero_is_a_value else "> 0"
    for value in (-0.5, -1, math.nan, math.inf, *(() if zero_is_a_value else (0, 0.0))):
        message = f"{threshold} = {value!r}: expected a finite number {expected}"
        with pytest.raises(ValueError, match=message):
            RULES[name](view, **{**THRESHOLDS[name], threshold: value})


@pytest.mark.parametrize("threshold_dtype", DTYPES)
@EACH_DTYPE
@pytest.mark.parametrize("name", [name for name in RULES if RULES[name].thresholds()])
def test_thresholds_in_variables_change_without_a_new_trace(name, dtype, threshold_dtype):
    view = random_view((3, 5), dtype, grad_scale=10)
    view = view._replace(update=view.update * 10)
    variables = {
        key: tf.Variable(value, dtype=threshold_dtype) for key, value in THRESHOLDS[name].items()
    }
    traces = []

    @tf.function
    def factor(*tensors):
        traces.append(name)
        return RULES[name](StepView(*tensors), **variables)

    for scale in (1, 0.5, 0.125):
        values = {key: value * scale for key, value in THRESHOLDS[name].items()}
        for key, value in values.items():
            variables[key].assign(value)
        limit = max(rtol(dtype, 15), rtol(threshold_dtype))
        assert_near(factor(*view).numpy(), definition(name, view, **values), limit)
    assert len(traces) == 1


@EACH_DTYPE
@pytest.mark.parametrize(
    "shape",
    [(3, 5), *(pytest.param(s, marks=pytest.mark.slow) for s in [(), (0, 5), (2, 3, 5)])],
    ids=str,
)
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


@QUICK
@hypothesis.given(view=views(), c=st.sampled_from([2.0**k for k in (-6, -1, 3, 5)]))
def test_what_a_rule_is_blind_to_changes_nothing(view, c):
    # c is a power of two and rounds nothing, so the laws hold exactly.
    def same(name, other, given, expected_given=None):
        expected = sigma_of(name, view, expected_given or given)
        np.testing.assert_array_equal(sigma_of(name, other, given), expected)

    same("gc", scaled(view, grad=c), {"lam": 0.125 * c}, {"lam": 0.125})
    for name in ("agc_per_layer", "agc_per_unit"):  # the unit of gradient and weight
        floors = ({"lam": 0.125, "floor": floor * 2.0**-10} for floor in (c, 1))
        same(name, scaled(view, grad=c, param=c), *floors)
    same("clippy", scaled(view, update=1 / c, rate=c), {"rel": 0.5, "abs_": 2.0**-7})
    unit = {"rel": 0.5, "abs_": c * 2.0**-7}, {"rel": 0.5, "abs_": 2.0**-7}
    same("clippy", scaled(view, param=c, update=c), *unit)
    if np.any(view.update != 0) and np.any(view.param != 0):
        step = sigma_of("lamb", view) * view.update.numpy()
        larger = sigma_of("lamb", scaled(view, update=c)) * (c * view.update.numpy())
        np.testing.assert_array_equal(larger, step)
        wider = sigma_of("lamb", scaled(view, param=c)) * view.update.numpy()
        np.testing.assert_array_equal(wider, c * step)


@st.composite
def clippy_cases(draw):
    """A view of one variable of one to eight coordinates, and thresholds."""
    dtype = draw(st.sampled_from(DTYPES))
    width = np.finfo(dtype).bits
    size = draw(st.integers(1, 8))
    update, param = (
        draw(st.lists(floats(1e-6, 1e6, width), min_size=size, max_size=size)) for _ in range(2)
    )
    rate = draw(st.floats(2**-10, 8, width=width))
    rel = draw(st.floats(0, 2, width=width, allow_subnormal=False))
    abs_ = draw(st.floats(2**-20, 1, width=width))
    return view_of(update, param, update, rate, dtype), {"rel": rel, "abs_": abs_}


@hypothesis.settings(QUICK, max_examples=80)
@hypothesis.given(case=clippy_cases())
def test_clippy_keeps_its_bound_touches_it_and_moves_the_stored_weight_no_further(case):
    view, thresholds = case
    dtype = view.update.dtype.as_numpy_dtype
    sigma = sigma_of("clippy", view, thresholds)
    assert 0 < sigma <= 1
    update, before = (np.asarray(tensor, np.float64) for tensor in (view.update, view.param))
    bound = thresholds["rel"] * np.abs(before) + thresholds["abs_"]
    share = np.max(np.abs(float(view.rate) * float(sigma) * update) / bound)
    assert share <= 1 + rtol(dtype)
    if sigma < 1:
        assert share >= 1 - rtol(dtype)

    after = view.param.numpy() - view.rate.numpy() * sigma * view.update.numpy()
    moved = np.abs(after.astype(np.float64) - before)
    assert np.all(moved <= bound + rtol(dtype) * (np.abs(before) + bound))

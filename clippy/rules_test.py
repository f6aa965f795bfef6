"""Every rule of RULES against its definition, restated on Python floats by bisection."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from clippy.keras2 import tf
from clippy.rules import RULES, StepView

DTYPES = ("float32", "float64")
RATE = 0.25  # a power of two, so that no dtype rounds it
THRESHOLDS = {
    "naive": {},
    "gc": {"lam": 0.1},
    "agc_per_unit": {"lam": 0.01},
    "agc_per_layer": {"lam": 0.01},
    "lamb": {"mu": 0.1},
    "clippy": {"rel": 0.5, "abs_": 0.01},
}
BELOW_RANGE = [
    (name, threshold, value)
    for name, threshold, zero_allowed in [
        ("gc", "lam", False),
        ("agc_per_unit", "lam", False),
        ("agc_per_unit", "floor", False),
        ("agc_per_layer", "lam", False),
        ("agc_per_layer", "floor", False),
        ("lamb", "mu", False),
        ("clippy", "rel", True),
        ("clippy", "abs_", True),
    ]
    for value in (-0.5, -1, math.nan, *(() if zero_allowed else (0, 0.0)))
]


def norm(values):
    """L2 norm of an array on Python floats, which do not overflow at float32's limit."""
    return math.hypot(*(float(value) for value in np.ravel(values)))


def largest(fits, high):
    """The largest sigma in [0, high] for which fits(sigma), where smaller ones fit too."""
    if fits(high):
        return high
    low = 0.0
    for _ in range(1100):  # down to the smallest float
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def naive_oracle(grad, param, update, rate):
    return 1.0


def gc_oracle(grad, param, update, rate, lam):
    return largest(lambda sigma: norm(sigma * grad) <= lam, 1.0)


def agc_per_layer_oracle(grad, param, update, rate, lam, floor=1e-3):
    limit = lam * max(norm(param), floor)
    return largest(lambda sigma: norm(sigma * grad) <= limit, 1.0)


def agc_per_unit_oracle(grad, param, update, rate, lam, floor=1e-3):
    if grad.ndim < 2:
        return agc_per_layer_oracle(grad, param, update, rate, lam, floor)
    return np.array(
        [
            agc_per_layer_oracle(grad[..., unit], param[..., unit], update, rate, lam, floor)
            for unit in range(grad.shape[-1])
        ]
    )


def lamb_oracle(grad, param, update, rate, mu):
    if norm(param) == 0 or norm(update) == 0:
        return 1.0
    length = rate * mu * norm(param)  # of the step, whatever the length of the update
    return largest(lambda sigma: norm(rate * sigma * update) <= length, 1e9)


def clippy_oracle(grad, param, update, rate, rel, abs_):
    pairs = [(float(r), float(w)) for r, w in zip(np.ravel(update), np.ravel(param), strict=True)]
    return largest(
        lambda sigma: all(abs(rate * sigma * r) <= rel * abs(w) + abs_ for r, w in pairs), 1.0
    )


ORACLES = {
    "naive": naive_oracle,
    "gc": gc_oracle,
    "agc_per_unit": agc_per_unit_oracle,
    "agc_per_layer": agc_per_layer_oracle,
    "lamb": lamb_oracle,
    "clippy": clippy_oracle,
}


def sigma_by_definition(name, grad, param, update, rate, **thresholds):
    """sigma of a rule from its definition, in float64, broadcastable against grad."""
    arrays = [np.asarray(array, np.float64) for array in (grad, param, update)]
    return np.asarray(ORACLES[name](*arrays, float(rate), **thresholds))


def view_of(grad, param, update=None, rate=RATE, dtype="float64"):
    update = grad if update is None else update
    return StepView(
        *(tf.constant(np.asarray(array, dtype)) for array in (grad, param, update, rate))
    )


def random_view(shape, dtype, seed=0, grad_scale=1.0, param_scale=1.0):
    rng = np.random.default_rng(seed)
    grad, param, update = (rng.normal(size=shape) for _ in range(3))
    return view_of(grad * grad_scale, param * param_scale, update, dtype=dtype)


def sigma_of(name, view, thresholds=None, traced=False):
    """sigma of the rule itself, as an array."""
    thresholds = THRESHOLDS[name] if thresholds is None else thresholds

    def factor(*tensors):
        return RULES[name](StepView(*tensors), **thresholds)

    return (tf.function(factor) if traced else factor)(*view).numpy()


def rtol(dtype, terms=1):
    """Rounding of a sum of `terms` squares, its root, a quotient and a product, with a margin."""
    return (terms + 16) * float(np.finfo(dtype).eps)


def arrays_of(view):
    return [tensor.numpy() for tensor in view]


def test_every_rule_has_an_oracle_and_thresholds():
    assert set(ORACLES) == set(RULES)
    assert set(THRESHOLDS) == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_thresholds_lists_names_and_defaults(name):
    known = RULES[name].thresholds()
    assert {key for key, default in known.items() if default is None} == set(THRESHOLDS[name])
    assert known.get("floor", 1e-3) == 1e-3
    assert ("floor" in known) == name.startswith("agc")


def test_what_each_rule_scales():
    # Eq. 2 and 3 clip the gradient; LAMB and Clippy scale the update (table of section 4.3.1).
    scales = {name: rule.scales for name, rule in RULES.items()}
    assert {name for name in scales if scales[name] == "gradient"} == {
        "gc",
        "agc_per_unit",
        "agc_per_layer",
    }


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (4,), (3, 5), (5, 3), (2, 3, 5)], ids=str)
@pytest.mark.parametrize("name", RULES)
def test_sigma_is_the_one_of_the_definition(name, shape, dtype, traced):
    for seed, grad_scale, param_scale in [(0, 1, 1), (1, 1e-4, 1), (2, 100, 0.01), (3, 1, 1e-6)]:
        view = random_view(shape, dtype, seed, grad_scale, param_scale)
        sigma = sigma_of(name, view, traced=traced)
        expected = sigma_by_definition(name, *arrays_of(view), **THRESHOLDS[name])
        assert sigma.dtype == dtype
        np.testing.assert_allclose(
            *np.broadcast_arrays(sigma, expected), rtol=rtol(dtype, np.prod(shape))
        )


@pytest.mark.parametrize("name", RULES)
def test_sigma_is_a_scalar_save_for_units(name):
    for shape in [(), (4,), (3, 5), (2, 3, 5)]:
        per_unit = name == "agc_per_unit" and len(shape) > 1
        expected = (1,) * (len(shape) - 1) + shape[-1:] if per_unit else ()
        assert sigma_of(name, random_view(shape, "float32")).shape == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RULES)
def test_zero_gradient_takes_no_step(name, dtype):
    view = view_of(np.zeros((3, 5)), np.full((3, 5), 2.0), dtype=dtype)
    sigma = sigma_of(name, view)
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RULES)
def test_zero_weights_can_move(name, dtype):
    view = view_of(np.arange(1, 16).reshape(3, 5), np.zeros((3, 5)), dtype=dtype)
    sigma = np.broadcast_to(sigma_of(name, view), (3, 5))
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
    np.testing.assert_allclose(sigma, np.broadcast_to(expected, (3, 5)), rtol=rtol(dtype, terms=15))


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0)], ids=str)
@pytest.mark.parametrize("name", RULES)
def test_empty_variable_is_left_unclipped(name, shape, traced):
    view = view_of(np.zeros(shape), np.zeros(shape), dtype="float32")
    sigma = sigma_of(name, view, traced=traced)
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))
    assert (sigma * view.grad.numpy()).shape == shape


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)], ids=str)
@pytest.mark.parametrize("name", RULES)
def test_one_element(name, shape, dtype):
    view = view_of(np.full(shape, 8), np.full(shape, -2), dtype=dtype)
    expected = {
        "naive": 1,
        "gc": 0.1 / 8,
        "agc_per_unit": 0.01 * 2 / 8,
        "agc_per_layer": 0.01 * 2 / 8,
        "lamb": 0.1 * 2 / 8,
        "clippy": (0.5 * 2 + 0.01) / (RATE * 8),
    }[name]
    np.testing.assert_allclose(sigma_of(name, view).item(), expected, rtol=rtol(dtype))


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", RULES)
def test_a_coordinate_that_is_not_finite_never_becomes_finite(name, bad, traced):
    grad = np.ones((3, 5))
    grad[1, 2] = bad
    view = view_of(grad, np.full((3, 5), 2.0), dtype="float32")
    sigma = sigma_of(name, view, traced=traced)
    with np.errstate(invalid="ignore"):  # 0 * inf
        step = sigma * grad
    assert not np.isfinite(step[1, 2])
    if name == "agc_per_unit":  # the other units are not touched
        clean = sigma_of(name, view_of(np.ones((3, 5)), np.full((3, 5), 2.0), dtype="float32"))
        np.testing.assert_array_equal(np.delete(sigma, 2), np.delete(clean, 2))
    elif math.isnan(bad) and name in ("gc", "agc_per_layer", "lamb"):
        assert np.isnan(sigma)


@pytest.mark.parametrize("dtype, large", [("float32", 1e15), ("float64", 1e150)])
@pytest.mark.parametrize("name", RULES)
def test_large_gradient_whose_square_is_finite(name, dtype, large):
    view = random_view((3, 5), dtype)
    view = view._replace(grad=view.grad * large, update=view.update * large)
    expected = sigma_by_definition(name, *arrays_of(view), **THRESHOLDS[name])
    sigma = sigma_of(name, view)
    np.testing.assert_allclose(*np.broadcast_arrays(sigma, expected), rtol=rtol(dtype, terms=15))


@pytest.mark.parametrize("name", RULES)
def test_gradient_whose_square_overflows_is_not_passed_unclipped(name):
    # The L2 norm is infinite then, so the rules that take one answer 0: the step is left out.
    view = random_view((3, 5), "float32")
    view = view._replace(grad=view.grad * 1e30, update=view.update * 1e30)
    sigma = sigma_of(name, view)
    if name == "naive":
        assert sigma == 1
    elif name == "clippy":
        expected = sigma_by_definition(name, *arrays_of(view), **THRESHOLDS[name])
        np.testing.assert_allclose(sigma, expected, rtol=rtol("float32"))
    else:
        np.testing.assert_array_equal(sigma, np.zeros_like(sigma))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gc", "agc_per_layer", "agc_per_unit"])
def test_clipped_norm_is_the_limit_and_direction_is_kept(name, dtype):
    view = random_view((3, 5), dtype, grad_scale=50)
    grad, param, _, _ = arrays_of(view)
    clipped = sigma_of(name, view) * grad
    axis = 0 if name == "agc_per_unit" else None
    limit = 0.1 if name == "gc" else 0.01 * np.linalg.norm(param, axis=axis)
    tolerance = rtol(dtype, terms=15)
    np.testing.assert_allclose(np.linalg.norm(clipped, axis=axis), limit, rtol=tolerance)
    cosine = np.sum(clipped * grad, axis) / (
        np.linalg.norm(clipped, axis=axis) * np.linalg.norm(grad, axis=axis)
    )
    np.testing.assert_allclose(cosine, 1, rtol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gc", "agc_per_layer", "agc_per_unit", "clippy"])
def test_below_the_threshold_nothing_is_scaled(name, dtype):
    view = random_view((3, 5), dtype)
    view = view._replace(grad=view.grad * 1e-4, update=view.update * 1e-2)
    sigma = sigma_of(name, view)
    np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gc_at_the_threshold_is_one(dtype):
    view = view_of([[3.0, 0.0, 4.0]], np.ones((1, 3)), dtype=dtype)
    assert sigma_of("gc", view, {"lam": 5.0}) == 1
    assert sigma_of("gc", view, {"lam": 4.0}) < 1


@pytest.mark.parametrize("name", ["agc_per_layer", "agc_per_unit"])
def test_agc_floor_takes_over_below_it(name):
    grad = np.array([[3.0, 6.0], [4.0, 8.0]])  # columns of norm 5 and 10
    view = view_of(grad, [[0.0, 0.5], [0.0, 0.0]])
    sigma = sigma_of(name, view, {"lam": 0.1, "floor": 0.25})
    expected = (
        [[0.1 * 0.25 / 5, 0.1 * 0.5 / 10]] if name == "agc_per_unit" else 0.1 * 0.5 / math.sqrt(125)
    )
    np.testing.assert_allclose(sigma, expected, rtol=rtol("float64"))


def test_agc_units_are_the_columns_and_do_not_mix():
    grad, param = np.full((3, 5), 0.001), np.ones((3, 5))
    grad[:, 3] = 10.0
    sigma = sigma_of("agc_per_unit", view_of(grad, param))
    np.testing.assert_allclose(sigma, [[1, 1, 1, 0.01 / 10, 1]], rtol=rtol("float64"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("update_scale", [1e-3, 1, 1e3])
def test_lamb_step_has_the_norm_of_rate_times_mu_times_weight(update_scale, dtype):
    view = random_view((3, 5), dtype)
    view = view._replace(update=view.update * update_scale)
    step = RATE * sigma_of("lamb", view) * view.update.numpy()
    np.testing.assert_allclose(
        norm(step), RATE * 0.1 * norm(view.param), rtol=rtol(dtype, terms=15)
    )


def test_clippy_looks_at_the_worst_coordinate_alone():
    # Section 4.2: one coordinate decides, however wide the layer is.
    param, update = np.full((40, 30), 1.0), np.full((40, 30), 1e-3)
    update[7, 3], param[7, 3] = 100.0, 0.0
    sigma = sigma_of("clippy", view_of(update, param))
    np.testing.assert_allclose(sigma, 0.01 / (RATE * 100), rtol=rtol("float64"))


@pytest.mark.parametrize("rate", [0.125, 0.5, 2.0])
def test_clippy_bounds_the_step_with_its_rate(rate):
    view = view_of([[1.0, -8.0]], [[1.0, 2.0]], rate=rate)
    np.testing.assert_allclose(
        sigma_of("clippy", view), min(1, 1.01 / (rate * 8)), rtol=rtol("float64")
    )


def test_clippy_at_rate_zero_is_one():
    assert sigma_of("clippy", random_view((3, 5), "float32")._replace(rate=tf.constant(0.0))) == 1


def test_clippy_without_relative_threshold_is_the_absolute_one():
    view = view_of([[8.0, -1.0]], [[100.0, 0.0]])
    sigma = sigma_of("clippy", view, {"rel": 0, "abs_": 0.5})
    np.testing.assert_allclose(sigma, 0.5 / (RATE * 8), rtol=rtol("float64"))


@pytest.mark.parametrize("name, threshold, value", BELOW_RANGE)
def test_threshold_out_of_range_is_refused_by_name_and_value(name, threshold, value):
    view = random_view((3, 5), "float32")
    with pytest.raises(ValueError, match=f"{threshold} = {value!r}"):
        RULES[name](view, **{**THRESHOLDS[name], threshold: value})


@pytest.mark.parametrize("name", RULES)
def test_every_threshold_has_a_range_test(name):
    tested = {threshold for rule, threshold, _ in BELOW_RANGE if rule == name}
    assert tested == set(RULES[name].thresholds())


@pytest.mark.parametrize("threshold_dtype", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
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
        expected = sigma_by_definition(name, *arrays_of(view), **values)
        np.testing.assert_allclose(
            *np.broadcast_arrays(factor(*view).numpy(), expected),
            rtol=max(rtol(dtype, 15), rtol(threshold_dtype)),
        )
    assert len(traces) == 1


def floats(low, high, width):
    """Floats of either sign and magnitude in [low, high], and zero."""
    size = st.floats(
        float(np.float32(low)), float(np.float32(high)), width=width, allow_subnormal=False
    )
    return st.one_of(st.just(0.0), size, size.map(lambda value: -value))


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


@hypothesis.settings(max_examples=80, deadline=None, derandomize=True, database=None)
@hypothesis.given(case=clippy_cases())
def test_clippy_keeps_its_bound_and_touches_it(case):
    view, thresholds = case
    dtype = view.update.dtype.as_numpy_dtype
    sigma = sigma_of("clippy", view, thresholds)
    assert 0 < sigma <= 1

    update, param = (np.asarray(tensor, np.float64) for tensor in (view.update, view.param))
    step = np.abs(float(view.rate) * float(sigma) * update)
    bound = thresholds["rel"] * np.abs(param) + thresholds["abs_"]
    share = np.max(step / bound)
    assert share <= 1 + rtol(dtype)
    if sigma < 1:
        assert share >= 1 - rtol(dtype)


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
@hypothesis.given(case=clippy_cases())
def test_clippy_moves_the_stored_weight_no_further_than_its_bound(case):
    view, thresholds = case
    dtype = view.update.dtype.as_numpy_dtype
    sigma = sigma_of("clippy", view, thresholds)
    before = view.param.numpy()
    after = before - view.rate.numpy() * sigma * view.update.numpy()
    moved = np.abs(after.astype(np.float64) - before)
    bound = thresholds["rel"] * np.abs(before.astype(np.float64)) + thresholds["abs_"]
    rounding = rtol(dtype) * (np.abs(before.astype(np.float64)) + bound)
    assert np.all(moved <= bound + rounding)

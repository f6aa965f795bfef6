"""Every rule of RULES against its definition, and laws that hold for all."""

import itertools
import math
import re

import numpy as np
import pytest

from clippy.keras2 import tf
from clippy.oracles import DTYPES, ORACLES, RATE, THRESHOLDS, rtol, sigma_by_definition
from clippy.rules import RULES
from clippy.testing import random_view, sigma_of, view_of

EACH_RULE = pytest.mark.parametrize("name", RULES)
EACH_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
SHAPES = [(), (4,), (1, 1), (3, 5), (5, 3), (2, 3, 5), (0,), (0, 5), (5, 0)]


def definition(name, view, **thresholds):
    """sigma of a view by the definition of its rule."""
    arrays = [tensor.numpy() for tensor in view]
    return sigma_by_definition(name, *arrays, **(thresholds or THRESHOLDS[name]))


def assert_near(sigma, expected, limit):
    np.testing.assert_allclose(*np.broadcast_arrays(sigma, expected), rtol=limit)


def test_every_rule_has_an_oracle_and_its_thresholds():
    assert set(ORACLES) == set(THRESHOLDS) == set(RULES)
    for name in RULES:
        known = RULES[name].takes
        assert {key for key, default in known.items() if default is None} == set(THRESHOLDS[name])
        assert known.get("floor", 1e-3) == 1e-3
        assert ("floor" in known) == name.startswith("agc")
    # Eq. 2 and 3 clip the gradient; LAMB and Clippy scale the update (table of section 4.3.1).
    gradient = {name for name, rule in RULES.items() if rule.scales == "gradient"}
    assert gradient == {"gc", "agc_per_unit", "agc_per_layer"}


@EACH_DTYPE
@EACH_RULE
def test_sigma_is_the_one_of_the_definition(name, dtype):
    cases = [(0, 1, 1), (1, 1e-4, 1), (2, 100, 0.01), (3, 1, 1e-6), (4, 1, 0)]  # seed, sizes
    for shape, case in itertools.product(SHAPES, cases):
        view = random_view(shape, dtype, *case)
        sigma = sigma_of(name, view)
        units = name == "agc_per_unit" and len(shape) > 1
        assert sigma.shape == ((1,) * (len(shape) - 1) + shape[-1:] if units else ())
        assert sigma.dtype == dtype
        assert_near(sigma, definition(name, view), rtol(dtype, np.prod(shape)))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@EACH_RULE
def test_a_coordinate_that_is_not_finite_never_becomes_finite(name, bad):
    grad = np.ones((3, 5))
    grad[1, 2] = bad
    sigma = sigma_of(name, view_of(grad, np.full((3, 5), 2.0), dtype="float32"))
    with np.errstate(invalid="ignore"):  # 0 * inf
        step = sigma * grad
    assert not np.isfinite(step[1, 2])
    if name == "agc_per_unit":  # the other units are not touched
        clean = sigma_of(name, view_of(np.ones((3, 5)), np.full((3, 5), 2.0), dtype="float32"))
        np.testing.assert_array_equal(np.delete(sigma, 2), np.delete(clean, 2))
    elif math.isnan(bad) and name in ("gc", "agc_per_layer", "lamb"):
        assert np.isnan(sigma)


@pytest.mark.parametrize("large", [1e15, 1e30])
@EACH_RULE
def test_large_gradient_is_not_passed_unclipped(name, large):
    # The square of 1e30 is infinite, so the rules that take a norm answer 0 and no step is taken.
    view = random_view((3, 5), "float32")
    view = view._replace(grad=view.grad * large, update=view.update * large)
    overflows = large == 1e30 and name not in ("naive", "clippy")
    expected = 0 if overflows else definition(name, view)
    assert_near(sigma_of(name, view), expected, rtol("float32", terms=15))


@EACH_DTYPE
@EACH_RULE
def test_zero_and_denormal_gradients_are_left_as_they_are(name, dtype):
    # The squares of denormal ones are 0, so that no norm sees them: no bound is reached.
    for size in (0, np.finfo(dtype).smallest_subnormal * 8):
        sigma = sigma_of(name, view_of(np.full((3, 5), size), np.full((3, 5), 2.0), dtype=dtype))
        np.testing.assert_array_equal(sigma, np.ones_like(sigma))


@EACH_DTYPE
def test_thresholds_of_zero_let_clippy_move_nothing(dtype):
    none = {"rel": 0, "abs_": 0.0}
    grad, param = np.array([[1.0, 0.0, -2.0]]), np.array([[3.0, 0.0, 0.0]])
    assert sigma_of("clippy", view_of(grad, param, dtype=dtype), none) == 0
    assert sigma_of("clippy", view_of(0 * grad, param, dtype=dtype), none) == 1
    assert sigma_of("clippy", view_of(grad, param, rate=0, dtype=dtype), none) == 1
    # One weight of 0 that wants to move stops the layer, as long as there is no absolute threshold.
    assert sigma_of("clippy", view_of(grad, param, dtype=dtype), {"rel": 0.5, "abs_": 0}) == 0
    spared = view_of(grad * [[1.0, 1.0, 0.0]], param, dtype=dtype)
    assert sigma_of("clippy", spared, {"rel": 0.5, "abs_": 0}) == min(1, 0.5 * 3 / RATE)


@pytest.mark.parametrize("name, threshold", [(n, t) for n in RULES for t in RULES[n].takes])
def test_threshold_out_of_range_is_refused_by_name_and_value(name, threshold):
    view = random_view((3, 5), "float32")
    zero_is_a_value = threshold in ("rel", "abs_")
    expected = ">= 0" if zero_is_a_value else "> 0"
    for value in (-0.5, -1, math.nan, math.inf, *(() if zero_is_a_value else (0, 0.0))):
        message = f"{threshold} = {value!r}: expected a finite number {expected}"
        with pytest.raises(ValueError, match=message):
            RULES[name](view, **{**THRESHOLDS[name], threshold: value})


@pytest.mark.parametrize("shape", [(1,), (3, 5)])
@pytest.mark.parametrize("name, threshold", [(n, t) for n in RULES for t in RULES[n].takes])
def test_a_threshold_that_is_no_scalar_is_refused_and_not_broadcast(name, threshold, shape):
    view, message = random_view((3, 5), "float32"), f"{threshold} has shape {shape}: expected"
    with pytest.raises(ValueError, match=re.escape(message)):
        RULES[name](view, **{**THRESHOLDS[name], threshold: tf.ones(shape)})


@pytest.mark.parametrize("field", ["param", "update"])
@EACH_RULE
def test_tensors_of_two_shapes_are_refused_and_not_broadcast(name, field):
    view = random_view((3, 5), "float32")._replace(**{field: tf.ones([5])})
    message = re.escape(f"{field} has shape (5,): expected (3, 5) as grad")
    with pytest.raises(ValueError, match=message):
        sigma_of(name, view)


@EACH_DTYPE
def test_clippy_keeps_its_bound_touches_it_and_moves_the_stored_weight_no_further(dtype):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        given = {"rel": rng.uniform(0, 2), "abs_": rng.uniform(2**-20, 1)}
        view = random_view((3, 3), dtype, seed, param_scale=10 ** rng.uniform(-4, 4))
        kept = tf.constant(rng.random((3, 3)) < 0.8, dtype)  # some weights are 0
        view = view._replace(param=view.param * kept, update=view.update * 10 ** (seed % 9 - 4))
        sigma = sigma_of("clippy", view, given)
        assert_near(sigma, definition("clippy", view, **given), rtol(dtype))
        before = view.param.numpy().astype(np.float64)
        bound = given["rel"] * np.abs(before) + given["abs_"]
        after = view.param.numpy() - view.rate.numpy() * sigma * view.update.numpy()
        moved = np.abs(after.astype(np.float64) - before)
        assert np.all(moved <= bound + rtol(dtype) * (np.abs(before) + bound))

"""Whom a rule treats, alone or together, what the guard leaves out, and names of the factors."""

import functools
import math
import re

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad, paper_clippy
from clippy.keras2 import tf
from clippy.optimizers import ClippedAdagrad
from clippy.oracles import RATE, SHAPES, TABLE, assert_same_path, run_by_definition, weights
from clippy.testing import MAKE, SOME_METHODS, assert_factors, gradients, optimizer_of, run

EACH_JOINT = pytest.mark.parametrize(
    "rule, accumulate", [("gc", "clipped"), ("agc_per_layer", "raw"), ("clippy", "raw")]
)


@pytest.mark.parametrize(
    "dtype, plain, sparse, traced",
    [
        ("float64", (), False, False),
        ("float32", ("tower/bias",), True, True),
        ("float32", tuple(SHAPES), True, True),  # nobody is left to treat
    ],
)
@EACH_JOINT
def test_one_factor_for_all_that_are_treated(rule, accumulate, dtype, plain, sparse, traced):
    start, grads = weights(dtype), gradients(5, dtype, sparse=sparse)
    given = {"scope": "global", "exclude": plain, "export_clipping_factors": True}
    optimizer = optimizer_of(rule, accumulate, **given)
    path = run(optimizer, start, grads, traced)
    expected, states, sigmas = run_by_definition(
        rule, accumulate, start, grads, scope="global", plain=plain
    )
    assert_same_path(path, expected)
    for accumulator, [total] in zip(optimizer.accumulators, states.values(), strict=True):
        np.testing.assert_allclose(accumulator, total, rtol=256 * np.finfo(dtype).eps)
    assert_factors(optimizer, sigmas[-1])
    factors = {float(factor) for sigma in sigmas for factor in sigma.values()}
    assert (factors == {1}) == (len(plain) == len(SHAPES))


def test_one_factor_for_variables_of_both_dtypes_with_one_floor():
    start, grads = weights(), gradients(3)
    for arrays in (start, *grads):
        arrays["tower/kernel"] = arrays["tower/kernel"].astype("float64")
    big = {"lam": 0.3, "floor": 2.0}  # a floor that is for one variable what it is not for all
    expected, _, _ = run_by_definition(
        "agc_per_layer", "clipped", start, grads, scope="global", thresholds=big
    )
    optimizer = ClippedAdagrad("agc_per_layer", big, learning_rate=RATE, scope="global")
    for one, other in zip(run(optimizer, start, grads), expected, strict=True):
        for name in other:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad, traced", [(math.nan, True), (1e30, False)])
@SOME_METHODS
def test_the_joint_factor_is_that_of_the_finite_ones(rule, accumulate, bad, traced):
    start, grads = weights(), gradients(3, sparse=True)
    grads = grads[1:] + grads[:1]  # the last ones are large
    grads[2]["tower/kernel"][2, 1] = bad
    optimizer = optimizer_of(rule, accumulate, scope="global", export_clipping_factors=True)
    path = run(optimizer, start, grads, traced)
    np.testing.assert_array_equal(path[3]["tower/kernel"], path[2]["tower/kernel"])

    grads[2]["tower/kernel"] = np.full((3, 5), math.nan)  # 1e30 is finite in the oracle
    expected, _, sigmas = run_by_definition(rule, accumulate, start, grads, scope="global")
    assert_same_path(path, expected)
    assert_factors(optimizer, sigmas[2])
    assert sigmas[2]["tower/kernel"] == 0 != sigmas[2]["tower/bias"]
    assert [int(count) for count in optimizer.skipped_steps().values()] == [1, 0, 0]


def test_the_joint_factor_of_the_drop_in_class_is_the_smallest():
    start, grads = weights(), gradients(3)
    expected, _, _ = run_by_definition("clippy", "raw", start, grads, scope="global")
    assert_same_path(run(paper_clippy(RATE, scope="global"), start, grads), expected)


@pytest.mark.parametrize(
    "include, exclude, treated",
    [
        (None, (), ("tower/kernel", "tower/bias", TABLE)),
        (("bias", "^embed"), (), ("tower/bias", TABLE)),
        (("^kernel",), (), ()),
        (("tower",), ("bias:0$",), ("tower/kernel",)),
    ],
    ids=str,
)
def test_patterns_say_whom_the_rule_treats(include, exclude, treated):
    start, grads = weights(), gradients(3)
    patterns = {"include": include, "exclude": exclude, "export_clipping_factors": True}
    optimizer = optimizer_of("gc", "clipped", **patterns)
    path = run(optimizer, start, grads)
    others = set(start) - set(treated)
    expected, _, sigmas = run_by_definition("gc", "clipped", start, grads, plain=others)
    assert_same_path(path, expected)
    assert_factors(optimizer, sigmas[-1])


@pytest.mark.parametrize("name", ["include", "exclude"])
def test_bad_patterns_are_refused_by_name_and_value(name):
    for value in ["bias", "", ["bias", "("], [1], 7, ["a", None], [b"bias"], [re.compile(b"a")]]:
        with pytest.raises(ValueError, match=f"{name} = {re.escape(repr(value))}: expected a list"):
            optimizer_of("gc", **{name: value})


GUARDED = {
    **MAKE,
    "gc": functools.partial(optimizer_of, "gc", "clipped"),
    "naive": functools.partial(optimizer_of, "naive"),
}


@pytest.mark.parametrize(
    "name, bad, traced",
    [
        ("tower/kernel", 1e30, False),
        (TABLE, math.nan, False),
        pytest.param("tower/kernel", math.inf, True, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("which", GUARDED)
def test_the_guard_leaves_variable_and_state_as_they_are(which, name, bad, traced):
    start, grads = weights(), gradients(2, sparse=True)
    before = GUARDED[which]()
    run(before, start, grads[:1], traced)
    values = np.array(grads[1][TABLE].values if name == TABLE else grads[1][name])
    values[2, 1] = bad
    if name == TABLE:
        values = tf.IndexedSlices(values, grads[1][TABLE].indices, tf.constant([7, 3]))
    grads[1][name] = values
    optimizer = GUARDED[which](export_clipping_factors=True)
    path = run(optimizer, start, grads, traced)
    np.testing.assert_array_equal(path[2][name], path[1][name])
    index = list(start).index(name)
    assert before.state
    for kept, held in zip(optimizer.state.values(), before.state.values(), strict=True):
        np.testing.assert_array_equal(kept[index], held[index])
    for other in set(start) - {name}:
        assert np.all(np.isfinite(path[2][other]))
        assert np.any(path[2][other] != path[1][other])
    counts = {key[:-2]: int(count) for key, count in optimizer.skipped_steps().items()}
    assert counts == {key: int(key == name) for key in start}
    factors = {key[:-2]: float(f) for key, f in optimizer.named_clipping_factors().items()}
    assert [key for key in factors if factors[key] == 0] == [name]


def test_names_that_occur_twice_are_told_apart():
    optimizer = optimizer_of("gc", export_clipping_factors=True)
    optimizer.build([tf.Variable(1.0, name=name) for name in ("a", "b", "a")])
    assert list(optimizer.named_clipping_factors()) == ["a:0", "b:0", "a:0#2"]
    assert list(optimizer.skipped_steps()) == ["a:0", "b:0", "a:0#2"]


def test_what_is_not_kept_cannot_be_read():
    optimizer = optimizer_of("gc", skip_nonfinite=False)
    optimizer.build([tf.Variable(1.0)])
    assert optimizer.clipping_factors == []
    with pytest.raises(ValueError, match="export_clipping_factors = False: expected True"):
        optimizer.named_clipping_factors()
    with pytest.raises(ValueError, match="skip_nonfinite = False: expected True"):
        optimizer.skipped_steps()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("make", [lambda: optimizer_of("gc"), ClippyAdagrad])
def test_a_variable_of_half_precision_is_refused_by_name(make, dtype):
    fine, half = tf.Variable([1.0], name="fine"), tf.Variable(tf.ones([2], dtype), name="half")
    with pytest.raises(ValueError, match=f"half:0 has dtype {dtype}: expected float32"):
        make().build([fine, half])

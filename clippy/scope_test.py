"""Whom a rule treats, alone or together, what the guard leaves out, and names of the factors."""

import math
import re

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad, paper_clippy
from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.testing import (
    BAD,
    EACH_METHOD,
    METHODS,
    RATE,
    SOME_METHODS,
    TABLE,
    THRESHOLDS,
    assert_factors,
    assert_identical_path,
    assert_same_path,
    gradients,
    only,
    optimizer_of,
    run,
    run_by_definition,
    weights,
)

EACH_JOINT = pytest.mark.parametrize(
    "rule, accumulate", [m for m in METHODS if m[0] not in ("naive", "agc_per_unit")]
)
SPARSE = pytest.mark.parametrize("sparse", [False, True], ids=["dense", "mixed"])


@pytest.mark.parametrize(
    "dtype, plain, traced",
    [("float64", (), False), ("float32", ("tower/bias",), False), ("float32", (TABLE,), True)],
)
@SPARSE
@EACH_JOINT
def test_one_factor_for_all_that_are_treated(rule, accumulate, plain, sparse, dtype, traced):
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
    assert any(sigma[name] != 1 for sigma in sigmas for name in sigma)


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


@pytest.mark.parametrize("bad, traced", [(math.nan, False), (math.inf, True), (1e30, False)])
@SPARSE
@EACH_JOINT
def test_the_joint_factor_is_that_of_the_finite_ones(rule, accumulate, sparse, bad, traced):
    start, grads = weights(), gradients(3, sparse=sparse)
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


@EACH_JOINT
def test_without_a_finite_gradient_nothing_moves_together(rule, accumulate):
    start = weights()
    grads = [{name: np.full(value.shape, math.nan, "f") for name, value in start.items()}]
    optimizer = optimizer_of(rule, accumulate, scope="global")
    assert_identical_path(run(optimizer, start, grads), [start, start])
    assert [int(count) for count in optimizer.skipped_steps().values()] == [1, 1, 1]


@pytest.mark.parametrize("rule", ["clippy", "naive"])
def test_scope_global_with_nobody_to_treat_is_plain(rule):
    start, grads = weights(), gradients(2)
    optimizer = optimizer_of(rule, scope="global", exclude=[""])
    assert_identical_path(run(optimizer, start, grads), run(optimizer_of("naive"), start, grads))


@pytest.mark.parametrize("base", ["adam", "sgd"])
def test_joint_clipping_by_norm_on_other_bases_is_that_of_keras(base):
    # Global gradient clipping has a definition outside of this package.
    start, grads = weights(), gradients(4)
    plain, cls = {
        "adam": (keras.optimizers.Adam, ClippedAdam),
        "sgd": (keras.optimizers.SGD, ClippedSGD),
    }[base]
    expected = run(plain(RATE, global_clipnorm=0.125, jit_compile=False), start, grads)
    optimizer = cls("gc", {"lam": 0.125}, learning_rate=RATE, scope="global")
    for one, other in zip(run(optimizer, start, grads), expected, strict=True):
        for name in start:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=1e-4)


def test_the_joint_factor_of_the_drop_in_class_is_the_smallest():
    start, grads = weights(), gradients(3)
    expected, _, _ = run_by_definition("clippy", "raw", start, grads, scope="global")
    assert_same_path(run(paper_clippy(RATE, scope="global"), start, grads), expected)


@pytest.mark.parametrize(
    "include, exclude, treated",
    [
        (None, (), ("tower/kernel", "tower/bias", TABLE)),
        (("tower",), (), ("tower/kernel", "tower/bias")),
        (("bias", "^embed"), (), ("tower/bias", TABLE)),
        ((r"kernel:0$",), (), ("tower/kernel",)),
        (("^kernel",), (), ()),
        ((), (), ()),
        (("tower",), ("bias",), ("tower/kernel",)),
        ((".",), ("tower/.*:0",), (TABLE,)),
    ],
    ids=str,
)
@SOME_METHODS
def test_patterns_say_whom_the_rule_treats(rule, accumulate, include, exclude, treated):
    start, grads = weights(), gradients(3)
    patterns = {"include": include, "exclude": exclude, "export_clipping_factors": True}
    optimizer = optimizer_of(rule, accumulate, **patterns)
    path = run(optimizer, start, grads)
    plain, all_ = (
        run(o, start, grads) for o in (optimizer_of("naive"), optimizer_of(rule, accumulate))
    )
    expected = [
        {name: (a if name in treated else p)[name] for name in start}
        for a, p in zip(all_, plain, strict=True)
    ]
    assert_identical_path(path, expected)
    others = set(start) - set(treated)
    _, _, sigmas = run_by_definition(rule, accumulate, start, grads, plain=others)
    assert_factors(optimizer, sigmas[-1])


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize("value", ["bias", "", ["bias", "("], [1], 7, ["a", None]], ids=str)
def test_bad_patterns_are_refused_by_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"{name} = {re.escape(repr(value))}: expected a list"):
        optimizer_of("gc", **{name: value})


def struck(grads, sparse, bad):
    """The name of a variable whose gradient of the second step has a bad coordinate now."""
    if not sparse:
        grads[1]["tower/kernel"][1, 4] = bad
        return "tower/kernel"
    slices = grads[1][TABLE]
    values = np.array(slices.values)
    values[2, 1] = bad
    grads[1][TABLE] = tf.IndexedSlices(values, slices.indices, slices.dense_shape)
    return TABLE


@pytest.mark.parametrize(
    "sparse, bad, traced",
    [
        (False, math.nan, False),
        (False, math.inf, False),
        (False, 1e30, True),
        (True, math.nan, True),
        (True, 1e30, False),
    ],
)
@EACH_METHOD
def test_the_guard_leaves_variable_and_state_as_they_are(rule, accumulate, sparse, bad, traced):
    start, grads = weights(), gradients(2, sparse=sparse)
    before = optimizer_of(rule, accumulate)
    run(before, start, grads[:1], traced)
    name = struck(grads, sparse, bad)
    optimizer = optimizer_of(rule, accumulate, export_clipping_factors=True)
    path = run(optimizer, start, grads, traced)
    np.testing.assert_array_equal(path[2][name], path[1][name])
    index = list(start).index(name)
    np.testing.assert_array_equal(optimizer.accumulators[index], before.accumulators[index])
    for other in set(start) - {name}:
        assert np.all(np.isfinite(path[2][other]))
        assert np.any(path[2][other] != path[1][other])
    counts = {key[:-2]: int(count) for key, count in optimizer.skipped_steps().items()}
    assert counts == {key: int(key == name) for key in start}
    factors = {key[:-2]: float(f) for key, f in optimizer.named_clipping_factors().items()}
    assert {key for key in factors if not factors[key] > 0} == {name}
    assert factors[name] == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda **given: ClippedAdam("clippy", THRESHOLDS["clippy"], **given),
        lambda **given: ClippedAdam("gc", THRESHOLDS["gc"], **given),
        lambda **given: ClippedSGD("lamb", THRESHOLDS["lamb"], momentum=0.9, **given),
        lambda **given: ClippedSGD("naive", **given),
        lambda **given: ClippyAdagrad(**given),
        lambda **given: ClippyAdagrad(clip_accumulator_update=True, **given),
        lambda **given: ClippyAdagrad(use_standard_accumulator_update=True, **given),
    ],
)
@pytest.mark.parametrize("dtype, bad", [("float32", b) for b in BAD] + [("float64", 1e200)])
def test_the_guard_of_every_base(make, dtype, bad):
    start, grads = only(TABLE, weights(dtype), gradients(2, dtype))
    optimizer = make(learning_rate=RATE)
    variable = tf.Variable(start[TABLE], name=TABLE)

    def held():
        return [variable.numpy(), *(slot.numpy() for [slot] in optimizer.state.values())]

    optimizer.apply_gradients([(tf.constant(grads[0][TABLE]), variable)])
    moved = held()
    assert np.any(moved[0] != start[TABLE])
    grads[1][TABLE][6, 0] = bad
    for count in (1, 2):
        optimizer.apply_gradients([(tf.constant(grads[1][TABLE]), variable)])
        for one, other in zip(held(), moved, strict=True):
            np.testing.assert_array_equal(one, other)
        assert int(optimizer.skipped_steps()[variable.name]) == count


def test_a_gradient_of_1e30_is_finite_in_float64():
    start = weights("float64")
    grads = [{name: np.full(value.shape, 1e30) for name, value in start.items()}]
    optimizer = optimizer_of("clippy")
    expected, _, _ = run_by_definition("clippy", "raw", start, grads)
    assert_same_path(run(optimizer, start, grads), expected)
    assert [int(count) for count in optimizer.skipped_steps().values()] == [0, 0, 0]


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

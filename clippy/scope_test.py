"""Whom a rule treats, alone or together, what the guard leaves out, and the factors exported."""

import math
import re

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.optimizers_test import (
    CLIPS_GRADIENT,
    METHODS,
    RATE,
    TREATED,
    assert_identical_path,
    assert_same_path,
    gradients,
    optimizer_of,
    weights,
)
from clippy.rules_test import THRESHOLDS, sigma_by_definition

TABLE = "embedding/table"
JOINT = [method for method in TREATED if method[0] != "agc_per_unit"]
BAD = [math.nan, math.inf, -math.inf, 1e30]  # the square of the last one is none of float32
BIG = {"lam": 0.3, "floor": 2.0}  # a floor that is for one variable what it is not for all


def variables_of(start):
    return {name: tf.Variable(value, name=name) for name, value in start.items()}


def run(optimizer, start, grads, traced=False):
    """The weights after every step; a gradient may be IndexedSlices."""
    variables = variables_of(start)
    optimizer.build(list(variables.values()))

    def step(grads):
        optimizer.apply_gradients([(grads[name], variables[name]) for name in variables])

    apply = tf.function(step, reduce_retracing=True) if traced else step
    path = [start]
    for grad in grads:
        tensors = {
            name: value if isinstance(value, tf.IndexedSlices) else tf.convert_to_tensor(value)
            for name, value in grad.items()
        }
        apply(tensors)
        path.append({name: variable.numpy() for name, variable in variables.items()})
    return path


def dense(grad):
    """The sum over repeated ids of IndexedSlices, in float64."""
    if not isinstance(grad, tf.IndexedSlices):
        return np.asarray(grad, np.float64)
    total = np.zeros((7, 3))
    np.add.at(total, grad.indices.numpy(), np.asarray(grad.values, np.float64))
    return total


def with_slices(grads, seed=5):
    """The gradients with those of the table as slices of repeated ids."""
    rng = np.random.default_rng(seed)
    mixed = []
    for step, grad in enumerate(grads):
        values = tf.constant(
            rng.normal(size=(4, 3)) * 10.0 ** rng.uniform(-3, 1), grad[TABLE].dtype
        )
        ids = tf.constant([[4, 1, 4, 4], [6, 6, 0, 1], [2, 5, 2, 1]][step % 3])
        mixed.append({**grad, TABLE: tf.IndexedSlices(values, ids, tf.constant([7, 3]))})
    return mixed


def run_by_definition(rule, accumulate, start, grads, scope="global", plain=(), thresholds=None):
    """Adagrad with one factor for all variables, or one each: weights, G and the factors of all."""
    thresholds = thresholds or THRESHOLDS[rule]
    weight = {name: np.asarray(value, np.float64) for name, value in start.items()}
    total = {name: np.full(value.shape, 0.1) for name, value in weight.items()}
    path, factors = [dict(weight)], []
    for raw in grads:
        grad = {name: dense(value) for name, value in raw.items()}
        finite = [name for name in weight if np.all(np.isfinite(grad[name]))]
        treated = [name for name in finite if name not in plain]
        if accumulate == "clipped":
            update = grad
        else:
            update = {name: grad[name] / np.sqrt(total[name] + grad[name] ** 2) for name in finite}

        def sigma_of(names, grad=grad, update=update):
            joined = (
                np.concatenate([np.ravel(kind[name]) for name in names])
                if len(names) > 1
                else kind[names[0]]
                for kind in (grad, weight, update)
            )
            return sigma_by_definition(rule, *joined, RATE, **thresholds)

        sigma = dict.fromkeys(weight, 0.0)
        sigma.update(dict.fromkeys(finite, 1.0))
        if scope == "global" and treated:
            sigma.update(dict.fromkeys(treated, sigma_of(treated)))
        elif scope == "local":
            sigma.update({name: sigma_of([name]) for name in treated})
        for name in finite:
            g = grad[name] * (sigma[name] if accumulate == "clipped" else 1)
            total[name] = total[name] + g**2
            scale = 1 if accumulate == "clipped" else sigma[name]
            weight[name] = weight[name] - RATE * scale * g / np.sqrt(total[name])
        path.append(dict(weight))
        factors.append({name: np.min(value) for name, value in sigma.items()})
    return path, total, factors


def assert_factors(optimizer, factors, rtol=1e-4):
    named = {name[:-2]: float(value) for name, value in optimizer.named_clipping_factors().items()}
    assert list(named) == list(factors)
    for name, factor in factors.items():
        np.testing.assert_allclose(named[name], factor, rtol=rtol, err_msg=name)


@pytest.mark.parametrize(
    "dtype, plain, traced",
    [("float64", (), False), ("float32", ("tower/bias",), False), ("float32", (TABLE,), True)],
)
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "mixed"])
@pytest.mark.parametrize("rule, accumulate", JOINT)
def test_one_factor_for_all_that_are_treated(rule, accumulate, plain, sparse, dtype, traced):
    start, grads = weights(dtype), gradients(5, dtype)
    grads = with_slices(grads) if sparse else grads
    optimizer = optimizer_of(
        rule, accumulate, scope="global", exclude=plain, export_clipping_factors=True
    )
    path = run(optimizer, start, grads, traced)
    expected, totals, factors = run_by_definition(rule, accumulate, start, grads, plain=plain)
    assert_same_path(path, expected, steps_per_eps=64)
    for accumulator, total in zip(optimizer.accumulators, totals.values(), strict=True):
        np.testing.assert_allclose(accumulator, total, rtol=256 * np.finfo(dtype).eps)
    assert_factors(optimizer, factors[-1])
    assert any(factor[name] != 1 for factor in factors for name in factor)


@pytest.mark.parametrize("rule, accumulate", JOINT)
def test_the_factor_of_all_is_not_that_of_each(rule, accumulate):
    start, grads = weights(), gradients(3)
    together = run(optimizer_of(rule, accumulate, scope="global"), start, grads)
    alone = run(optimizer_of(rule, accumulate), start, grads)
    assert any(np.any(together[-1][name] != alone[-1][name]) for name in start)
    one = {"tower/kernel": start["tower/kernel"]}
    assert_identical_path(
        run(optimizer_of(rule, accumulate, scope="global"), one, grads),
        run(optimizer_of(rule, accumulate), one, grads),
    )


def test_the_joint_floor_is_for_the_joint_norm():
    start, grads = weights(), gradients(1)
    optimizer = ClippedAdagrad("agc_per_layer", BIG, learning_rate=RATE, scope="global")
    expected, _, _ = run_by_definition("agc_per_layer", "clipped", start, grads, thresholds=BIG)
    assert_same_path(run(optimizer, start, grads), expected)


@pytest.mark.parametrize("rule, accumulate", JOINT)
def test_one_factor_for_variables_of_both_dtypes(rule, accumulate):
    start, grads = weights(), gradients(3)
    start["tower/kernel"] = start["tower/kernel"].astype("float64")
    for grad in grads:
        grad["tower/kernel"] = grad["tower/kernel"].astype("float64")
    expected, _, _ = run_by_definition(rule, accumulate, start, grads)
    path = run(optimizer_of(rule, accumulate, scope="global"), start, grads)
    for one, other in zip(path, expected, strict=True):
        for name in other:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad, traced", [(math.nan, False), (math.inf, True), (1e30, False)])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "mixed"])
@pytest.mark.parametrize("rule, accumulate", JOINT)
def test_the_joint_factor_is_that_of_the_finite_ones(rule, accumulate, sparse, bad, traced):
    start, grads = weights(), gradients(3)
    grads = grads[1:] + grads[:1]  # the last ones are large
    grads = with_slices(grads) if sparse else grads
    grads[2]["tower/kernel"][2, 1] = bad
    optimizer = optimizer_of(rule, accumulate, scope="global", export_clipping_factors=True)
    path = run(optimizer, start, grads, traced)
    np.testing.assert_array_equal(path[3]["tower/kernel"], path[2]["tower/kernel"])

    grads[2]["tower/kernel"] = np.full((3, 5), math.nan)  # 1e30 is finite in the oracle
    expected, _, factors = run_by_definition(rule, accumulate, start, grads)
    assert_same_path(path, expected, steps_per_eps=64)
    assert_factors(optimizer, factors[2])
    assert factors[2]["tower/kernel"] == 0 != factors[2]["tower/bias"]
    counts = [int(count) for count in optimizer.skipped_steps().values()]
    assert counts == [1, 0, 0]


def test_without_a_finite_gradient_nothing_moves_together():
    for rule, accumulate in JOINT:
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


@pytest.mark.parametrize("cls", [ClippedAdagrad, ClippedAdam, ClippedSGD])
def test_units_of_several_variables_have_no_joint_factor(cls):
    with pytest.raises(ValueError, match="scope = 'global': allowed for agc_per_unit is local"):
        cls("agc_per_unit", {"lam": 0.1}, learning_rate=RATE, scope="global")


@pytest.mark.parametrize("cls", [ClippedAdam, ClippedSGD])
def test_joint_clipping_by_norm_on_other_bases_is_that_of_keras(cls):
    # Global gradient clipping has a definition outside of this package.
    start, grads = weights(), gradients(4)
    plain = {ClippedAdam: keras.optimizers.Adam, ClippedSGD: keras.optimizers.SGD}[cls]
    reference = plain(RATE, global_clipnorm=0.125, jit_compile=False)
    optimizer = cls("gc", {"lam": 0.125}, learning_rate=RATE, scope="global")
    expected = run(reference, start, grads)
    for one, other in zip(run(optimizer, start, grads), expected, strict=True):
        for name in start:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=1e-4)


def test_the_joint_factor_of_the_drop_in_class_is_the_smallest():
    start, grads = weights(), gradients(3)
    optimizer = ClippyAdagrad(
        RATE,
        variable_relative_threshold=0.5,
        absolute_threshold=0.01,
        epsilon=0.0,
        use_standard_accumulator_update=True,
        scope="global",
    )
    expected, _, _ = run_by_definition("clippy", "raw", start, grads)
    assert_same_path(run(optimizer, start, grads), expected, steps_per_eps=64)


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
@pytest.mark.parametrize("rule, accumulate", [("gc", "clipped"), ("clippy", "raw")])
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
    _, _, factors = run_by_definition(
        rule, accumulate, start, grads, "local", plain=set(start) - set(treated)
    )
    assert_factors(optimizer, factors[-1])


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize("value", ["bias", "", ["bias", "("], ["[a"], [1], 7, ["a", None]], ids=str)
def test_bad_patterns_are_refused_by_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"{name} = {re.escape(repr(value))}: allowed is a list"):
        optimizer_of("gc", **{name: value})


def state_of(optimizer):
    return [variable.numpy() for variable in optimizer.variables[2:]]  # without step and rate


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
@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_the_guard_leaves_variable_and_state_as_they_are(rule, accumulate, sparse, bad, traced):
    start, grads = weights(), gradients(3)
    if sparse:
        grads = with_slices(grads)
        slices = grads[1][TABLE]
        values = np.array(slices.values)
        values[2, 1] = bad
        grads[1][TABLE] = tf.IndexedSlices(values, slices.indices, slices.dense_shape)
        struck = TABLE
    else:
        grads[1]["tower/kernel"][1, 4] = bad
        struck = "tower/kernel"
    optimizer = optimizer_of(rule, accumulate, export_clipping_factors=True)
    path = run(optimizer, start, grads[:2], traced)
    np.testing.assert_array_equal(path[2][struck], path[1][struck])
    before = optimizer_of(rule, accumulate)
    run(before, start, grads[:1], traced)
    index = list(start).index(struck)
    np.testing.assert_array_equal(optimizer.accumulators[index], before.accumulators[index])
    for name in set(start) - {struck}:
        assert np.all(np.isfinite(path[2][name]))
        assert np.any(path[2][name] != path[1][name])
    counts = {name[:-2]: int(count) for name, count in optimizer.skipped_steps().items()}
    assert counts == {name: int(name == struck) for name in start}
    factors = {name[:-2]: float(f) for name, f in optimizer.named_clipping_factors().items()}
    assert factors[struck] == 0
    assert all(factors[name] > 0 for name in set(start) - {struck})


@pytest.mark.parametrize(
    "make",
    [
        lambda **given: ClippedAdam("clippy", THRESHOLDS["clippy"], **given),
        lambda **given: ClippedAdam("gc", THRESHOLDS["gc"], **given),
        lambda **given: ClippedAdam("naive", **given),
        lambda **given: ClippedSGD("lamb", THRESHOLDS["lamb"], momentum=0.9, **given),
        lambda **given: ClippedSGD("naive", **given),
        lambda **given: ClippyAdagrad(**given),
        lambda **given: ClippyAdagrad(clip_accumulator_update=True, **given),
        lambda **given: ClippyAdagrad(use_standard_accumulator_update=True, **given),
    ],
)
@pytest.mark.parametrize("dtype, bad", [("float32", b) for b in BAD] + [("float64", 1e200)])
def test_the_guard_of_every_base(make, dtype, bad):
    start, grads = weights(dtype, names=[TABLE]), gradients(2, dtype)
    optimizer = make(learning_rate=RATE)
    variable = tf.Variable(start[TABLE], name=TABLE)
    optimizer.apply_gradients([(tf.constant(grads[0][TABLE]), variable)])
    moved, state = variable.numpy(), state_of(optimizer)
    assert np.any(moved != start[TABLE])
    grads[1][TABLE][6, 0] = bad
    for count in (1, 2):
        optimizer.apply_gradients([(tf.constant(grads[1][TABLE]), variable)])
        np.testing.assert_array_equal(variable.numpy(), moved)
        for one, other in zip(state_of(optimizer), state, strict=True):
            np.testing.assert_array_equal(one, other)
        assert int(optimizer.skipped_steps()[variable.name]) == count


def test_a_gradient_of_1e30_is_finite_in_float64():
    start = weights("float64")
    grads = [{name: np.full(value.shape, 1e30) for name, value in start.items()}]
    optimizer = optimizer_of("clippy")
    expected, _, _ = run_by_definition("clippy", "raw", start, grads, "local")
    assert_same_path(run(optimizer, start, grads), expected)
    assert [int(count) for count in optimizer.skipped_steps().values()] == [0, 0, 0]


@pytest.mark.parametrize(
    "dtype, sparse, traced",
    [("float64", False, False), ("float64", True, False), ("float32", True, True)],
)
@pytest.mark.parametrize("rule, accumulate", METHODS)
def test_exported_factors_are_those_of_the_definition(rule, accumulate, dtype, sparse, traced):
    start, grads = weights(dtype), gradients(3, dtype)
    grads = with_slices(grads) if sparse else grads
    plain = ["tower/bias"]
    optimizer = optimizer_of(rule, accumulate, export_clipping_factors=True, exclude=plain)
    run(optimizer, start, grads, traced)
    _, _, factors = run_by_definition(rule, accumulate, start, grads, "local", plain)
    assert factors[-1]["tower/bias"] == 1
    assert_factors(optimizer, factors[-1], rtol=2000 * np.finfo(dtype).eps)
    assert [factor.dtype for factor in optimizer.clipping_factors] == [dtype] * 3
    assert [factor.shape for factor in optimizer.clipping_factors] == [()] * 3


def test_names_that_occur_twice_are_told_apart():
    optimizer = optimizer_of("gc", export_clipping_factors=True)
    optimizer.build([tf.Variable(1.0, name=name) for name in ("a", "b", "a")])
    assert list(optimizer.named_clipping_factors()) == ["a:0", "b:0", "a:0#2"]
    assert list(optimizer.skipped_steps()) == ["a:0", "b:0", "a:0#2"]


def test_what_is_not_kept_cannot_be_read():
    optimizer = optimizer_of("gc", skip_nonfinite=False)
    optimizer.build([tf.Variable(1.0)])
    assert optimizer.clipping_factors == []
    with pytest.raises(ValueError, match="export_clipping_factors = False"):
        optimizer.named_clipping_factors()
    with pytest.raises(ValueError, match="skip_nonfinite = False"):
        optimizer.skipped_steps()


def test_a_dtype_without_support_is_refused_by_name():
    with pytest.raises(ValueError, match="half:0 has dtype float16"):
        optimizer_of("gc").build([tf.Variable(tf.ones([2], "float16"), name="half")])


def test_rules_that_clip_the_gradient_are_those_of_the_tests():
    for rule in CLIPS_GRADIENT:
        assert optimizer_of(rule, None).accumulate == "clipped"
    assert optimizer_of("clippy", None).accumulate == "raw"

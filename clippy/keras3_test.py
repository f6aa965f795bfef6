"""Steps of the optimizers for Keras 3 by the oracles, on the back end that KERAS_BACKEND names."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from clippy import keras3
from clippy.keras3_testing import (
    BACKEND,
    BASES,
    EACH,
    EACH_METHOD,
    EACH_WAY,
    MAKE,
    METHODS,
    ON_TENSORFLOW,
    assert_factors,
    optimizer_of,
    run,
    variable_of,
)
from clippy.oracles import (
    RATE,
    SHAPES,
    TABLE,
    THRESHOLDS,
    assert_same_path,
    gradients,
    rtol,
    run_by_definition,
    sigma_by_definition,
    weights,
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@EACH_METHOD
def test_the_rules_are_those_of_the_definition(rule, accumulate, dtype):
    if dtype == "float64" and BACKEND != "tensorflow":
        pytest.skip("operations of Keras go through float32 here")
    rng = np.random.default_rng(0)
    for shape in [(), (4,), (3, 5), (2, 3, 5), (0, 5)]:
        arrays = [rng.normal(size=shape).astype(dtype) for _ in range(3)]
        view = keras3.StepView(*(ops.convert_to_tensor(a, dtype) for a in (*arrays, RATE)))
        sigma = ops.convert_to_numpy(keras3.RULES[rule](view, **THRESHOLDS[rule]))
        assert sigma.dtype == dtype
        expected = sigma_by_definition(rule, *arrays, RATE, **THRESHOLDS[rule])
        limit = rtol(dtype, math.prod(shape))
        np.testing.assert_allclose(
            *np.broadcast_arrays(sigma.ravel(), expected.ravel()), rtol=limit
        )


# Adagrad with every method, and the other bases with one that clips and one that scales.
STEPS = [("adagrad", *method) for method in METHODS]
STEPS += [(base, *METHODS[at]) for base in BASES if base != "adagrad" for at in (0, -1)]


@EACH_WAY
@pytest.mark.parametrize("base, rule, accumulate", STEPS)
def test_steps_factors_and_state_are_those_of_the_definition(base, rule, accumulate, compiled):
    start, grads = weights(), gradients(6)
    optimizer = optimizer_of(rule, accumulate, base, export_clipping_factors=True)
    path = run(optimizer, start, grads, compiled)
    expected, states, sigmas = run_by_definition(rule, accumulate, start, grads, base)
    assert_same_path(path, expected)
    assert_factors(optimizer, sigmas[-1])
    for slot, held in enumerate(optimizer.state.values()):
        for variable, state in zip(held, states.values(), strict=True):
            atol = 1e-4 * np.max(np.abs(state[slot]))
            np.testing.assert_allclose(variable.numpy(), state[slot], rtol=1e-4, atol=atol)


@EACH_WAY
@pytest.mark.parametrize("rule", ["agc_per_unit", "clippy", "gc"])
def test_a_large_variable_takes_the_same_steps(rule, compiled):
    # On a CPU it is measured piece by piece.
    start = weights(shapes={"large/kernel": (300, 260)})
    grads = [weights(seed=seed, shapes={"large/kernel": (300, 260)}) for seed in (1, 2)]
    path = run(optimizer_of(rule), start, grads, compiled)
    how = "clipped" if keras3.RULES[rule].scales == "gradient" else "raw"
    assert_same_path(path, run_by_definition(rule, how, start, grads)[0], 256)


@EACH_WAY
@pytest.mark.parametrize("rule", ["gc", "agc_per_layer", "clippy"])
def test_one_factor_for_all_that_are_treated(rule, compiled):
    start, grads = weights(), gradients(5)
    plain, how = ("tower/bias",), "raw"
    optimizer = optimizer_of(rule, how, scope="global", exclude=plain, export_clipping_factors=True)
    path = run(optimizer, start, grads, compiled)
    expected, _, sigmas = run_by_definition(rule, how, start, grads, scope="global", plain=plain)
    assert_same_path(path, expected)
    assert_factors(optimizer, sigmas[-1])


@EACH_WAY
@pytest.mark.parametrize("bad", [math.nan, 1e30])
@EACH
def test_the_guard_leaves_variable_and_state_as_they_are(which, bad, compiled):
    start, grads = weights(), gradients(2)
    grads[1]["tower/kernel"][2, 1] = bad
    before, after = MAKE[which](), MAKE[which](export_clipping_factors=True)
    run(before, start, grads[:1], compiled)
    path = run(after, start, grads, compiled)
    np.testing.assert_array_equal(path[2]["tower/kernel"], path[1]["tower/kernel"])
    assert np.any(path[2]["tower/bias"] != path[1]["tower/bias"])
    for kept, held in zip(after.state.values(), before.state.values(), strict=True):
        np.testing.assert_array_equal(kept[0].numpy(), held[0].numpy())
    counts = {name: int(count.numpy()) for name, count in after.skipped_steps().items()}
    assert counts == {name: int(name == "tower/kernel") for name in SHAPES}
    assert float(after.named_clipping_factors()["tower/kernel"].numpy()) == 0


@EACH_WAY
def test_the_bound_and_the_step_follow_the_schedule(compiled):
    schedule = keras.optimizers.schedules.PolynomialDecay(0.015625, 5, end_learning_rate=1.0)
    rates = [float(schedule(step)) for step in range(6)]
    start, grads = weights(), gradients(6)
    path = run(optimizer_of("clippy", learning_rate=schedule), start, grads, compiled)
    assert_same_path(path, run_by_definition("clippy", "raw", start, grads, rates=rates)[0])


@EACH
def test_a_gradient_of_another_shape_is_refused_before_anything_moves(which):
    for shape in [(), (1, 2), (2,), (3, 1), (2, 3)]:
        variables = [variable_of(n, np.ones((3, 2), "float32")) for n in ("a/first", "a/kernel")]
        with pytest.raises(
            Exception, match=r"gradient of a/kernel has shape \(.*expected \(3, 2\)"
        ):
            MAKE[which]().apply([ops.ones((3, 2)), ops.ones(shape)], variables)
        for variable in variables:
            np.testing.assert_array_equal(variable.numpy(), np.ones((3, 2)))


@ON_TENSORFLOW
@EACH_WAY
@pytest.mark.parametrize("rule, shaped", [("clippy", True), ("lamb", False)])
@pytest.mark.parametrize("base", BASES)
def test_sparse_gradients_with_repeated_ids_are_dense_ones(base, rule, shaped, compiled):
    import tensorflow as tf

    def slices(values, ids, shape):
        return tf.IndexedSlices(values, tf.constant(ids), tf.constant(shape))

    start, grads = {TABLE: weights()[TABLE]}, gradients(4, slices=slices)
    expected, _, _ = run_by_definition(rule, "raw", start, grads, base)
    given = [g[TABLE] for g in grads]
    if not shaped:
        given = [tf.IndexedSlices(g.values, g.indices) for g in given]
    path = run(optimizer_of(rule, "raw", base), start, [{TABLE: g} for g in given], compiled)
    assert_same_path(path, expected)


@pytest.mark.parametrize(
    "name", ["Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Conv2D"]
)
@pytest.mark.parametrize("biased", [False, True])
def test_units_are_the_outputs_of_the_layers_of_keras_3(name, biased):
    arguments = {"DepthwiseConv2D": [2], "SeparableConv2D": [2, 2]}.get(name, [3, 2])
    given = {"depth_multiplier": 2} if name in ("DepthwiseConv2D", "SeparableConv2D") else {}
    layer = getattr(keras.layers, name)(*arguments, use_bias=biased, **given)
    layer.build((None, 6, 6, 3))
    optimizer = optimizer_of("agc_per_unit")
    optimizer.build(layer.trainable_variables)
    pairs, expected = (-2, -1), {"Conv2DTranspose": [(-2,)], "Conv2D": [(-1,)]}
    expected |= {"DepthwiseConv2D": [pairs], "SeparableConv2D": [pairs, (-1,)]}
    found = [optimizer.rule_of(variable).units for variable in layer.trainable_variables]
    assert found == expected[name] + [(-1,)] * biased

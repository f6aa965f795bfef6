"""The axes of outputs that `clippy.units` finds, against what each coordinate of a kernel moves."""

import itertools
import json
import re
import warnings

import numpy as np
import pytest

from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad, ClippedSGD
from clippy.oracles import (
    RATE,
    SHAPES,
    TABLE,
    THRESHOLDS,
    assert_same_path,
    dense,
    norm,
    run_by_definition,
    sigma_by_definition,
    weights,
)
from clippy.rules import AGCPerUnit
from clippy.testing import gradients, optimizer_of, run, view_of
from clippy.units import output_axes

layers = keras.layers
LINE, PLANE = (1, 6, 3), (1, 6, 6, 3)
LAYERS = {  # shape of an input, axes of the outputs, layer; 3 inputs, and 5 outputs or as many
    "Conv1D": (LINE, 1, lambda **given: layers.Conv1D(5, 2, **given)),
    "Conv2D": (PLANE, 1, lambda **given: layers.Conv2D(3, (3, 2), **given)),
    "Conv3D": ((1, 3, 3, 3, 3), 1, lambda **given: layers.Conv3D(2, 2, **given)),
    "grouped": ((1, 6, 6, 4), 1, lambda **given: layers.Conv2D(6, 2, groups=2, **given)),
    "Conv1DTranspose": (LINE, 1, lambda **given: layers.Conv1DTranspose(5, 2, **given)),
    "Conv2DTranspose": (PLANE, 1, lambda **given: layers.Conv2DTranspose(5, (3, 2), **given)),
    "square": (PLANE, 1, lambda **given: layers.Conv2DTranspose(3, 2, **given)),
    "Conv3DTranspose": ((1, 2, 2, 2, 3), 1, lambda **given: layers.Conv3DTranspose(2, 2, **given)),
    "DepthwiseConv1D": (LINE, 1, lambda **given: layers.DepthwiseConv1D(2, **given)),
    "DepthwiseConv2D": (
        PLANE,
        1,
        lambda **given: layers.DepthwiseConv2D(2, depth_multiplier=2, **given),
    ),
}
WITH_BIAS = {  # no name tells these
    "query": (LINE, 2, lambda **given: layers.EinsumDense("abc,cde->abde", (6, 2, 4), **given)),
    "attention_output": (
        (1, 6, 2, 4),
        1,
        lambda **given: layers.EinsumDense("abde,dec->abc", (6, 3), **given),
    ),
    "up": (PLANE, 1, lambda **given: layers.Conv2DTranspose(5, 2, **given)),
    "to_rgb": ((1, 6, 6, 8), 1, lambda **given: layers.Conv2DTranspose(3, 3, **given)),
    "down": (PLANE, 1, lambda **given: layers.Conv2D(5, 2, **given)),
}
BIASES = {"query": "de", "attention_output": "c"}


def built(name, biased):
    """A layer that has been called, what it was called on, and how many axes its outputs have."""
    if name in LAYERS:
        shape, outputs, make = LAYERS[name]
        layer = make(use_bias=biased)
    else:
        shape, outputs, make = WITH_BIAS[name]
        given = {"bias_axes": BIASES[name]} if name in BIASES else {}
        layer = make(name=name, **given)
    inputs = tf.ones(shape)
    layer(inputs)
    return layer, inputs, outputs


def moved(layer, inputs, outputs):
    """For each coordinate of the kernel, the number of the one output that it moves."""
    kernel, found = layer.trainable_weights[0], np.empty(layer.trainable_weights[0].shape, int)
    for place in np.ndindex(*kernel.shape):
        alone = np.zeros(kernel.shape)
        alone[place] = 1
        kernel.assign(alone)
        result = layer(inputs).numpy()
        rows = np.reshape(result, [-1, int(np.prod(result.shape[-outputs:]))])
        [found[place]] = np.flatnonzero(np.any(rows != 0, axis=0))
    return found


CASES = [*itertools.product(LAYERS, [True, False]), *((name, True) for name in WITH_BIAS)]


@pytest.mark.parametrize("name, biased", CASES)
def test_a_unit_is_what_moves_one_output(name, biased):
    layer, inputs, outputs = built(name, biased)
    variables = layer.trainable_weights
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names, shapes = zip(*((v.name, tuple(v.shape)) for v in variables), strict=True)
        axes = output_axes(names, shapes, [True] * len(names), None)[0]
    by_output = moved(layer, inputs, outputs)
    rank = by_output.ndim
    others = tuple(axis for axis in range(rank) if axis - rank not in axes)
    # One output for each unit, and another one for another unit.
    assert np.all(by_output.min(others) == by_output.max(others))
    units = np.unique(by_output.min(others))
    assert len(units) == by_output.min(others).size == np.prod([by_output.shape[a] for a in axes])


@pytest.mark.parametrize("name", ["Conv1DTranspose", "Conv2DTranspose", "DepthwiseConv2D"])
def test_a_quiet_output_is_not_scaled_by_a_loud_one(name):
    layer, inputs, outputs = built(name, biased=True)
    loud = moved(layer, inputs, outputs) == 1
    kernel = layer.trainable_weights[0]
    rng = np.random.default_rng(0)
    start = rng.normal(size=kernel.shape).astype("float32")
    kernel.assign(start)
    grad = (rng.normal(size=kernel.shape) * np.where(loud, 1e3, 1e-4)).astype("float32")
    optimizer = ClippedSGD("agc_per_unit", {"lam": 0.01}, learning_rate=1.0)
    optimizer.build(layer.trainable_weights)
    optimizer.apply_gradients([(tf.constant(grad), kernel)])
    step = start.astype(float) - kernel.numpy()
    np.testing.assert_allclose(step[~loud], grad[~loud], atol=1e-6)  # its factor is 1
    assert norm(step[loud]) == pytest.approx(0.01 * norm(start[loud]), rel=1e-4)


def transposed(values, name):
    return {name: np.ascontiguousarray(np.swapaxes(next(iter(values.values())), -1, -2))}


@pytest.mark.parametrize(
    "shape, traced, jit",
    [((3, 2, 5, 4), False, True), ((3, 2, 5, 4), True, True), ((3, 3, 96, 80), True, True)],
    ids=str,
)
@pytest.mark.parametrize("accumulate", ["clipped", "raw"])
def test_a_transposed_kernel_takes_the_steps_of_the_other(accumulate, shape, traced, jit):
    kernel, name = "conv2d/kernel", "conv2d_transpose/kernel"
    start = weights(shapes={kernel: shape})
    grads = [weights(seed=seed, shapes={kernel: shape}) for seed in (1, 2)]
    grads[1][kernel] *= np.linspace(1e-5, 1, shape[-1], dtype="float32")  # some are passed
    given = {"accumulate": accumulate, "jit_compile": jit, "export_clipping_factors": True}
    one, other = optimizer_of("agc_per_unit", **given), optimizer_of("agc_per_unit", **given)
    path = run(one, start, grads, traced)
    turned = [transposed(grad, name) for grad in grads]
    found = run(other, transposed(start, name), turned, traced)
    back = [{kernel: next(iter(transposed(step, kernel).values()))} for step in found]
    limit = 1e-5 if np.prod(shape) > 1 << 16 else 1e-6
    for step, expected in zip(back, path, strict=True):
        np.testing.assert_allclose(step[kernel], expected[kernel], rtol=limit, atol=limit)
    np.testing.assert_allclose(one.clipping_factors, other.clipping_factors, rtol=limit)


def test_the_rule_itself_takes_the_axes_of_the_units():
    rng = np.random.default_rng(0)
    grad, param = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    sigma = AGCPerUnit((-2,))(view_of(grad, param), lam=0.01)
    turned = [np.swapaxes(array, -1, -2) for array in (grad, param, grad)]
    expected = sigma_by_definition("agc_per_unit", *turned, RATE, lam=0.01)
    assert sigma.shape == (1, 3, 1)
    np.testing.assert_allclose(np.ravel(sigma), expected, rtol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_the_argument_says_what_nothing_tells(sparse):
    # The rows of a table as units: those without a gradient play no part.
    start, grads = weights(), gradients(4, sparse=sparse)
    optimizer = optimizer_of("agc_per_unit", "clipped", axis={TABLE: 0})
    path = run(optimizer, start, grads)
    turned = [{**g, TABLE: dense(g[TABLE]).T} for g in ({**grad} for grad in grads)]
    expected, _, _ = run_by_definition(
        "agc_per_unit", "clipped", {**start, TABLE: start[TABLE].T}, turned
    )
    assert_same_path(path, [{**step, TABLE: step[TABLE].T} for step in expected])


UNKNOWN = {"up/kernel": (2, 2, 4, 4), "up/bias": (4,), "query/kernel": (3, 2, 4)}


def variables_of(shapes):
    return [tf.Variable(tf.ones(shape), name=name) for name, shape in shapes.items()]


def build(axis=None, rule="agc_per_unit", shapes=UNKNOWN, **given):
    thresholds = THRESHOLDS[rule]
    optimizer = ClippedAdagrad(rule, thresholds, learning_rate=RATE, axis=axis, **given)
    optimizer.build(variables_of(shapes))
    return optimizer


def test_what_nothing_tells_is_warned_of_once_and_by_name():
    with pytest.warns(UserWarning) as caught:
        optimizer = build()
        optimizer.build(variables_of(UNKNOWN))
    [message] = [str(warning.message) for warning in caught]
    assert message == (
        "the axis of the outputs of up/kernel:0, query/kernel:0 is not known and taken to be the "
        "last: expected axis = {'up/kernel:0': -2} or another"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build({"up/kernel": -2, "query": [1, 2]})
        build(exclude=["up/kernel", "query"])  # takes plain steps
        build(rule="agc_per_layer")  # knows no units
        build(shapes=SHAPES)


def test_an_axis_is_found_by_the_first_expression_and_goes_through_a_config():
    optimizer = build({re.compile("QUERY", re.I): (2, -2), "kernel": -2})
    assert [rule.units for rule in optimizer._rules] == [(-2,), (-1,), (-2, -1)]
    config = json.loads(json.dumps(optimizer.get_config()))
    assert config["axis"] == {"(?i)QUERY": [2, -2], "kernel": [-2]}
    assert ClippedAdagrad.from_config(config).get_config() == config


@pytest.mark.parametrize(
    "axis, rule",
    [
        *((value, "agc_per_unit") for value in (-2, "kernel", ["kernel"], {"(": 0}, {3: 0})),
        *(({"kernel": value}, "agc_per_unit") for value in ("2", None, [], 0.5, [0, "1"])),
        ({"kernel": 0}, "gc"),
        ({"kernel": 0}, "agc_per_layer"),
    ],
    ids=str,
)
def test_a_bad_axis_is_refused_by_name_and_value(axis, rule):
    with pytest.raises(ValueError, match=re.escape(f"axis = {axis!r}: expected")):
        build(axis, rule)


@pytest.mark.parametrize("axis", [4, -5, [0, 4]])
def test_an_axis_that_a_kernel_has_not_is_refused_with_its_shape(axis):
    axes = list(np.atleast_1d(axis))
    message = f"axis = {{'up': {[int(a) for a in axes]}}}: expected axes of up/kernel:0, which has"
    with pytest.raises(ValueError, match=re.escape(message) + r" shape \(2, 2, 4, 4\)"):
        build({"up": axis})


def test_an_axis_without_a_match_is_warned_of():
    with pytest.warns(UserWarning, match=re.escape("axis = ['upp'] matches no variable")):
        build({"upp": -2, "kernel": -1})

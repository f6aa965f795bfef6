"""Algorithm 1 in NumPy, and the layers around its lines held to them bit for bit."""

import numpy as np
import pytest

from clippy.algorithm1 import adagrad
from clippy.drop_in import paper_clippy
from clippy.keras2 import tf
from clippy.optimizers import ClippedAdagrad
from clippy.oracles import (
    RATE,
    THRESHOLDS,
    assert_identical,
    assert_identical_path,
    assert_same_path,
    run_by_definition,
    weights,
)
from clippy.rules import RULES
from clippy.testing import assert_factors, gradients, optimizer_of, run


def lines_5_to_9(g, w, G, eta, rel, abs_):
    """One step of `algorithm1.adagrad`, nothing around it: w_{t+1}, G_t and sigma_t."""
    step = adagrad(g, w, [G], eta, count=None)
    sigma = RULES["clippy"](next(step), rel=rel, abs_=abs_)
    [G], moved = step.send(sigma)
    return w - moved, G, sigma


def path_of_lines(start, grads, traced=False):
    """The weights after every step, as `run` gives those of an optimizer, and the last G."""
    step = tf.function(lines_5_to_9) if traced else lines_5_to_9
    w = {name: tf.constant(value) for name, value in start.items()}
    G, path = {name: tf.fill(w[name].shape, tf.constant(0.1, w[name].dtype)) for name in w}, [start]
    for grad in grads:
        for name in w:
            g, eta = tf.convert_to_tensor(grad[name]), tf.constant(RATE, w[name].dtype)
            w[name], G[name], _ = step(g, w[name], G[name], eta, **THRESHOLDS["clippy"])
        path.append({name: value.numpy() for name, value in w.items()})
    return path, G


@pytest.mark.parametrize(
    "skip_nonfinite, dtype, traced", [(False, "float64", False), (True, "float32", True)]
)
def test_the_lines_are_those_of_the_paper_and_of_the_optimizer(skip_nonfinite, dtype, traced):
    start, grads = weights(dtype), gradients(12, dtype)
    lines, G = path_of_lines(start, grads, traced)
    assert_same_path(lines, run_by_definition("clippy", "raw", start, grads)[0])
    optimizer = optimizer_of("clippy", skip_nonfinite=skip_nonfinite, jit_compile=False)
    assert_identical_path(run(optimizer, start, grads, traced), lines)
    assert_identical(optimizer.accumulators, G.values())


def test_clippy_with_the_papers_thresholds_is_algorithm_1():
    start, grads = weights(), gradients(12)
    expected, _, sigmas = run_by_definition("clippy", "raw", start, grads)
    optimizer = paper_clippy(RATE, export_clipping_factors=True)
    assert_same_path(run(optimizer, start, grads, traced=True), expected)
    assert_factors(optimizer, sigmas[-1])


@pytest.mark.parametrize(
    "rule, accumulate", [("naive", "raw"), ("gc", "clipped"), ("agc_per_layer", "clipped")]
)
def test_a_traced_step_that_nothing_clips_has_the_bits_of_plain_adagrad(rule, accumulate):
    # TensorFlow orders the products of a graph anew, and otherwise where one of the factors is 1.
    rate, start, grads = 0.1, weights(), gradients(12)  # a power of two hides the order
    loose = dict.fromkeys(THRESHOLDS[rule], 1e9)
    given = {"learning_rate": rate, "accumulate": accumulate, "skip_nonfinite": False}
    path = run(ClippedAdagrad(rule, loose, **given), start, grads, traced=True)
    w = {name: tf.Variable(value) for name, value in start.items()}
    G = {name: tf.Variable(np.full_like(value, 0.1)) for name, value in start.items()}
    eta = tf.Variable(rate)

    @tf.function
    def plain(grad):
        for name, g in grad.items():
            G[name].assign(G[name] + g * g)
            w[name].assign_sub(eta * (g * tf.math.rsqrt(G[name])))

    for grad, found in zip(grads, path[1:], strict=True):
        plain({name: tf.constant(g) for name, g in grad.items()})
        assert_identical(found.values(), w.values())

"""Products with the Hessian against a dense one in float64, and what a step is divided by."""

import numpy as np
import pytest
import tensorflow as tf

from data import TASKS, Stream
from experiments.studies.testing import smoke
from experiments.training.curvature import CurvatureConfig, largest_eigenvalue
from experiments.training.hessian import Hessian
from experiments.training.program import tensors

TINY = {"ModelConfig.width_divisor": 1024, "ModelConfig.embedding_width": 2}
TINY |= {"StreamConfig.dense_features": 4, "StreamConfig.heavy_feature_every": 2}
EPSILON = 1e-3  # of Keras' layer normalization
EXACT = CurvatureConfig(
    every_steps=1, days=(), lead_steps=0, follow_steps=0, vectors=20, restarts=50, tolerance=1e-6
)


@pytest.fixture(scope="module")
def tiny():
    """(Hessian at weights away from every symmetry, those weights by name, a batch)."""
    config = smoke("naive", "large_dcn", values=TINY)
    hessian, rng = Hessian(config), np.random.default_rng(3)
    variables = hessian._model.trainable_variables
    weights = [rng.normal(0.1, 0.4, variable.shape).astype(np.float32) for variable in variables]
    hessian.move(weights)
    batch = tensors(Stream(config.stream, 5).day(2)[:64])
    return hessian, {v.name: w for v, w in zip(variables, weights, strict=True)}, batch


def restated(weights, batch, vocabulary):
    """The training loss of Figure 2's model in float64, of weights by name as tensors."""

    def dense(x, name):
        (kernel,) = (w for n, w in weights.items() if f"/{name}/" in n and "kernel" in n)
        (bias,) = (w for n, w in weights.items() if f"/{name}/" in n and "bias" in n)
        return x @ kernel + bias

    (table,) = (w for n, w in weights.items() if "embeddings" in n)
    (gamma,) = (w for n, w in weights.items() if "gamma" in n)
    (beta,) = (w for n, w in weights.items() if "beta" in n)
    rows = [tf.gather(table, i * vocabulary + ids) for i, ids in enumerate(batch["categorical"].T)]
    x = start = tf.concat([tf.constant(batch["dense"], tf.float64), *rows], axis=1)
    for layer in ("cross_0", "cross_1"):
        x = start * dense(x, layer) + x
    mean = tf.reduce_mean(x, axis=1, keepdims=True)
    variance = tf.reduce_mean((x - mean) ** 2, axis=1, keepdims=True)
    x = gamma * (x - mean) / tf.sqrt(variance + EPSILON) + beta
    for layer in range(4):
        x = tf.nn.relu(dense(x, f"hidden_{layer}"))
    loss = 0.0
    for column, (name, kind) in enumerate(TASKS):
        out, label = dense(x, f"head_{name}")[:, 0], batch["labels"][:, column].astype(np.float64)
        each = (out - label) ** 2
        if kind == "binary":
            each = tf.math.softplus(out) - label * out
        loss += tf.reduce_mean(each)
    return loss


@pytest.fixture(scope="module")
def dense(tiny):
    """The Hessian of `restated` over all weights but the embeddings: float64 (n, n)."""
    hessian, weights, batch = tiny
    rows = {name: value.numpy() for name, value in batch.items()}
    vocabulary = smoke(values=TINY).stream.vocabulary_size
    kept = [name for name in weights if "embeddings" not in name]
    sizes = [weights[name].size for name in kept]
    flat = tf.constant(np.concatenate([np.ravel(weights[name]) for name in kept]), tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(flat)
        with tf.GradientTape() as inner:
            inner.watch(flat)
            every = {name: tf.constant(value, tf.float64) for name, value in weights.items()}
            for name, part in zip(kept, tf.split(flat, sizes), strict=True):
                every[name] = tf.reshape(part, weights[name].shape)
            loss = restated(every, rows, vocabulary)
        gradient = inner.gradient(loss, flat)
    assert float(loss) == pytest.approx(hessian.loss(batch), rel=1e-5)
    return outer.jacobian(gradient, flat).numpy()


def test_products_and_the_largest_eigenvalue_are_those_of_the_dense_matrix(tiny, dense):
    hessian, _, batch = tiny
    rng = np.random.default_rng(4)
    values, vectors = np.linalg.eigh(dense)
    assert hessian.size == len(dense) > 200
    assert values[0] < -0.01 * values[-1]  # it is indefinite
    # In float32 a product is good to a few millionths of the largest eigenvalue.
    for vector in (rng.normal(size=hessian.size), vectors[:, 0], vectors[:, -1]):
        error = hessian.product(batch, vector) - dense @ vector
        assert np.linalg.norm(error) < 1e-5 * values[-1] * np.linalg.norm(vector)
    scale = np.exp(rng.normal(size=hessian.size))
    found = largest_eigenvalue(
        lambda vector: scale * hessian.product(batch, scale * vector),
        np.ones(hessian.size),
        EXACT,
    )
    expected = np.linalg.eigvalsh(scale[:, None] * dense * scale)[-1]
    assert found.value == pytest.approx(expected, rel=1e-5)


METHODS = {
    "naive": lambda g, w, r, rate: np.ones(()),
    "clippy": lambda g, w, r, rate: min(1, np.min((0.5 * abs(w) + 0.01) / abs(rate * r))),
    "gc": lambda g, w, r, rate: min(1, 0.1 / np.linalg.norm(g)),
    "agc": lambda g, w, r, rate: np.minimum(
        1, 0.01 * np.linalg.norm(w, axis=0, keepdims=w.ndim > 1) / np.linalg.norm(g, axis=0)
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_step_is_divided_by_the_roots_of_the_accumulators_and_by_the_factors(tiny, name):
    hessian, weights, batch = tiny
    rng, rate = np.random.default_rng(6), 0.3
    accumulators = [rng.uniform(0.1, 2, w.shape).astype(np.float32) for w in weights.values()]
    variables = hessian._model.trainable_variables
    with tf.GradientTape() as tape:
        loss = hessian._model.compute_loss(batch)
    gradients = dict(zip(weights, tape.gradient(loss, variables), strict=True))
    expected = {"largest": [], "applied": []}
    for (label, w), G in zip(weights.items(), accumulators, strict=True):
        if "embeddings" not in label:
            g, inverse = gradients[label].numpy(), 1 / np.sqrt(G)
            with np.errstate(divide="ignore"):  # a dead unit has no gradient
                sigma = METHODS[name](g, w, g * inverse, rate)
            expected["largest"].append(np.ravel(np.sqrt(inverse)))
            expected["applied"].append(np.ravel(np.sqrt(sigma * inverse)))
    method = smoke(name, "large_dcn", values=TINY).method
    found = hessian.roots(method, batch, accumulators, rate)
    assert set(found) == ({"largest"} if name == "naive" else {"largest", "applied"})
    for column, root in found.items():
        np.testing.assert_allclose(root, np.concatenate(expected[column]), rtol=1e-5)
    assert name == "naive" or found["applied"].min() < found["largest"].min()

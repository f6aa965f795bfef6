"""The model against Figure 2, stated again in NumPy."""

import dataclasses
import re

import numpy as np
import pytest

from models.config import ModelConfig
from models.ranking import RankingModel, tf

# In an order that puts a regression between the binary tasks, and no two counts alike.
TASKS = (("click", "binary"), ("rating", "regression"), ("share", "binary"))
DENSE, CATEGORICAL, VOCABULARY, ROWS = 4, 3, 7, 5
SHAPE = {"paper_width": 6, "depth": 2, "paper_cross_layers": 0, "embedding_width": 2}
PLAIN = ModelConfig(name="plain", width_divisor=1, cross_divisor=1, **SHAPE)
CROSSED = dataclasses.replace(PLAIN, name="crossed", paper_cross_layers=3, depth=1)


def model_of(config, seed=3, summed=False):
    sizes = {"dense_features": DENSE, "categorical_features": CATEGORICAL}
    sizes["vocabulary_size"] = VOCABULARY
    return RankingModel(config, TASKS, **sizes, seed=seed, summed=summed)


def batch_of():
    rng = np.random.default_rng(0)
    labels = rng.standard_normal((ROWS, len(TASKS)))
    labels[:, [0, 2]] = labels[:, [0, 2]] > 0.2
    ids = rng.integers(0, VOCABULARY, (ROWS, CATEGORICAL), np.int32)
    ids[0], ids[1] = 0, VOCABULARY - 1  # the ends of the tables
    dense = tf.constant(rng.standard_normal((ROWS, DENSE)), tf.float32)
    return {"dense": dense, "categorical": tf.constant(ids), "labels": tf.cast(labels, tf.float32)}


def scatter(model):
    """Gives every weight, biases too, a value of its own."""
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(0.2 + 0.5 * rng.standard_normal(variable.shape))


def roles(layer):
    """The weights of a layer by their role: kernel, bias, gamma, beta, embeddings; float64."""
    named = {re.split("[/:]", weight.name)[-2]: weight for weight in layer.trainable_variables}
    assert len(named) == len(layer.trainable_variables)
    return {role: weight.numpy().astype(np.float64) for role, weight in named.items()}


def forward(model, config, batch):
    """What Figure 2 says of the model's weights, for one example after the other."""
    kept = range(CATEGORICAL) if config.categorical_kept is None else config.categorical_kept
    table = roles(model.embedding)["embeddings"].reshape(len(kept), VOCABULARY, -1)
    outputs = {name: [] for name in model.heads}
    for dense, ids in zip(np.float64(batch["dense"]), batch["categorical"].numpy(), strict=True):
        dense = dense if config.dense_kept is None else dense[list(config.dense_kept)]
        x0 = np.concatenate([dense, *(table[i, ids[f]] for i, f in enumerate(kept))])
        x = x0
        for layer in model.cross:
            w = roles(layer)
            x = x0 * (w["kernel"].T @ x + w["bias"]) + x
        if config.cross_layers:
            w = roles(model.norm)
            x = w["gamma"] * (x - x.mean()) / np.sqrt(x.var() + 1e-3) + w["beta"]
        for layer in model.hidden:
            w = roles(layer)
            x = np.maximum(w["kernel"].T @ x + w["bias"], 0)
        for name, layer in model.heads.items():
            w = roles(layer)
            outputs[name].append(w["kernel"].T @ x + w["bias"])
    return {name: np.array(rows) for name, rows in outputs.items()}


CASES = {
    "plain": PLAIN,
    "crossed": CROSSED,
    "one cross layer": dataclasses.replace(CROSSED, paper_cross_layers=1, depth=3),
    "divided": dataclasses.replace(CROSSED, paper_width=28, width_divisor=4),
    "some dense": dataclasses.replace(CROSSED, dense_kept=(3, 1)),
    "some categorical": dataclasses.replace(CROSSED, categorical_kept=(2, 0)),
    "one of each": dataclasses.replace(PLAIN, dense_kept=(2,), categorical_kept=(1,)),
    "some tasks": dataclasses.replace(PLAIN, tasks=("share", "rating")),
}


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("config", CASES.values(), ids=CASES)
def test_predictions_are_those_of_figure_2(config, graph):
    model, batch = model_of(config), batch_of()
    scatter(model)
    call = tf.function(model.__call__) if graph else model
    predictions = call(batch)
    expected = forward(model, config, batch)
    assert list(predictions) == [name for name, _ in TASKS if name in (config.tasks or expected)]
    for name, prediction in predictions.items():
        assert prediction.shape == (ROWS, 1) and prediction.dtype == tf.float32
        assert np.ptp(expected[name]) > 0.1  # the rows tell themselves apart
        slack = 100 * np.finfo(np.float32).eps * np.abs(expected[name]).max()
        np.testing.assert_allclose(prediction, expected[name], atol=slack)


def expected_losses(predictions, labels):
    """Binary cross entropy of a logit, or squared error; the mean over the batch."""
    losses = {}
    for name, prediction in predictions.items():
        column = [task for task, _ in TASKS].index(name)
        y, z = np.float64(labels)[:, column], prediction[:, 0]
        p = 1 / (1 + np.exp(-z))
        entropy = -np.log(np.where(y == 1, p, 1 - p))
        losses[name] = (entropy if TASKS[column][1] == "binary" else (y - z) ** 2).mean()
    return losses


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize(
    "tasks, weights, terms",
    [
        (None, {}, {"click": 1, "rating": 1, "share": 1}),
        (None, {"rating": 0.25, "share": 3}, {"click": 1, "rating": 0.25, "share": 3}),
        (("share", "rating"), {"share": 3}, {"rating": 1, "share": 3}),
        (("rating",), {}, {"rating": 1}),
    ],
)
def test_loss_is_the_weighted_sum_of_those_of_the_tasks(tasks, weights, terms, summed):
    config = dataclasses.replace(CROSSED, tasks=tasks, task_weights=weights)
    model, batch = model_of(config, summed=summed), batch_of()
    scatter(model)
    expected = expected_losses(forward(model, config, batch), batch["labels"])
    for losses in (model.task_losses(batch), tf.function(model.task_losses)(batch)):
        assert list(losses) == list(expected) == list(terms)
        for name, loss in losses.items():
            assert loss.shape == ()
            np.testing.assert_allclose(loss, expected[name] * (ROWS if summed else 1), rtol=1e-5)
    whole = sum(weight * losses[name] for name, weight in terms.items())
    for training in (False, True):
        np.testing.assert_allclose(model.compute_loss(batch, training), whole, rtol=1e-5)


def equal(one, other):
    return [np.array_equal(a, b) for a, b in zip(one, other, strict=True)]


def test_initial_weights_are_a_function_of_the_seed():
    model, first = model_of(CROSSED, seed=3), model_of(CROSSED, seed=3).get_weights()
    assert all(equal(model.get_weights(), first))
    scatter(model)
    assert not any(equal(model.get_weights(), first))
    model.initialize(3)
    assert all(equal(model.get_weights(), first))
    model.initialize(4)
    assert equal(model.get_weights(), first) == [weight.ndim == 1 for weight in first]


def test_initial_weights_are_glorot_uniform_and_smaller_in_cross_layers():
    config = dataclasses.replace(CROSSED, paper_width=90, depth=2, embedding_width=20)
    model = model_of(config)
    for layer in [*model.cross, *model.hidden, *model.heads.values(), model.embedding, model.norm]:
        for role, weight in roles(layer).items():
            if role in ("bias", "beta", "gamma"):
                np.testing.assert_array_equal(weight, 1.0 if role == "gamma" else 0.0)
                continue
            limit = 0.05 if role == "embeddings" else np.sqrt(6 / sum(weight.shape))
            limit *= np.sqrt(0.1) if layer in model.cross else 1
            scaled = weight / limit
            assert np.abs(scaled).max() <= 1 + np.finfo(np.float32).eps
            # A uniform variable in [-1, 1]: variance 1/3, variance of its square 4/45.
            assert abs(scaled.mean()) < 4 * np.sqrt(1 / 3 / scaled.size)
            assert abs((scaled**2).mean() - 1 / 3) < 4 * np.sqrt(4 / 45 / scaled.size)
    kernels = [roles(layer)["kernel"] for layer in model.cross]
    assert len({kernel.tobytes() for kernel in kernels}) == 3  # no layer repeats another


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"^ModelConfig\.dense_kept = \(0, 4\): expected indices"):
        model_of(dataclasses.replace(PLAIN, dense_kept=(0, 4)))
    for seed in (-1, 1.0, True, None):
        with pytest.raises(ValueError, match=f"^seed = {seed}: expected a whole number"):
            model_of(PLAIN, seed=seed)

"""The model against Figure 2 and Table 1, stated again in NumPy."""

import ast
import dataclasses
import pathlib
import re

import numpy as np
import pytest

from models.config import ModelConfig
from models.ranking import RankingModel, tf

CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "configs"
SHAPES = ["small", "small_dcn", "large", "large_dcn"]

# In an order that puts a regression between the binary tasks, and no two counts alike.
TASKS = (("click", "binary"), ("rating", "regression"), ("share", "binary"))
DENSE, CATEGORICAL, VOCABULARY, ROWS = 4, 3, 7, 5
PLAIN = ModelConfig(
    name="plain",
    paper_width=6,
    depth=2,
    paper_cross_layers=0,
    width_divisor=1,
    cross_divisor=1,
    embedding_width=2,
)
CROSSED = dataclasses.replace(PLAIN, name="crossed", paper_cross_layers=3, depth=1)


def model_of(config, seed=3, tasks=TASKS):
    return RankingModel(
        config,
        tasks,
        dense_features=DENSE,
        categorical_features=CATEGORICAL,
        vocabulary_size=VOCABULARY,
        seed=seed,
    )


def batch_of(seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.standard_normal((ROWS, len(TASKS)))
    labels[:, [0, 2]] = labels[:, [0, 2]] > 0.2
    ids = rng.integers(0, VOCABULARY, (ROWS, CATEGORICAL), np.int32)
    ids[0], ids[1] = 0, VOCABULARY - 1  # the ends of the tables
    return {
        "dense": rng.standard_normal((ROWS, DENSE)).astype(np.float32),
        "categorical": ids,
        "labels": labels.astype(np.float32),
    }


def tensors(batch):
    return {name: tf.constant(values) for name, values in batch.items()}


def scatter(model, seed=1):
    """Gives every weight, biases too, a value of its own."""
    rng = np.random.default_rng(seed)
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
    for dense, ids in zip(batch["dense"].astype(np.float64), batch["categorical"], strict=True):
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
    "one cross layer": dataclasses.replace(
        CROSSED, paper_cross_layers=1, depth=3, embedding_width=5
    ),
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
    predictions = call(tensors(batch))
    expected = forward(model, config, batch)
    assert list(predictions) == [name for name, _ in TASKS if name in (config.tasks or expected)]
    for name, prediction in predictions.items():
        assert prediction.shape == (ROWS, 1) and prediction.dtype == tf.float32
        assert np.ptp(expected[name]) > 0.1  # the rows tell themselves apart
        size = np.abs(expected[name]).max()
        np.testing.assert_allclose(
            prediction, expected[name], atol=size * 100 * np.finfo(np.float32).eps
        )


def test_every_weight_matters():
    model, batch = model_of(CROSSED), tensors(batch_of())
    scatter(model)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(batch)
    gradients = tape.gradient(loss, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, variable.name


def parameters(width_in, width, depth, cross_layers, tasks):
    """Weights outside the embeddings, counted layer by layer."""
    count = sum(width_in * width_in + width_in for _ in range(cross_layers))  # W and b
    count += 2 * width_in if cross_layers else 0  # scale and shift of the normalization
    for _ in range(depth):
        count += width_in * width + width
        width_in = width
    return count + tasks * (width_in + 1)


def bindings(*files):
    """The literals bound in gin files, by their name."""
    found = {}
    for file in files:
        for line in (CONFIGS / file).read_text().splitlines():
            match = re.fullmatch(r"(\w+\.\w+) = ([^#@%]+?)\s*(#.*)?", line)
            if match:
                found[match[1]] = ast.literal_eval(match[2])
    return found


def model_from_files(profile, shape, vocabulary_size):
    """A model of six tasks and its input width, of the sizes in configs/."""
    bound = bindings(f"profiles/{profile}.gin", f"models/{shape}.gin")
    fields = {field.name for field in dataclasses.fields(ModelConfig)}
    config = ModelConfig(
        **{name: bound[f"ModelConfig.{name}"] for name in fields if f"ModelConfig.{name}" in bound}
    )
    features = [bound[f"StreamConfig.{kind}_features"] for kind in ("dense", "categorical")]
    model = RankingModel(
        config,
        [(f"task_{index}", "regression") for index in range(6)],
        dense_features=features[0],
        categorical_features=features[1],
        vocabulary_size=vocabulary_size,
        seed=0,
    )
    return model, config, features[0] + features[1] * config.embedding_width


@pytest.mark.parametrize("profile", ["smoke", "laptop"])
@pytest.mark.parametrize("shape", SHAPES)
def test_parameters_are_those_of_the_layers(shape, profile):
    model, config, width_in = model_from_files(profile, shape, vocabulary_size=11)
    large, crossed = shape.startswith("large"), shape.endswith("dcn")
    assert config.width * config.width_divisor == (4096 if large else 512)  # Table 1
    expected = parameters(width_in, config.width, 4 if large else 2, 2 if crossed else 0, tasks=6)
    assert model.non_embedding_parameters() == expected
    features = bindings(f"profiles/{profile}.gin")["StreamConfig.categorical_features"]
    assert model.count_params() - expected == features * 11 * config.embedding_width


@pytest.mark.parametrize(
    "shape, stated", [("small", None), ("large", 57.0e6), ("large_dcn", 68.0e6)]
)
def test_parameters_at_the_size_of_the_paper(shape, stated):
    model, config, width_in = model_from_files("paper", shape, vocabulary_size=2)
    count = model.non_embedding_parameters()
    assert width_in == 1640
    assert count == parameters(1640, config.width, config.depth, config.cross_layers, tasks=6)
    if stated is not None:
        assert count == pytest.approx(stated, rel=0.005)  # Table 1


def expected_losses(predictions, labels):
    """Binary cross entropy of a logit, or squared error; the mean over the batch."""
    losses = {}
    for column, (name, kind) in enumerate(TASKS):
        y, z = labels[:, column].astype(np.float64), predictions[name][:, 0]
        p = 1 / (1 + np.exp(-z))
        each = -np.log(np.where(y == 1, p, 1 - p)) if kind == "binary" else (y - z) ** 2
        losses[name] = each.mean()
    return losses


@pytest.mark.parametrize("config", [PLAIN, CROSSED], ids=["plain", "crossed"])
@pytest.mark.parametrize("graph", [False, True])
def test_losses_by_task(config, graph):
    model, batch = model_of(config), batch_of()
    scatter(model)
    expected = expected_losses(forward(model, config, batch), batch["labels"])
    losses = (tf.function(model.task_losses) if graph else model.task_losses)(tensors(batch))
    assert list(losses) == list(expected)
    for name, loss in losses.items():
        assert loss.shape == ()
        np.testing.assert_allclose(loss, expected[name], rtol=1e-5)


@pytest.mark.parametrize(
    "tasks, weights, terms",
    [
        (None, {}, {"click": 1, "rating": 1, "share": 1}),
        (None, {"rating": 0.25, "share": 3}, {"click": 1, "rating": 0.25, "share": 3}),
        (("share", "rating"), {"share": 3}, {"rating": 1, "share": 3}),
        (("rating",), {}, {"rating": 1}),
    ],
)
def test_loss_is_the_weighted_sum_of_the_tasks(tasks, weights, terms):
    config = dataclasses.replace(PLAIN, tasks=tasks, task_weights=weights)
    model, batch = model_of(config), batch_of()
    scatter(model)
    predictions = {name: np.zeros((ROWS, 1)) for name, _ in TASKS}
    predictions |= forward(model, config, batch)
    losses = expected_losses(predictions, batch["labels"])
    expected = sum(weight * losses[name] for name, weight in terms.items())
    for training in (False, True):
        loss = model.compute_loss(tensors(batch), training=training)
        np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.parametrize("kind, features", [("dense", DENSE), ("categorical", CATEGORICAL)])
def test_features_that_are_not_kept_are_ignored(kind, features):
    kept = (2, 0)
    model = model_of(dataclasses.replace(CROSSED, **{f"{kind}_kept": kept}))
    scatter(model)
    before = model(tensors(batch_of()))
    for feature in range(features):
        batch = batch_of()
        values = batch[kind][:, feature]
        batch[kind][:, feature] = (values + 1) % VOCABULARY if kind == "categorical" else -values
        after = model(tensors(batch))
        for name in before:
            assert np.array_equal(after[name], before[name]) == (feature not in kept)


def test_features_that_are_not_kept_take_no_weights():
    config = dataclasses.replace(CROSSED, dense_kept=(3,), categorical_kept=(2, 0))
    model, width_in = model_of(config), 1 + 2 * 2
    assert model.inputs_of_bottom(tensors(batch_of())).shape == (ROWS, width_in)
    assert model.non_embedding_parameters() == parameters(width_in, 6, 1, 3, len(TASKS))
    assert model.count_params() - model.non_embedding_parameters() == 2 * VOCABULARY * 2


def weights_of(model):
    return [variable.numpy() for variable in model.trainable_variables]


def equal(one, other):
    return [np.array_equal(a, b) for a, b in zip(one, other, strict=True)]


def test_initial_weights_are_a_function_of_the_seed():
    model, first = model_of(CROSSED, seed=3), weights_of(model_of(CROSSED, seed=3))
    assert all(equal(weights_of(model), first))
    scatter(model)
    assert not any(equal(weights_of(model), first))
    model.initialize(3)
    assert all(equal(weights_of(model), first))
    model.initialize(4)
    drawn = [weight.ndim == 2 for weight in first]
    assert equal(weights_of(model), first) == [not random for random in drawn]


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


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"tasks": ("click", "clack")}, "tasks = 'clack': allowed is one of click, rating, share"),
        ({"task_weights": {"clack": 2.0}}, "task_weights = 'clack': allowed is one of click, ra"),
        ({"dense_kept": (0, 4)}, "dense_kept = (0, 4): allowed is indices below 4"),
        ({"categorical_kept": (3, 1)}, "categorical_kept = (3, 1): allowed is indices below 3"),
    ],
)
def test_unknown_tasks_and_features_are_refused(changes, named):
    with pytest.raises(ValueError) as caught:
        model_of(dataclasses.replace(PLAIN, **changes))
    assert str(caught.value).startswith(f"ModelConfig.{named}")

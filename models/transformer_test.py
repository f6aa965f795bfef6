"""The translation model: against NumPy, what it may look at, padding, its start, its mistakes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from models.transformer import Transformer, positions
from models.transformer_config import TransformerConfig

TINY = TransformerConfig(
    name="tiny", layers=2, width=6, heads=2, hidden_width=5, dropout=0.0, label_smoothing=0.1
)
VOCABULARY = 11
BATCH = {
    "source": np.array([[4, 7, 1, 0, 0], [9, 3, 3, 5, 1], [8, 1, 0, 0, 0]], np.int32),
    "target": np.array([[5, 6, 2, 1], [10, 1, 0, 0], [3, 9, 1, 0]], np.int32),
}


def model(seed=3, **changes):
    """A tiny Transformer whose every weight is at random, biases and scales too."""
    made = Transformer(dataclasses.replace(TINY, **changes), VOCABULARY, seed=seed)
    for index, variable in enumerate(made.trainable_variables):
        rng = np.random.default_rng([7, index])
        variable.assign(variable + rng.normal(0, 0.3, variable.shape).astype(np.float32))
    return made


class Oracle:
    """The forward pass in NumPy, written from the definitions: one pair, one head, one token."""

    def __init__(self, made):
        self.config = made.config
        self.weights = {
            variable.name.removeprefix("tiny/").removesuffix(":0"): variable.numpy().astype(float)
            for variable in made.trainable_variables
        }

    def norm(self, name, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-6)
        return centred / deviation * self.weights[f"{name}/gamma"] + self.weights[f"{name}/beta"]

    def dense(self, name, x):
        return x @ self.weights[f"{name}/kernel"] + self.weights[f"{name}/bias"]

    def embedded(self, side, ids):
        width, half = self.config.width, self.config.width // 2
        found = np.zeros((len(ids), width))
        for place, token in enumerate(ids):
            found[place] = self.weights[f"{side}_embedding/embeddings"][token]
            for k in range(half):
                angle = place / 10_000 ** (k / (half - 1))
                found[place, k] += np.sin(angle)
                found[place, half + k] += np.cos(angle)
        return found

    def attention(self, name, queries, keys, sees):
        """`sees(i, j)`: whether place i of the queries looks at place j of the keys."""
        heads, size = self.config.heads, self.config.width // self.config.heads
        q, k, v = (
            x @ self.weights[f"{name}/{part}/kernel"]
            for part, x in (("query", queries), ("key", keys), ("value", keys))
        )
        seen = np.zeros_like(q)
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for i in range(len(q)):
                places = [j for j in range(len(k)) if sees(i, j)]
                logits = np.array([q[i, part] @ k[j, part] / np.sqrt(size) for j in places])
                shares = np.exp(logits) / np.exp(logits).sum()
                seen[i, part] = sum(s * v[j, part] for s, j in zip(shares, places, strict=True))
        return seen @ self.weights[f"{name}/output/kernel"]

    def block(self, name, last, x):
        hidden = np.maximum(self.dense(f"{name}/hidden", self.norm(f"{name}/norm_{last}", x)), 0)
        return x + self.dense(f"{name}/output", hidden)

    def logits(self, source, target):
        """Logits of one pair without padding, from its ids."""
        x, y = self.embedded("source", source), self.embedded("target", [0, *target[:-1]])
        for layer in range(self.config.layers):
            name = f"encoder_{layer}"
            z = self.norm(f"{name}/norm_0", x)
            x = x + self.attention(f"{name}/attend", z, z, lambda i, j: True)
            x = self.block(name, 1, x)
        encoded = self.norm("encoder_norm", x)
        for layer in range(self.config.layers):
            name = f"decoder_{layer}"
            z = self.norm(f"{name}/norm_0", y)
            y = y + self.attention(f"{name}/attend", z, z, lambda i, j: j <= i)
            z = self.norm(f"{name}/norm_1", y)
            y = y + self.attention(f"{name}/cross", z, encoded, lambda i, j: True)
            y = self.block(name, 2, y)
        return self.dense("head", self.norm("decoder_norm", y))

    def pairs(self, batch=BATCH):
        """(target, log-probabilities) of each pair, without its padding."""
        for source, target in zip(batch["source"], batch["target"], strict=True):
            source, target = (side[side != 0].tolist() for side in (source, target))
            logits = self.logits(source, target)
            yield target, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def test_the_loss_is_that_of_an_independent_forward_pass():
    made, losses = model(), []
    for target, log_probabilities in Oracle(made).pairs():
        for token, row in zip(target, log_probabilities, strict=True):
            smoothed = np.full(VOCABULARY, 0.1 / VOCABULARY)
            smoothed[token] += 0.9
            losses.append(-(smoothed * row).sum())
    assert len(losses) == 9
    np.testing.assert_allclose(made.loss(BATCH).numpy(), np.mean(losses), rtol=1e-5)


def test_the_score_counts_tokens_wrong_ones_and_cross_entropy():
    made, wrong, entropy = model(), 0, 0.0
    made.head.bias.assign_add(4 * np.eye(VOCABULARY, dtype=np.float32)[1])  # ends are often right
    for target, log_probabilities in Oracle(made).pairs():
        wrong += sum(log_probabilities.argmax(axis=1) != target)
        entropy -= sum(row[t] for t, row in zip(target, log_probabilities, strict=True))
    assert 0 < wrong < 9
    np.testing.assert_allclose(made.score(BATCH).numpy(), [9, wrong, entropy], rtol=1e-5)


def test_a_later_token_changes_nothing_before_it():
    made, changed = model(), {side: ids.copy() for side, ids in BATCH.items()}
    changed["target"][0, 2] = 8
    before, after = made(BATCH).numpy(), made(changed).numpy()
    np.testing.assert_array_equal(before[0, :3], after[0, :3])
    assert np.abs(before[0, 3] - after[0, 3]).min() > 1e-4
    np.testing.assert_array_equal(before[1:], after[1:])


def test_a_word_of_the_source_changes_every_token():
    made, changed = model(), {side: ids.copy() for side, ids in BATCH.items()}
    changed["source"][1, 4] = 2
    moved = np.abs(made(BATCH).numpy() - made(changed).numpy()).max(axis=2)
    assert (moved[1] > 1e-5).all()
    assert (moved[[0, 2]] == 0).all()


@pytest.mark.parametrize("side", ["source", "target"])
def test_padding_counts_neither_in_the_loss_nor_in_the_score(side):
    made = model()
    longer = BATCH | {side: np.pad(BATCH[side], ((0, 0), (0, 4)))}
    np.testing.assert_allclose(made.loss(longer).numpy(), made.loss(BATCH).numpy(), rtol=1e-6)
    np.testing.assert_allclose(made.score(longer).numpy(), made.score(BATCH).numpy(), rtol=1e-6)
    rows = {name: ids[1:2] for name, ids in BATCH.items()}
    short = {"source": rows["source"], "target": rows["target"][:, :2]}
    np.testing.assert_allclose(made.loss(rows).numpy(), made.loss(short).numpy(), rtol=1e-6)


def test_tokens_of_a_network_that_is_not_finite_are_wrong():
    made = model()
    made.head.bias.assign(np.full(VOCABULARY, np.nan, np.float32))
    tokens, wrong, entropy = made.score(BATCH).numpy()
    assert tokens == wrong == 9
    assert np.isnan(entropy)


def test_of_equal_logits_the_first_counts_and_none_beside_a_nan():
    made = model()
    made.head.kernel.assign(tf.zeros_like(made.head.kernel))
    bias = np.zeros(VOCABULARY, np.float32)
    bias[[1, 5]] = 3.0  # ends of sentences, of which there are three, and the first token of one
    made.head.bias.assign(bias)
    assert made.score(BATCH).numpy()[1] == 9 - 3
    bias[8] = np.nan  # of a token that is no target: no probability is a number then
    made.head.bias.assign(bias)
    assert made.score(BATCH).numpy()[1] == 9


def test_positions_differ_and_begin_with_sines_of_0():
    found = positions(5, 6).numpy()
    np.testing.assert_allclose(found[0], [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(found[2], [np.sin(2), np.sin(0.02), np.sin(2e-4)] + [
        np.cos(2), np.cos(0.02), np.cos(2e-4)
    ], rtol=1e-5)  # fmt: skip


def test_the_start_is_a_function_of_the_seed():
    made = Transformer(TINY, VOCABULARY, seed=3)
    first = [variable.numpy() for variable in made.trainable_variables]
    made.initialize(4)
    other = [variable.numpy() for variable in made.trainable_variables]
    made.initialize(3)
    for before, between, variable in zip(first, other, made.trainable_variables, strict=True):
        np.testing.assert_array_equal(before, variable.numpy())
        if "/embeddings" in variable.name or "/kernel" in variable.name:
            assert (before != between).all()
    embeddings = Transformer(TINY, 2_000, seed=3).source_embedding.embeddings.numpy()
    assert abs(embeddings.std() - 1) < 0.02


def test_dropout_is_decided_by_its_seed():
    made = model(dropout=0.5)
    losses = [made.loss(BATCH, tf.constant([place, 3])).numpy() for place in (0, 0, 1000)]
    assert losses[0] == losses[1] != losses[2]
    assert made.loss(BATCH).numpy() == model().loss(BATCH).numpy()
    assert model().loss(BATCH, tf.constant([0, 3])).numpy() == model().loss(BATCH).numpy()


def test_dropout_differs_from_place_to_place():
    made = model(dropout=0.5)
    made._drop.begin(tf.constant([0, 3]))
    first, second = (made._drop(tf.ones([200])).numpy() for _ in range(2))
    assert set(first) == {0.0, 2.0}
    assert 60 < (first != second).sum() < 140


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("name", "a b", "a word"),
        ("layers", 0, "a whole number of at least 1"),
        ("width", 7, "an even number of at least 4"),
        ("heads", 4, "a divisor of the width 6"),
        ("dropout", 1, "a number of at least 0, below 1"),
        ("label_smoothing", -0.1, "a number of at least 0"),
    ],
)
def test_a_bad_value_names_its_field(field, value, said):
    with pytest.raises(ValueError, match=f"TransformerConfig.{field} = {value!r}: expected {said}"):
        dataclasses.replace(TINY, **{field: value})

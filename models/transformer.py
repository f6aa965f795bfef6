"""The translation model of section A.2: an encoder-decoder Transformer, normalized before blocks.

The architecture is that of `xformer_translate` in init2winit (https://github.com/google/init2winit):
embeddings of both languages and the output layer apart, fixed sinusoidal positions, attention
without biases, ReLU, a normalization at the end of the encoder and of the decoder.
Deviation: biases start at 0, and not with a deviation of 1e-6.
"""

import numpy as np
import tensorflow as tf
import tf_keras as keras

PAD = 0  # the id that fills up a row, and with which the decoder begins
EPSILON = 1e-6  # of the normalizations, as Flax has it
FARTHEST = 10_000.0  # the longest wavelength of the positions is 2 pi times this
MASKED = -1e9
SIDES = ("encoder", "decoder")


class Transformer(keras.Model):
    """Tokens of two languages in, logits of the next token of the second one out.

    A batch is a dict of int32 arrays (batch, length) of ids, padded at the end with PAD: `source`
    and `target`, whose lengths may differ.

    Args:
      config: TransformerConfig.
      vocabulary_size: ids that both languages share.
      seed: of the initial weights.
    """

    def __init__(self, config, vocabulary_size, *, seed):
        super().__init__(name=config.name)
        self.config, self.vocabulary_size = config, vocabulary_size
        self._drop = Dropout(config.dropout)
        self.source_embedding, self.target_embedding = (
            keras.layers.Embedding(vocabulary_size, config.width, name=f"{side}_embedding")
            for side in ("source", "target")
        )
        self.encoder = [self._layer(f"encoder_{i}") for i in range(config.layers)]
        self.decoder = [self._layer(f"decoder_{i}", True) for i in range(config.layers)]
        self.encoder_norm, self.decoder_norm = (_norm(f"{side}_norm") for side in SIDES)
        self.head = keras.layers.Dense(vocabulary_size, name="head")
        self({side: tf.ones([1, 1], tf.int32) for side in ("source", "target")})
        self.initialize(seed)

    def _layer(self, name, crosses=False):
        return Layer(self.config, self._drop, crosses, name=name)

    def initialize(self, seed):
        """Sets every weight to its start: a pure function of the seed and the order of the weights.

        Kernels are Glorot uniform, embeddings standard normal, biases 0, and the scale of a
        normalization is 1.
        """
        for index, variable in enumerate(self.trainable_variables):
            variable.assign(_initial(variable, np.random.default_rng([seed, index])))

    def call(self, batch, seed=None):
        """Logits of each token of `target` from those before it: (batch, length, vocabulary_size).

        `seed` is an int32 pair that decides what is dropped, or None to drop nothing.
        """
        self._drop.begin(seed)
        # What stands before the first token is PAD, as a start of the sentence.
        before = tf.pad(batch["target"][:, :-1], [[0, 0], [1, 0]], constant_values=PAD)
        known = _bias(tf.not_equal(batch["source"], PAD)[:, tf.newaxis, tf.newaxis, :])
        length = tf.shape(before)[1]
        earlier = _bias(tf.linalg.band_part(tf.ones([length, length], tf.bool), -1, 0))
        x = self._embedded(self.source_embedding, batch["source"])
        for layer in self.encoder:
            x = layer(x, known)
        encoded = self.encoder_norm(x)
        y = self._embedded(self.target_embedding, before)
        for layer in self.decoder:
            # No mask of the padding: it comes after all that counts, so `earlier` hides it.
            y = layer(y, earlier, encoded, known)
        return self.head(self.decoder_norm(y))

    def _embedded(self, table, ids):
        """Embeddings of ids with their positions: (batch, length, width)."""
        x = table(ids)
        return self._drop(x + positions(tf.shape(ids)[1], self.config.width))

    def loss(self, batch, seed=None):
        """Mean cross entropy in nats of the tokens that are not padding, smoothed: scalar."""
        logits, target = self(batch, seed), batch["target"]
        smoothing = self.config.label_smoothing
        rest = smoothing / self.vocabulary_size
        shares = tf.one_hot(target, self.vocabulary_size, 1 - smoothing + rest, rest)
        losses = tf.nn.softmax_cross_entropy_with_logits(shares, logits)
        counts = tf.cast(tf.not_equal(target, PAD), losses.dtype)
        return tf.reduce_sum(losses * counts) / tf.reduce_sum(counts)

    def score(self, batch):
        """Sums over the tokens that are not padding: their number, the wrong ones, cross entropy.

        A token is wrong unless it has the largest logit, of equal ones the first; and wherever its
        cross entropy is not finite. Returns: (3,) tensor.
        """
        logits, target = self(batch), batch["target"]
        counts = tf.cast(tf.not_equal(target, PAD), tf.float32)
        best = tf.argmax(logits, axis=-1, output_type=target.dtype)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits)
        right = tf.equal(best, target) & tf.math.is_finite(losses)
        wrong = 1 - tf.cast(right, tf.float32)
        sums = (counts, wrong * counts, losses * counts)
        return tf.stack([tf.reduce_sum(values) for values in sums])


class Layer(keras.layers.Layer):
    """One layer of the encoder, or of the decoder if it also looks `across` at what is encoded."""

    def __init__(self, config, drop, crosses, name):
        super().__init__(name=name)
        self._drop = drop
        self.attend = Attention(config, drop, name="attend")
        self.cross = Attention(config, drop, name="cross") if crosses else None
        self.norms = [_norm(f"norm_{place}") for place in range(3 if crosses else 2)]
        self.hidden = keras.layers.Dense(config.hidden_width, activation="relu", name="hidden")
        self.output_layer = keras.layers.Dense(config.width, name="output")

    def call(self, x, bias, encoded=None, encoded_bias=None):
        first, *middle, last = self.norms
        y = first(x)
        x += self._drop(self.attend(y, y, bias))
        if self.cross is not None:
            x += self._drop(self.cross(middle[0](x), encoded, encoded_bias))
        hidden = self._drop(self.hidden(last(x)))
        return x + self._drop(self.output_layer(hidden))


class Attention(keras.layers.Layer):
    """Attention of several heads to what a bias of 0 lets it see, without biases of its own."""

    def __init__(self, config, drop, name):
        super().__init__(name=name)
        self._heads, self._size, self._drop = config.heads, config.width // config.heads, drop
        self.query, self.key, self.value, self.output_layer = (
            keras.layers.Dense(config.width, use_bias=False, name=part)
            for part in ("query", "key", "value", "output")
        )

    def call(self, queries, keys, bias):
        q, k, v = self.query(queries), self.key(keys), self.value(keys)
        q, k, v = (self._split(part) for part in (q * self._size**-0.5, k, v))
        weights = self._drop(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) + bias))
        seen = tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3])
        shape = tf.shape(queries)
        return self.output_layer(tf.reshape(seen, [shape[0], shape[1], self._heads * self._size]))

    def _split(self, x):
        """(batch, length, width) as (batch, heads, length, size)."""
        shape = tf.shape(x)
        parts = tf.reshape(x, [shape[0], shape[1], self._heads, self._size])
        return tf.transpose(parts, [0, 2, 1, 3])


class Dropout:
    """Dropout that the seed of a step decides, so that a run resumes with the same bits."""

    def __init__(self, rate):
        self._rate, self._seed, self._places = rate, None, 0

    def begin(self, seed):
        """Begins a forward pass with an int32 pair; None drops nothing."""
        self._seed, self._places = seed if self._rate else None, 0

    def __call__(self, x):
        if self._seed is None:
            return x
        self._places += 1
        seed = tf.stack([self._seed[0] + self._places, self._seed[1]])
        return tf.nn.experimental.stateless_dropout(x, self._rate, seed)


def positions(length, width):
    """Sinusoidal positions: float32 (length, width), sines in the first half, then cosines.

    `length` may be a tensor.
    """
    half = width // 2
    scale = tf.exp(-tf.math.log(FARTHEST) / max(half - 1, 1) * tf.range(half, dtype=tf.float32))
    angle = tf.range(tf.cast(length, tf.float32))[:, tf.newaxis] * scale
    return tf.concat([tf.sin(angle), tf.cos(angle)], axis=1)


def _norm(name):
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)


def _bias(visible):
    """0 where something is visible, far below every logit elsewhere."""
    return tf.where(visible, 0.0, MASKED)


def _initial(variable, rng):
    shape, role = tuple(variable.shape), variable.name.split("/")[-1].split(":")[0]
    if role == "kernel":
        limit = np.sqrt(6 / (shape[0] + shape[1]))
        return rng.uniform(-limit, limit, shape).astype(np.float32)
    if role == "embeddings":
        return rng.standard_normal(shape).astype(np.float32)
    return np.full(shape, {"bias": 0.0, "beta": 0.0, "gamma": 1.0}[role], np.float32)

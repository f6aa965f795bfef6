"""The multitask ranking model (Figure 2): inputs, optional DCN-v2, shared bottom, task heads."""

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

EMBEDDING_LIMIT = 0.05  # Keras' default for embeddings: uniform in [-0.05, 0.05]
# ours: a cross layer starts with this share of Glorot's variance, near the identity. With the whole
# variance, four layers are a random polynomial of degree five.
CROSS_VARIANCE = 0.1


class RankingModel(tfrs.models.Model):
    """Embeddings and dense features, DCN-v2 and layer normalization, shared layers, task heads.

    Args:
      tasks: (name, kind) of every label column in order; kind is "binary" or "regression".
      dense_features: number of dense features in a batch, those that are not kept included.
      categorical_features: the same for categorical features.
      vocabulary_size: ids of each categorical feature.
      gaps: whether a label may be missing (NaN); it then adds nothing to the loss of its task.
      summed: whether a task's loss is the sum over the rows of a batch, in place of the mean, as
        where a batch is one share of several.

    A batch is a dict: `dense` float32 (batch, dense_features), `categorical` int (batch,
    categorical_features), and for the loss `labels` float32 (batch, tasks).

    Raises: ValueError as of `check_inputs`, or if `seed` is not an int >= 0.
    """

    def __init__(
        self,
        config,
        tasks,
        *,
        dense_features,
        categorical_features,
        vocabulary_size,
        seed,
        summed=False,
        gaps=False,
    ):
        super().__init__(name=config.name)
        self._column = {name: column for column, (name, _) in enumerate(tasks)}
        config.check_inputs(list(self._column), dense_features, categorical_features)
        kept = [task for task in tasks if config.tasks is None or task[0] in config.tasks]
        self._dense_kept, self._categorical_kept = config.dense_kept, config.categorical_kept
        categorical = len(config.categorical_kept or range(categorical_features))
        self._weights_by_task, self._gaps = config.task_weights, gaps
        # One table for all categorical features needs one gather and one scatter in place of one
        # for each, and gives the same numbers. Feature i owns the rows from i * vocabulary_size on.
        self._offsets = np.arange(categorical) * vocabulary_size
        rows = categorical * vocabulary_size
        self.embedding = keras.layers.Embedding(rows, config.embedding_width, name="embedding")
        self.cross = [
            tfrs.layers.dcn.Cross(kernel_initializer="glorot_uniform", name=f"cross_{i}")
            for i in range(config.cross_layers)
        ]
        self.norm = keras.layers.LayerNormalization(name="norm") if self.cross else None
        self.hidden = [
            keras.layers.Dense(config.width, activation="relu", name=f"hidden_{i}")
            for i in range(config.depth)
        ]
        self.heads = {name: keras.layers.Dense(1, name=f"head_{name}") for name, _ in kept}
        self.losses_by_task = {name: _ranking_task(kind, summed) for name, kind in kept}
        ids = tf.zeros([1, categorical_features], tf.int32)
        self({"dense": tf.zeros([1, dense_features]), "categorical": ids})  # makes the variables
        self.initialize(seed)

    def initialize(self, seed):
        """Sets every weight to its start: a pure function of the seed and the order of the weights.

        Kernels of dense layers are Glorot uniform, and those of cross layers are so at a tenth of
        the variance. Embeddings are uniform in [-0.05, 0.05]. Biases and the shift of the
        normalization are 0, its scale is 1.
        """
        if type(seed) is not int or seed < 0:
            raise ValueError(f"seed = {seed!r}: expected a whole number of at least 0")
        for index, variable in enumerate(self.trainable_variables):
            variable.assign(_initial(variable, np.random.default_rng([seed, index])))

    def inputs_of_bottom(self, batch):
        """The concatenated dense features and embeddings, float32 (batch, input width)."""
        dense, ids = batch["dense"], batch["categorical"]
        if self._dense_kept is not None:
            dense = tf.gather(dense, self._dense_kept, axis=1)
        if self._categorical_kept is not None:
            ids = tf.gather(ids, self._categorical_kept, axis=1)
        embedded = self.embedding(ids + tf.constant(self._offsets, ids.dtype))
        width = embedded.shape[1] * embedded.shape[2]
        return tf.concat([dense, tf.reshape(embedded, [-1, width])], axis=1)

    def call(self, batch):
        """Predictions by task, each (batch, 1): logits of binary tasks, values of regressions."""
        return self.forward(batch)[0]

    def forward(self, batch):
        """The predictions, and the activations of the hidden layers, each (batch, width)."""
        x = start = self.inputs_of_bottom(batch)
        for layer in self.cross:
            x = layer(start, x)
        if self.norm is not None:
            x = self.norm(x)
        hidden = []
        for layer in self.hidden:
            x = layer(x)
            hidden.append(x)
        return {name: head(x) for name, head in self.heads.items()}, hidden

    def task_losses(self, batch, predictions=None):
        """The loss of each task, unweighted: dict from name to scalar.

        It is the binary cross entropy or the squared error, the mean over the rows of the batch,
        or their sum if the model is `summed`.

        `predictions` are those for this batch, or None to compute them here.
        """
        predictions = self(batch) if predictions is None else predictions
        losses = {}
        for name, task in self.losses_by_task.items():
            labels, given = tf.gather(batch["labels"], [self._column[name]], axis=1), None
            if self._gaps:
                given = tf.cast(tf.math.is_finite(labels), labels.dtype)
                labels = tf.math.multiply_no_nan(labels, given)
            losses[name] = task(labels=labels, predictions=predictions[name], sample_weight=given)
        return losses

    def compute_loss(self, inputs, training=False):
        """The weighted sum of the task losses, scalar (the interface of TFRS).

        No layer of this model behaves differently in training.
        """
        return self.weighted(self.task_losses(inputs))

    def weighted(self, losses):
        """The training loss, scalar, from the losses of the tasks."""
        weights = self._weights_by_task
        return tf.add_n([weights.get(name, 1.0) * loss for name, loss in losses.items()])

    def non_embedding_parameters(self):
        """Number of trainable weights outside the embeddings (the count of Table 1)."""
        return self.count_params() - self.embedding.count_params()


def _ranking_task(kind, summed):
    reduction = keras.losses.Reduction.SUM if summed else keras.losses.Reduction.AUTO
    if kind == "binary":
        loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction=reduction)
    else:
        loss = keras.losses.MeanSquaredError(reduction=reduction)
    return tfrs.tasks.Ranking(loss=loss)


def _initial(variable, rng):
    shape, role = tuple(variable.shape), variable.name.split("/")[-1].split(":")[0]
    if role == "kernel":
        share = CROSS_VARIANCE if "/cross_" in f"/{variable.name}" else 1.0
        limit = np.sqrt(share * 6 / (shape[0] + shape[1]))
        return rng.uniform(-limit, limit, shape).astype(np.float32)
    if role == "embeddings":
        return rng.uniform(-EMBEDDING_LIMIT, EMBEDDING_LIMIT, shape).astype(np.float32)
    return np.full(shape, {"bias": 0.0, "beta": 0.0, "gamma": 1.0}[role], np.float32)

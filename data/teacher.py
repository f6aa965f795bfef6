"""The teacher makes the labels without noise, from the inputs before their scale drifts."""

import numpy as np
from threadpoolctl import threadpool_limits

from data import drift

# Mean of tanh(z)^2 for a standard normal z. It brings the tanh part to unit variance.
TANH_VARIANCE = 0.394294
# The axis along which the weights of one unit lie.
UNIT_AXIS = {"linear": 0, "into_hidden": 0, "out_of_hidden": 0, "pairs": 1}


class TeacherFunction:
    """f(u) for every task on every day: linear + tanh layer + pairs, each of unit variance.

    The weights of a unit have a mean square of 1 on every day, so that on every stream each task
    has the shares of these parts that `Teacher` names.

    The inputs u of an example are its standard normal dense variables, followed by one number for
    each categorical feature: the effect of its id, which never changes and is standard normal over
    the ids. Shocks and walks change what the model sees of u, never u itself.
    """

    def __init__(self, config, seed):
        self._config, self._binary = config.teacher, config.binary
        self._inputs = config.dense_features + config.categorical_features
        self._path = drift.teacher_path(config, seed, sum(map(np.prod, self._shapes().values())))
        rng = drift.generator(seed, drift.FIXED)
        shape = (config.categorical_features, config.vocabulary_size)
        self._effects = rng.standard_normal(shape, np.float32)
        left = rng.integers(0, self._inputs, (len(self._binary), self._config.pairs))
        # The second input of a pair differs from the first, so no pair is a square.
        step = rng.integers(1, self._inputs, left.shape)
        self._pairs = left, (left + step) % self._inputs

    def _shapes(self):
        tasks, hidden = len(self._binary), self._config.hidden
        return {
            "linear": (self._inputs, tasks),
            "into_hidden": (self._inputs, hidden),
            "out_of_hidden": (hidden, tasks),
            "pairs": (tasks, self._config.pairs),
        }

    def weights(self, day):
        """The weights of one day: dict from part of the teacher to float32 array."""
        weights, start = {}, 0
        for name, shape in self._shapes().items():
            stop = start + int(np.prod(shape))
            drawn = self._path[day, start:stop].reshape(shape)
            size = np.sqrt((drawn**2).mean(axis=UNIT_AXIS[name], keepdims=True))
            weights[name] = (drawn / size).astype(np.float32)
            start = stop
        return weights

    def inputs(self, dense, ids):
        """The inputs u: float32 (rows, dense + categorical), from normals and ids of the rows."""
        effects = [self._effects[feature, ids[:, feature]] for feature in range(ids.shape[1])]
        return np.column_stack([dense, *effects])

    def __call__(self, day, inputs):
        """Noiseless logits and means, float32 (rows, tasks), from `inputs` of a day."""
        # With more threads the last bits of a product depend on the number of cores.
        with threadpool_limits(1, "blas"):
            return self._value(self.weights(day), inputs)

    def _value(self, weights, inputs):
        config, root = self._config, np.sqrt(self._inputs)
        linear = inputs @ weights["linear"] / root
        hidden = np.tanh(inputs @ weights["into_hidden"] / root) @ weights["out_of_hidden"]
        hidden /= np.sqrt(config.hidden * TANH_VARIANCE)
        by_task = zip(*self._pairs, weights["pairs"], strict=True)
        pairs = [(inputs[:, left] * inputs[:, right]) @ weight for left, right, weight in by_task]
        pairs = np.column_stack(pairs) / np.sqrt(config.pairs)
        rest = max(0.0, 1 - config.linear_share - config.hidden_share)
        mix = (
            np.sqrt(config.linear_share) * linear
            + np.sqrt(config.hidden_share) * hidden
            + np.sqrt(rest) * pairs
        )
        signal = np.where(self._binary, config.binary_signal, config.regression_signal)
        return (signal * mix).astype(np.float32)

"""Products of the Hessian of the training loss with vectors, and the preconditioner of a step."""

import numpy as np
import tensorflow as tf

from clippy import RULES
from clippy.rules import StepView
from clippy.scope import is_treated
from experiments.training.program import EXCLUDE, build_model


class Hessian:
    """H of the training loss of a model over its weights that are no embeddings, n of them.

    It has a model of its own, so that no weight of a run is written. A product is forward over
    reverse: the derivative of the gradient along the vector. That takes about two gradients, half
    of what reverse over reverse takes here. At the kink of a ReLU the derivative is 0.

    Args:
      config: RunConfig of a run with such a model.
    """

    def __init__(self, config):
        self._model = build_model(config)
        every = self._model.trainable_variables
        # Of embeddings, whichever of them a method treats.
        left_out = EXCLUDE["plain"]
        self._dense = [is_treated(variable.name, None, left_out) for variable in every]
        self._variables = self._of_dense(every)
        self._sizes = [variable.shape.num_elements() for variable in self._variables]
        self.size = sum(self._sizes)
        self._product = tf.function(self._directional)
        self._loss = tf.function(self._model.compute_loss)

    def move(self, weights):
        """Puts the model at weights: arrays in the order of its trainable variables."""
        for variable, value in zip(self._model.trainable_variables, weights, strict=True):
            variable.assign(value)

    def loss(self, batch):
        """The training loss on a batch of tensors: float."""
        return float(self._loss(batch))

    def product(self, batch, vector):
        """H v on a batch for a vector (n,): float64 (n,), computed in float32."""
        return self._product(batch, tf.constant(vector, tf.float32)).numpy().astype(np.float64)

    def roots(self, method, batch, accumulators, rate):
        """P^-1/2 of a step as vectors (n,): dict with those of curvature.COLUMNS that differ.

        With P^-1 = G^-1/2 the rate is the step's own; `applied` has sigma * G^-1/2, where sigma are
        the factors of the method.

        Args:
          method: MethodConfig, one that curvature.check_curvature lets pass.
          batch: the batch of the step; the model is at the weights before it.
          accumulators: G after the step, arrays in the order of the trainable variables.
          rate: learning rate of the step.
        """
        plain = [1 / np.sqrt(np.asarray(G, np.float64)) for G in self._of_dense(accumulators)]
        inverses = {"largest": plain}
        if method.rule != "naive":
            sigmas = self._factors(method, batch, plain, rate)
            pairs = zip(sigmas, plain, strict=True)
            inverses["applied"] = [sigma * inverse for sigma, inverse in pairs]
        return {name: np.sqrt(_joined(inverse)) for name, inverse in inverses.items()}

    def _factors(self, method, batch, plain, rate):
        """The factors of a step, arrays that broadcast against its variables."""
        rule, found = RULES[method.rule], []
        with tf.GradientTape() as tape:
            loss = self._model.compute_loss(batch)
        gradients = tape.gradient(loss, self._variables)
        for g, variable, inverse in zip(gradients, self._variables, plain, strict=True):
            wanted = g if rule.scales == "gradient" else g * tf.constant(inverse, g.dtype)
            view = StepView(g, tf.convert_to_tensor(variable), wanted, tf.constant(rate, g.dtype))
            found.append(rule(view, **method.thresholds).numpy().astype(np.float64))
        return found

    def _directional(self, batch, vector):
        parts = zip(tf.split(vector, self._sizes), self._variables, strict=True)
        along = [tf.reshape(part, variable.shape) for part, variable in parts]
        with tf.autodiff.ForwardAccumulator(self._variables, along) as accumulator:
            with tf.GradientTape() as tape:
                loss = self._model.compute_loss(batch)
            gradients = tape.gradient(loss, self._variables)
        return tf.concat([tf.reshape(one, [-1]) for one in accumulator.jvp(gradients)], 0)

    def _of_dense(self, values):
        return [value for value, dense in zip(values, self._dense, strict=True) if dense]


def _joined(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])

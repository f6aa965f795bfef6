"""The measuring part of a compiled training step: tensors in, one vector of numbers out."""

import tensorflow as tf

from clippy import RULES
from clippy.rules import StepView
from experiments.training.telemetry import split_rule


class Probe:
    """Measures one step of one model. It reads and never writes, so the step's numbers stay.

    Whatever the method, a step is measured as Algorithm 1 would see it: the raw gradient, and the
    update r_t from the accumulator of the run with g_t^2 added. Of several variables under one
    label, norms are those of the variables joined, the largest update/weight and the smallest
    factors count. A weight of exactly 0 counts as TelemetryConfig.least_weight in update/weight;
    Equation 4 has no other floor here.

    The optimizer is a clippy.RuleOptimizer with exported factors.

    Raises: ValueError if no label finds a variable.
    """

    def __init__(self, config, model, optimizer):
        self._config, self._optimizer = config, optimizer
        variables = model.trainable_variables
        patterns = config.patterns(list(model.heads), len(model.hidden))
        found = {
            label: [i for i, variable in enumerate(variables) if pattern.search(variable.name)]
            for label, pattern in patterns.items()
        }
        self._layers = {label: indices for label, indices in found.items() if indices}
        if not self._layers:
            raise ValueError(
                f"TelemetryConfig.layers = {config.layers!r}: expected a match among the variables"
            )
        self._variables = variables
        measures = ("grad_norm", "weight_norm", "update_norm", "grad_over_weight")
        measures += ("update_over_weight", *(f"sigma_{name}" for name in config.rules), "sigma")
        self.columns = [
            *(f"loss/{name}" for name in model.heads),
            *(f"dead/{layer.name}" for layer in model.hidden),
            "skipped",
            *(f"{label}/{name}" for label in self._layers for name in measures),
        ]

    def around(self, apply):
        """Wraps Program._apply, so that it returns a float32 vector in the order of `columns`."""

        def measured(forward, gradients):
            layers = [
                self._layer([self._view(i, gradients[i]) for i in found])
                for found in self._layers.values()
            ]
            fired = self._firings()
            apply(forward, gradients)
            numbers = [*forward.losses.values(), *map(_dead, forward.hidden)]
            numbers.append(self._firings() - fired)
            for layer, found in zip(layers, self._layers.values(), strict=True):
                applied = [tf.convert_to_tensor(self._optimizer.clipping_factors[i]) for i in found]
                numbers += [*layer, tf.reduce_min(tf.stack(applied))]
            return tf.stack([tf.cast(number, tf.float32) for number in numbers])

        return measured

    def _view(self, index, gradient):
        """The step of one variable by Algorithm 1, whatever the method in use accumulates."""
        grad, variable = tf.convert_to_tensor(gradient), self._variables[index]
        update = self._optimizer.plain_update(grad, variable)  # lines 6 and 7
        rate = tf.convert_to_tensor(self._optimizer.learning_rate)
        return StepView(grad, tf.convert_to_tensor(variable), update, rate)

    def _layer(self, views):
        """The measures of one label before the step: five sizes and a factor for each rule."""
        floor = self._config.least_weight
        grad, weight, update = (
            tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(part)) for part in parts]))
            for parts in zip(*[(v.grad, v.param, v.update) for v in views], strict=True)
        )
        largest = [
            tf.reduce_max(tf.abs(v.update) / tf.maximum(tf.abs(v.param), floor)) for v in views
        ]
        sizes = [grad, weight, update, grad / tf.maximum(weight, floor)]
        sizes.append(tf.reduce_max(tf.stack(largest)))
        rules = self._config.rules.values()
        return sizes + [
            tf.reduce_min(tf.stack([_sigma(given, view) for view in views])) for given in rules
        ]

    def _firings(self):
        """How often the guard has held a variable back so far; 0 where it is off."""
        if not self._optimizer.skip_nonfinite:
            return tf.constant(0, tf.int64)
        return tf.add_n([count.read_value() for count in self._optimizer.skipped_steps().values()])


def _sigma(given, view):
    """The factor that a rule would give a step, the smallest of its units."""
    rule, rate, thresholds = split_rule(given)
    if rate is not None:
        view = view._replace(rate=tf.constant(rate, view.rate.dtype))
    return tf.reduce_min(RULES[rule](view, **thresholds))


def _dead(activations):
    """Share of units that are 0 on every row of a batch of ReLU outputs."""
    return tf.reduce_mean(tf.cast(tf.reduce_max(activations, axis=0) <= 0, tf.float32))

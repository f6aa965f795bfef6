"""The measuring part of a compiled training step: tensors in, one vector of numbers out."""

import tensorflow as tf

from clippy import RULES
from clippy.rules import StepView
from experiments.training.telemetry import split_rule


class Probe:
    """Measures one step of one model. It reads and never writes, so the step's numbers stay.

    Of several variables under one label, norms are those of the variables joined, the largest
    update/weight and the smallest factors count.

    Args:
      config: TelemetryConfig.
      model: RankingModel.
      optimizer: clippy.RuleOptimizer of the model's trainable variables, with exported factors.
    """

    def __init__(self, config, model, optimizer):
        self._config, self._optimizer = config, optimizer
        variables = model.trainable_variables
        patterns = config.patterns(list(model.heads), len(model.hidden))
        self._layers = {
            label: [i for i, variable in enumerate(variables) if pattern.search(variable.name)]
            for label, pattern in patterns.items()
        }
        self._layers = {label: found for label, found in self._layers.items() if found}
        if not self._layers:
            raise ValueError(f"TelemetryConfig.layers = {config.layers!r}: no variable has a match")
        self._variables = variables
        self.columns = [
            *(f"loss/{name}" for name in model.heads),
            *(f"dead/{layer.name}" for layer in model.hidden),
            "skipped",
            *(f"{label}/{name}" for label in self._layers for name in self._measures()),
        ]

    def _measures(self):
        return (
            *("grad_norm", "weight_norm", "update_norm", "grad_over_weight", "update_over_weight"),
            *(f"sigma_{name}" for name in self._config.rules),
            "sigma",
        )

    def before(self, gradients, rate):
        """What is known before the step is taken.

        Args:
          gradients: of the trainable variables, in their order.
          rate: learning rate, scalar tensor.
        Returns: list with a dict of scalars for each label, and the firings of the guard so far.
        """
        return [
            self._layer([self._view(i, gradients[i], rate) for i in found])
            for found in self._layers.values()
        ], self._firings()

    def after(self, losses, hidden, before):
        """The vector of a step, once it is taken.

        Args:
          losses: dict from task to its loss.
          hidden: activations of the hidden layers.
          before: what `before` returned.
        Returns: float32 tensor, in the order of `columns`.
        """
        layers, firings = before
        numbers = [*losses.values(), *map(_dead, hidden), self._firings() - firings]
        for measured, found in zip(layers, self._layers.values(), strict=True):
            applied = [tf.convert_to_tensor(self._optimizer.clipping_factors[i]) for i in found]
            measured = {**measured, "sigma": tf.reduce_min(tf.stack(applied))}
            numbers += [measured[name] for name in self._measures()]
        return tf.stack([tf.cast(number, tf.float32) for number in numbers])

    def _view(self, index, gradient, rate):
        """The step of one variable by Algorithm 1, whatever the method in use accumulates."""
        grad, variable = tf.convert_to_tensor(gradient), self._variables[index]
        update = self._optimizer.plain_update(grad, variable)  # lines 6 and 7
        return StepView(grad, tf.convert_to_tensor(variable), update, rate)

    def _layer(self, views):
        floor = self._config.least_weight
        grad, weight, update = (
            tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(part)) for part in parts]))
            for parts in zip(*[(v.grad, v.param, v.update) for v in views], strict=True)
        )
        largest = [
            tf.reduce_max(tf.abs(v.update) / tf.maximum(tf.abs(v.param), floor)) for v in views
        ]
        return {
            "grad_norm": grad,
            "weight_norm": weight,
            "update_norm": update,
            "grad_over_weight": grad / tf.maximum(weight, floor),
            "update_over_weight": tf.reduce_max(tf.stack(largest)),
            **{
                f"sigma_{name}": tf.reduce_min(tf.stack([_sigma(given, v) for v in views]))
                for name, given in self._config.rules.items()
            },
        }

    def _firings(self):
        """How often the guard has held a variable back so far; 0 where it is off."""
        if not self._optimizer.skip_nonfinite:
            return tf.constant(0, tf.int64)
        return tf.add_n([count.read_value() for count in self._optimizer.skipped_steps().values()])


def _sigma(given, view):
    """What a rule would make of a step: its factor, the smallest of its units."""
    rule, rate, thresholds = split_rule(given)
    if rate is not None:
        view = view._replace(rate=tf.constant(rate, view.rate.dtype))
    return tf.reduce_min(RULES[rule](view, **thresholds))


def _dead(activations):
    """Share of units that are 0 on every row of a batch of ReLU outputs."""
    return tf.reduce_mean(tf.cast(tf.reduce_max(activations, axis=0) <= 0, tf.float32))

"""Adagrad with a stability method: state and order of operations; the rules are in rules.py."""

import math
import numbers
import re

from clippy.keras2 import keras, tf
from clippy.rules import RULES, StepView

ACCUMULATE = ("clipped", "raw")


class ClippedAdagrad(keras.optimizers.Optimizer):
    """Adagrad (paper, Eq. 1) whose steps are scaled by one of the rules (Eq. 5, Algorithm 1).

    Args:
      rule: a key of RULES.
      thresholds: the rule's thresholds by name, floats or scalar tf.Variables; a variable may
        change between steps without a new trace.
      learning_rate: eta, a float > 0 or a Keras schedule.
      accumulate: "clipped" scales the gradient first, so that Adagrad sees it clipped (Eq. 2,
        section 5.1.3); "raw" accumulates the gradient as it comes (section 4.3.1, Algorithm 1,
        line 6). Rules that scale the update need the accumulator, so they take "raw" alone. None
        is "clipped" where the rule can, "raw" elsewhere.
      initial_accumulator: G_0, > 0; 0.1 as in section 4.
      exclude: list of regular expressions, searched for in the names of variables (which end in
        ":0"); a variable that has a match takes plain Adagrad.
      name: name of the optimizer.

    Raises: ValueError naming the argument and the value received.

    Sparse gradients (IndexedSlices) of excluded variables and of "naive" touch their rows alone;
    those of other variables are made dense first, because their factor is one of the whole layer.
    """

    def __init__(
        self,
        rule,
        thresholds=None,
        *,
        learning_rate,
        accumulate=None,
        initial_accumulator=0.1,
        exclude=(),
        name="ClippedAdagrad",
        **kwargs,
    ):
        thresholds = dict(thresholds or {})
        if accumulate is None and rule in RULES:
            accumulate = "clipped" if RULES[rule].scales == "gradient" else "raw"
        check_method(rule, thresholds, accumulate)
        _check_positive("initial_accumulator", initial_accumulator)
        if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            _check_positive("learning_rate", learning_rate)
        if isinstance(exclude, str):
            raise ValueError(f"exclude = {exclude!r}: allowed is a list of regular expressions")
        # None and not the base class's 0, which would pass over every row of every variable.
        kwargs.setdefault("weight_decay", None)
        super().__init__(name=name, **kwargs)
        self.rule, self.thresholds = rule, thresholds
        self.accumulate = accumulate
        self.initial_accumulator = initial_accumulator
        self.exclude = tuple(exclude)
        self._learning_rate = self._build_learning_rate(learning_rate)

    def build(self, var_list):
        """Creates one accumulator of `initial_accumulator` for each variable."""
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        initial = keras.initializers.Constant(self.initial_accumulator)
        self.accumulators = [
            self.add_variable_from_reference(
                variable, "accumulator", initial_value=initial(variable.shape, variable.dtype)
            )
            for variable in var_list
        ]
        self._built = True

    def update_step(self, grad, variable):
        """One step of one variable: accumulate, form the update, scale it, apply it."""
        accumulator = self.accumulators[self._index_dict[self._var_key(variable)]]
        rate = tf.cast(self.learning_rate, variable.dtype)
        plain = self.rule == "naive" or self._excluded(variable)
        if isinstance(grad, tf.IndexedSlices):
            if plain:
                _sparse_step(grad, variable, accumulator, rate)
                return
            grad = tf.convert_to_tensor(grad)
        if not plain and self.accumulate == "clipped":
            grad = self._sigma(grad, variable, grad, rate) * grad
        accumulator.assign_add(tf.square(grad))  # Algorithm 1, line 6
        update = grad * tf.math.rsqrt(accumulator)  # line 7
        if not plain and self.accumulate == "raw":
            rate = rate * self._sigma(grad, variable, update, rate)  # line 8
        variable.assign_sub(rate * update)  # line 9

    def _sigma(self, grad, variable, update, rate):
        view = StepView(grad, tf.convert_to_tensor(variable), update, rate)
        return RULES[self.rule].factor(view, **self.thresholds)

    def _excluded(self, variable):
        return any(re.search(pattern, variable.name) for pattern in self.exclude)

    def get_config(self):
        """Every constructor argument, thresholds held in variables as their present value."""
        config = super().get_config()
        config.update(
            rule=self.rule,
            thresholds={name: float(value) for name, value in self.thresholds.items()},
            learning_rate=self._serialize_hyperparameter(self._learning_rate),
            accumulate=self.accumulate,
            initial_accumulator=self.initial_accumulator,
            exclude=self.exclude,
        )
        return config


def check_method(rule, thresholds, accumulate):
    """Checks that a rule exists, has these thresholds and can accumulate so.

    Args:
      rule: name of a rule.
      thresholds: dict from the name of a threshold to its value.
      accumulate: "clipped" or "raw".
    Raises: ValueError naming the argument, the value and what is allowed.
    """
    if rule not in RULES:
        raise ValueError(f"rule = {rule!r}: allowed is one of {', '.join(RULES)}")
    known = RULES[rule].thresholds()
    for name in thresholds:
        if name not in known:
            allowed = f"one of {', '.join(known)}" if known else "none"
            raise ValueError(f"thresholds = {name!r}: allowed for {rule} is {allowed}")
    for name, default in known.items():
        if default is None and name not in thresholds:
            raise ValueError(f"thresholds = {thresholds!r}: {rule} needs {name!r}")
    RULES[rule].check(thresholds)
    allowed = ACCUMULATE if RULES[rule].scales == "gradient" else ("raw",)
    if accumulate not in allowed:
        raise ValueError(
            f"accumulate = {accumulate!r}: allowed for {rule} is {' or '.join(allowed)}"
        )


def _check_positive(name, value):
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise ValueError(f"{name} = {value!r}: allowed is a finite number > 0")


def _sparse_step(grad, variable, accumulator, rate):
    """Plain Adagrad on the rows of `grad`; ids that repeat have been summed by the base class."""
    accumulator.scatter_add(tf.IndexedSlices(tf.square(grad.values), grad.indices))
    rows = tf.gather(accumulator, grad.indices)
    step = -rate * grad.values * tf.math.rsqrt(rows)
    variable.scatter_add(tf.IndexedSlices(step, grad.indices))

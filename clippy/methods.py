"""Adagrad, Adam and SGD with any rule, whichever Keras they are for: arguments, state and step."""

from clippy.algorithm1 import adagrad, adagrad_rows, clip_gradient
from clippy.clipping import Clipping
from clippy.rules import RULES, AGCPerUnit, check_choice, check_number
from clippy.scope import SCOPES, is_treated
from clippy.units import check_axis, output_axes
from clippy.updates import adam, sgd

ACCUMULATE = ("clipped", "raw")


class Ruled(Clipping):
    """An optimizer with one of RULES. A subclass defines `slots` and `_step`.

    Args:
      rule: a key of RULES.
      thresholds: the rule's thresholds by name, floats; for Keras 2 also scalar tf.Variables, which
        may change between steps without a new trace.
      accumulate: "clipped" scales the gradient before the state sees it (Eq. 2, section 5.1.3);
        "raw" accumulates the gradient as it comes and scales the update (section 4.3.1, Algorithm
        1, line 6). Rules that look at the update take "raw" alone. None is "clipped" where the
        rule can, "raw" elsewhere.
      axis: for "agc_per_unit" alone, the axes of a kernel's outputs where `clippy.units` cannot
        tell them: a dict from a regular expression, searched for in the names of variables, to an
        axis or a list of axes, such as {"up_1/kernel": -2}. The first match counts. What nothing
        tells is taken to be the last axis, with a warning.
      **kwargs: those of Clipping and of the optimizer of its Keras.
    """

    _step_rows = None  # `_step` in the rows of a sparse gradient, where it differs

    def __init__(self, rule, thresholds=None, *, accumulate=None, axis=None, **kwargs):
        thresholds = dict(thresholds or {})
        if accumulate is None and rule in RULES:
            accumulate = "clipped" if RULES[rule].scales == "gradient" else "raw"
        check_method(rule, thresholds, accumulate, kwargs.get("scope", "local"))
        axis = check_axis(axis, rule)
        super().__init__(**kwargs)
        self.rule, self.thresholds, self.accumulate = rule, thresholds, accumulate
        self.axis = self._no_dependency(axis)

    @property
    def _rule(self):
        return None if self.rule == "naive" else RULES[self.rule]

    def build(self, variables):
        if self._rule and self._rule.units and not self._names:
            names = [self._name_of(variable) for variable in variables]
            treated = [is_treated(name, self.include, self.exclude) for name in names]
            shapes = [tuple(variable.shape) for variable in variables]
            axes = output_axes(names, shapes, treated, self.axis)
            self._rules = self._no_dependency([AGCPerUnit(units) for units in axes])
        super().build(variables)

    def rule_of(self, variable):
        return self._rules[self._index_of(variable)] if self._rule.units else self._rule

    def step_of(self, variable, rows=False):
        step = (rows and self._step_rows) or self._step
        clips = self.accumulate == "clipped" and self.treats(variable)
        return clip_gradient(step) if clips else step

    def get_config(self):
        thresholds = {name: float(value) for name, value in self.thresholds.items()}
        axis = self.axis and {pattern: list(axes) for pattern, axes in self.axis.items()}
        own = {"rule": self.rule, "thresholds": thresholds, "accumulate": self.accumulate}
        return {**super().get_config(), **own, "axis": axis}


class Adagrad(Ruled):
    """Adagrad (paper, Eq. 1) whose steps are scaled by a rule (Eq. 5, Algorithm 1).

    Args: those of Ruled, of which the learning rate has no default, and
      initial_accumulator: G_0, > 0; 0.1 as in section 4.

    Sparse gradients touch their rows alone; AGC and LAMB read the whole table for its norm.
    """

    rowwise = True
    arguments = ("initial_accumulator",)
    _step, _step_rows = staticmethod(adagrad), staticmethod(adagrad_rows)

    def __init__(self, rule, thresholds=None, *, initial_accumulator=0.1, **kwargs):
        check_number("initial_accumulator", initial_accumulator)
        super().__init__(rule, thresholds, **kwargs)
        self.initial_accumulator = initial_accumulator

    @property
    def slots(self):
        return {"accumulator": self.initial_accumulator}

    @property
    def accumulators(self):
        """G of each variable, in the order of `build`."""
        return self._state.get("accumulator", [])


class Adam(Ruled):
    """Adam (Kingma and Ba 2015) whose steps are scaled by a rule (section 4.3.3).

    Args: those of Ruled, and
      beta_1, beta_2: decay of the moments, in [0, 1).
      epsilon: added to the root of the second moment, where Keras has it, > 0.

    The moments of every row decay at each step, so sparse gradients are made dense.
    """

    slots = {"momentum": 0.0, "velocity": 0.0}
    arguments = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self,
        rule,
        thresholds=None,
        *,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        **kwargs,
    ):
        _check_share("beta_1", beta_1)
        _check_share("beta_2", beta_2)
        check_number("epsilon", epsilon)
        super().__init__(rule, thresholds, learning_rate=learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def _step(self, g, w, state, eta, count):
        return adam(g, w, state, eta, count, self.beta_1, self.beta_2, self.epsilon)


class SGD(Ruled):
    """SGD with momentum whose steps are scaled by a rule.

    The velocity is v_t = momentum * v_{t-1} + g_t and the update r_t is v_t, or with `nesterov`
    momentum * v_t + g_t. At a constant rate these are the steps of Keras' SGD. Keras keeps the rate
    in the velocity, so its checkpoints with momentum do not fit; here a schedule scales the whole
    step, so that the bound is that of its step.

    Args: those of Ruled; the momentum is in [0, 1).

    Sparse gradients touch their rows alone if the momentum is 0, and are made dense otherwise.
    """

    arguments = ("momentum", "nesterov")

    def __init__(
        self, rule, thresholds=None, *, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs
    ):
        _check_share("momentum", momentum)
        super().__init__(rule, thresholds, learning_rate=learning_rate, **kwargs)
        self.momentum, self.nesterov, self.rowwise = momentum, nesterov, not momentum

    @property
    def slots(self):
        return {"velocity": 0.0} if self.momentum else {}

    def _step(self, g, w, state, eta, count):
        return sgd(g, w, state, eta, count, self.momentum, self.nesterov)


def check_method(rule, thresholds, accumulate, scope="local"):
    """A ValueError names what a rule does not take, the value and what is expected."""
    check_choice("rule", rule, RULES)
    method, of = RULES[rule], f" for {rule}"
    for name in thresholds:
        check_choice("thresholds", name, method.takes, of)
    for name, default in method.takes.items():
        if default is None and name not in thresholds:
            raise ValueError(f"thresholds = {thresholds!r}: expected {name!r}{of}")
    try:
        method.check(thresholds)
    except ValueError as error:
        raise ValueError(f"thresholds = {thresholds!r}: {rule}: {error}") from None
    check_choice("accumulate", accumulate, ACCUMULATE[method.scales == "update" :], of)
    check_choice("scope", scope, SCOPES[: 1 if method.units else 2], of)


def _check_share(name, value):
    check_number(name, value, zero=True)
    if value >= 1:
        raise ValueError(f"{name} = {value!r}: expected a number >= 0 and below 1")

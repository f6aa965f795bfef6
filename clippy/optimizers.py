"""Adagrad, Adam and SGD with any rule: their state, and the update that the rule looks at."""

from clippy.base import SCOPES, ClippingOptimizer
from clippy.keras2 import keras, tf
from clippy.rules import RULES, StepView, check_number

ACCUMULATE = ("clipped", "raw")


class RuleOptimizer(ClippingOptimizer):
    """An optimizer with one of RULES. A subclass defines `slots` and `_advance`.

    Args:
      rule: a key of RULES.
      thresholds: the rule's thresholds by name, floats or scalar tf.Variables; a variable may
        change between steps without a new trace.
      accumulate: "clipped" scales the gradient first, so that the state sees it clipped (Eq. 2,
        section 5.1.3); "raw" accumulates the gradient as it comes and scales the update (section
        4.3.1, Algorithm 1, line 6). Rules that look at the update need the state, so they take
        "raw" alone. None is "clipped" where the rule can, "raw" elsewhere.
      **kwargs: those of ClippingOptimizer.

    Raises: ValueError naming the argument and the value received.
    """

    def __init__(self, rule, thresholds=None, *, accumulate=None, **kwargs):
        thresholds = dict(thresholds or {})
        if accumulate is None and rule in RULES:
            accumulate = "clipped" if RULES[rule].scales == "gradient" else "raw"
        check_method(rule, thresholds, accumulate, kwargs.get("scope", "local"))
        super().__init__(**kwargs)
        self.rule, self.thresholds, self.accumulate = rule, thresholds, accumulate

    def _advance(self, grad, state, count):
        """The new state, a list, and the update r_t."""
        raise NotImplementedError

    def plain_update(self, grad, variable):
        """The update r_t that a step without a rule would take now; nothing changes.

        Args:
          grad: dense gradient of the variable.
          variable: one of those given to `build`.
        Returns: tensor of the variable's shape, to be multiplied with the rate.
        """
        _, count = self._rate_and_count(variable)
        slots = [tf.convert_to_tensor(slot) for slot in self._slots_of(variable)]
        return self._advance(grad, slots, count)[1]

    def _rule(self):
        rule = RULES[self.rule]
        return (None if self.rule == "naive" else rule), rule.complete(self.thresholds)

    def _plan(self, grad, weight, state, rate, count):
        if self.accumulate == "clipped":
            return StepView(grad, weight, grad, rate), None
        new, update = self._advance(grad, state, count)
        return StepView(grad, weight, update, rate), new

    def _take(self, plan, state, count, sigma):
        view, new = plan
        if new is None:
            grad = view.grad if sigma is None else sigma * view.grad
            new, update = self._advance(grad, state, count)
            return new, view.rate * update
        rate = view.rate if sigma is None else view.rate * sigma
        return new, rate * view.update

    def get_config(self):
        """Every constructor argument, thresholds held in variables as their present value."""
        config = super().get_config()
        config.update(
            rule=self.rule,
            thresholds={name: float(value) for name, value in self.thresholds.items()},
            accumulate=self.accumulate,
        )
        return config


@keras.utils.register_keras_serializable("clippy")
class ClippedAdagrad(RuleOptimizer):
    """Adagrad (paper, Eq. 1) whose steps are scaled by a rule (Eq. 5, Algorithm 1).

    Args:
      rule, thresholds, accumulate: those of RuleOptimizer.
      learning_rate: eta, a float > 0 or a Keras schedule.
      initial_accumulator: G_0, > 0; 0.1 as in section 4.
      **kwargs: those of ClippingOptimizer.

    Sparse gradients (IndexedSlices) touch their rows alone. Rules that look at the norm of the
    weight, AGC and LAMB, read the whole table for it.
    """

    rowwise = True

    def __init__(
        self,
        rule,
        thresholds=None,
        *,
        learning_rate,
        initial_accumulator=0.1,
        name="ClippedAdagrad",
        **kwargs,
    ):
        check_number("initial_accumulator", initial_accumulator)
        super().__init__(rule, thresholds, learning_rate=learning_rate, name=name, **kwargs)
        self.initial_accumulator = initial_accumulator

    @property
    def slots(self):
        return {"accumulator": self.initial_accumulator}

    @property
    def accumulators(self):
        """G of each variable, in the order of `build`."""
        return self._state["accumulator"]

    def _advance(self, grad, state, count):
        accumulator = state[0] + tf.square(grad)  # Algorithm 1, line 6
        return [accumulator], grad * tf.math.rsqrt(accumulator)  # line 7

    def _take_rows(self, plan, state, count, sigma):
        view, new = plan
        grad, rate = view.grad, view.rate
        if sigma is not None and new is None:
            grad = sigma * grad
        elif sigma is not None:
            rate = rate * sigma
        [accumulator], _ = self._advance(grad, state, count)
        # The order in which the committed results were multiplied; another one rounds otherwise.
        return [accumulator], rate * tf.math.rsqrt(accumulator) * grad

    def get_config(self):
        """Every constructor argument."""
        return {**super().get_config(), "initial_accumulator": self.initial_accumulator}


@keras.utils.register_keras_serializable("clippy")
class ClippedAdam(RuleOptimizer):
    """Adam (Kingma and Ba 2015) whose steps are scaled by a rule (section 4.3.3).

    The update r_t is Adam's, with its correction of the bias; `epsilon` stands where Keras has it.

    Args:
      rule, thresholds, accumulate: those of RuleOptimizer.
      learning_rate: eta, a float > 0 or a Keras schedule.
      beta_1, beta_2: decay of the moments, in [0, 1).
      epsilon: added to the root of the second moment, > 0.
      **kwargs: those of ClippingOptimizer.

    The moments of every row decay at each step, so sparse gradients are made dense.
    """

    slots = {"momentum": 0.0, "velocity": 0.0}

    def __init__(
        self,
        rule,
        thresholds=None,
        *,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        name="ClippedAdam",
        **kwargs,
    ):
        _check_share("beta_1", beta_1)
        _check_share("beta_2", beta_2)
        check_number("epsilon", epsilon)
        super().__init__(rule, thresholds, learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def _advance(self, grad, state, count):
        dtype = grad.dtype
        beta_1, beta_2 = tf.constant(self.beta_1, dtype), tf.constant(self.beta_2, dtype)
        steps = tf.cast(count + 1, dtype)
        momentum = state[0] + (1 - beta_1) * (grad - state[0])
        velocity = state[1] + (1 - beta_2) * (tf.square(grad) - state[1])
        scale = tf.sqrt(1 - beta_2**steps) / (1 - beta_1**steps)
        update = scale * momentum / (tf.sqrt(velocity) + tf.constant(self.epsilon, dtype))
        return [momentum, velocity], update

    def get_config(self):
        """Every constructor argument."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


@keras.utils.register_keras_serializable("clippy")
class ClippedSGD(RuleOptimizer):
    """SGD with momentum whose steps are scaled by a rule.

    The velocity is v_t = momentum * v_{t-1} + g_t and the update r_t is v_t, or with `nesterov`
    momentum * v_t + g_t. At a constant rate these are the steps of Keras' SGD, which keeps the rate
    in the velocity; here a schedule scales the whole step, so that the bound is that of its step.
    A checkpoint of Keras' SGD with momentum does not fit for that reason.

    Args:
      rule, thresholds, accumulate: those of RuleOptimizer.
      learning_rate: eta, a float > 0 or a Keras schedule.
      momentum: decay of the velocity, in [0, 1).
      nesterov: Nesterov's form of the update.
      **kwargs: those of ClippingOptimizer.

    Sparse gradients touch their rows alone if the momentum is 0, and are made dense otherwise.
    """

    def __init__(
        self,
        rule,
        thresholds=None,
        *,
        learning_rate=0.01,
        momentum=0.0,
        nesterov=False,
        name="ClippedSGD",
        **kwargs,
    ):
        _check_share("momentum", momentum)
        super().__init__(rule, thresholds, learning_rate=learning_rate, name=name, **kwargs)
        self.momentum, self.nesterov = momentum, nesterov

    @property
    def slots(self):
        return {"velocity": 0.0} if self.momentum else {}

    @property
    def rowwise(self):
        return not self.momentum

    def _advance(self, grad, state, count):
        if not self.momentum:
            return [], grad
        velocity = tf.constant(self.momentum, grad.dtype) * state[0] + grad
        if self.nesterov:
            return [velocity], tf.constant(self.momentum, grad.dtype) * velocity + grad
        return [velocity], velocity

    def get_config(self):
        """Every constructor argument."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


def check_method(rule, thresholds, accumulate, scope="local"):
    """Checks that a rule exists, has these thresholds and can accumulate and be scoped so.

    Args:
      rule: name of a rule.
      thresholds: dict from the name of a threshold to its value.
      accumulate: "clipped" or "raw".
      scope: "local" or "global".
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
    try:
        RULES[rule].check(thresholds)
    except ValueError as error:
        raise ValueError(f"thresholds = {thresholds!r}: {rule}: {error}") from None
    allowed = ACCUMULATE if RULES[rule].scales == "gradient" else ("raw",)
    if accumulate not in allowed:
        raise ValueError(
            f"accumulate = {accumulate!r}: allowed for {rule} is {' or '.join(allowed)}"
        )
    allowed = SCOPES[:1] if RULES[rule].per_unit else SCOPES
    if scope not in allowed:
        raise ValueError(f"scope = {scope!r}: allowed for {rule} is {' or '.join(allowed)}")


def _check_share(name, value):
    check_number(name, value, zero=True)
    if value >= 1:
        raise ValueError(f"{name} = {value!r}: allowed is a number >= 0 and below 1")

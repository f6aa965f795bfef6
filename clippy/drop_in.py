"""The optimizer of the paper's authors, argument for argument and number for number, mended.

Source: `ClippyAdagrad` and `shrink_by_references` of tensorflow-recommenders 0.7.7.
"""

from collections import namedtuple
from dataclasses import dataclass

from clippy.algorithm1 import scaled
from clippy.base import ClippingOptimizer, stored_dtype
from clippy.keras2 import keras, tf
from clippy.rules import Rule, StepView, check_number, ratio_up_to_1


def shrink_by_references(tensor, references, relative_factors, absolute_factor):
    """Shrinks a tensor until no coordinate is larger than what its references allow.

    The references broadcast against the tensor. Each has a relative factor, a float >= 0 as the
    absolute one.

    Returns: (tensor * scale, scale). scale is the largest number in [0, 1] with |tensor| * scale <=
      sum over j of relative_factors[j] * |references[j]|, plus absolute_factor, at every
      coordinate; a scalar, above 0 if absolute_factor is.
    Raises: ValueError if a factor is bad or there are not as many as references.
    """
    for factor in relative_factors:
        check_number("relative_factors", factor, zero=True)
    check_number("absolute_factor", absolute_factor, zero=True)
    if len(references) != len(relative_factors):
        raise ValueError(
            f"relative_factors has {len(relative_factors)} values: expected one for each of the "
            f"{len(references)} references"
        )
    tensor = tf.convert_to_tensor(tensor)
    bound = _bound(references, relative_factors, absolute_factor, tensor.dtype)
    scale = tf.minimum(tf.reduce_min(ratio_up_to_1(bound, tf.abs(tensor))), 1.0)
    return tensor * scale, scale


@keras.utils.register_keras_serializable("clippy")
class ClippyAdagrad(ClippingOptimizer):
    """Adagrad with Clippy, with the arguments of tensorflow-recommenders' class and its numbers.

    No weight w moves by more than |w| * variable_relative_threshold
    + accumulator_relative_threshold / sqrt(G) + absolute_threshold in a step. The defaults are
    those of that class and not the paper's: `paper_clippy` gives Algorithm 1.

    Args: those of ClippingOptimizer, and
      initial_accumulator_value: G_0, >= 0.
      variable_relative_threshold: lambda_rel, >= 0, without unit.
      accumulator_relative_threshold: >= 0; tightens the bound as G grows.
      absolute_threshold: lambda_abs, >= 0, in units of the weight.
      epsilon: added to G below the root, >= 0, and above 0 if G_0 is 0.
      clip_accumulator_update: G grows by the square of the clipped gradient.
      use_standard_accumulator_update: G grows before the step, as in Algorithm 1, line 6; without
        it the step is made with the G of the step before.

    Deviation: a gradient that is not finite is left out and counted; there the variable turns NaN.
    """

    rowwise = True
    arguments = (
        "initial_accumulator_value",
        "variable_relative_threshold",
        "accumulator_relative_threshold",
        "absolute_threshold",
        "epsilon",
        "clip_accumulator_update",
        "use_standard_accumulator_update",
    )

    def __init__(
        self,
        learning_rate=0.001,
        initial_accumulator_value=0.1,
        variable_relative_threshold=0.1,
        accumulator_relative_threshold=0.0,
        absolute_threshold=1e-7,
        epsilon=1e-7,
        export_clipping_factors=False,
        clip_accumulator_update=False,
        use_standard_accumulator_update=False,
        name="ClippyAdagrad",
        **kwargs,
    ):
        super().__init__(
            learning_rate=learning_rate,
            export_clipping_factors=export_clipping_factors,
            name=name,
            **kwargs,
        )
        self.initial_accumulator_value = initial_accumulator_value
        self.variable_relative_threshold = variable_relative_threshold
        self.accumulator_relative_threshold = accumulator_relative_threshold
        self.absolute_threshold = absolute_threshold
        self.epsilon = epsilon
        self.clip_accumulator_update = clip_accumulator_update
        self.use_standard_accumulator_update = use_standard_accumulator_update
        for key in self.arguments[:5]:
            check_number(key, getattr(self, key), zero=True)
        if not initial_accumulator_value + epsilon:
            raise ValueError(f"epsilon = {epsilon!r}: expected > 0 where G starts at 0")
        if clip_accumulator_update and use_standard_accumulator_update:
            raise ValueError(
                "clip_accumulator_update = True: expected False with "
                "use_standard_accumulator_update = True, whose G grows before a factor is known"
            )

    @property
    def slots(self):
        return {"accumulator": self.initial_accumulator_value}

    @property
    def steps_from_old_state(self):
        return not self.use_standard_accumulator_update

    @property
    def _accumulators(self):  # the tests of that class, and scripts, read them by this name
        return self._state.get("accumulator", [])

    def _new_factor(self, variable):
        # Among `variables`, each behind its accumulator, so that what that class has saved fits.
        value = tf.ones([], stored_dtype(variable))
        return self.add_variable_from_reference(variable, "clipping_factor", initial_value=value)

    @property
    def _rule(self):
        factors = self.variable_relative_threshold, self.accumulator_relative_threshold
        return _ClippyOfAuthors(factors, self.absolute_threshold)

    def _step(self, g, w, state, eta, count):
        before, after = state[0], state[0] + tf.square(g)
        G = after if self.use_standard_accumulator_update else before
        precondition = tf.math.rsqrt(G + tf.constant(self.epsilon, g.dtype))
        r = g * precondition
        sigma = yield _View(g, w, r, eta, precondition)
        if self.clip_accumulator_update and sigma is not None:
            after = before + tf.square(sigma * g)
        yield [after], scaled(eta, sigma) * r


def paper_clippy(learning_rate, **kwargs):
    """ClippyAdagrad with the paper's lambda_rel = 0.5 and lambda_abs = 1e-2 (5.1.3)."""
    arguments = {
        "variable_relative_threshold": 0.5,
        "absolute_threshold": 1e-2,
        "epsilon": 0.0,
        "use_standard_accumulator_update": True,
    }
    return ClippyAdagrad(learning_rate, **{**arguments, **kwargs})


# A StepView with what the gradient was multiplied by, 1 / sqrt(G).
_View = namedtuple("_View", (*StepView._fields, "precondition"))


@dataclass(frozen=True)
class _ClippyOfAuthors(Rule):
    """Line 8 of Algorithm 1 with three parts of the bound, which are plain numbers here."""

    factors: tuple[float, float]  # of the weight and of 1 / sqrt(G)
    absolute: float
    total = "min"

    def terms(self, step):
        references = step.param, step.precondition
        bound = _bound(references, self.factors, self.absolute, step.grad.dtype)
        return (ratio_up_to_1(bound, tf.abs(step.rate * step.update)),)

    def finish(self, totals):
        return tf.minimum(totals[0], 1.0)


def _bound(references, relative_factors, absolute_factor, dtype):
    bound = tf.constant(absolute_factor, dtype)
    for reference, factor in zip(references, relative_factors, strict=True):
        if factor:  # most have no use for the second
            bound += tf.constant(factor, dtype) * tf.abs(reference)
    return bound

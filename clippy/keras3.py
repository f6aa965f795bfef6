"""The optimizers for Keras 3, on TensorFlow, JAX and PyTorch.

On TensorFlow a step is one of `clippy.steps`, as for Keras 2. Elsewhere, and in half precision, it
is made of new values for weight and state, which `keras.ops` computes.
"""

import contextlib
import functools
import inspect
import math

import keras
from keras import ops

from clippy import methods
from clippy.arrays import is_number
from clippy.authors import PAPER, Authors
from clippy.clipping import Clipping, plain
from clippy.measure import Measure
from clippy.pieces import totals_of_columns
from clippy.rules import RULES, Rule, StepView, check_number
from clippy.scope import joint_factor

__all__ = [
    "RULES",
    "ClippedAdagrad",
    "ClippedAdam",
    "ClippedSGD",
    "ClippyAdagrad",
    "Rule",
    "StepView",
    "paper_clippy",
]
LearningRateSchedule = keras.optimizers.schedules.LearningRateSchedule
BACKEND = keras.backend.backend()
ON_TENSORFLOW = BACKEND == "tensorflow"
HALF = ("float16", "bfloat16")
LARGE = 1 << 16  # coordinates of a variable above which it is measured piece by piece

if ON_TENSORFLOW:
    import tensorflow as tf

    from clippy import steps

    traced_as_it_is = tf.autograph.experimental.do_not_convert
else:

    def traced_as_it_is(function):
        return function


class ClippingOptimizer(Clipping, keras.optimizers.Optimizer):
    """A Keras optimizer that scales each step by a factor, as `clippy.clipping` says.

    A gradient is dense or, on TensorFlow, IndexedSlices, whose repeated ids are summed. Variables
    of half precision are stepped in float32, in which their state is stored.

    Args: those of Clipping, for which the name of a variable is its path, such as "dense/kernel",
      learning_rate: eta, a number >= 0, a schedule of Keras 3, or a function without arguments that
        each step calls. A bound uses the rate of its step.
      **kwargs: those of keras.optimizers.Optimizer.

    Raises: ValueError naming the first bad argument and its value.
    """

    compile_steps = True  # on TensorFlow, those of large variables

    def __init__(
        self,
        *,
        learning_rate,
        include=None,
        exclude=(),
        scope="local",
        skip_nonfinite=True,
        export_clipping_factors=False,
        **kwargs,
    ):
        kwargs = plain({"name": type(self).__name__, **kwargs})
        super().__init__(learning_rate=_checked_rate(learning_rate), **kwargs)
        self._take_options(include, exclude, scope, skip_nonfinite, export_clipping_factors)
        self.programs = {}  # of `clippy.steps`

    def build(self, variables):
        """Creates the state; an expression that matches no variable is warned of."""
        if self.built:
            return
        super().build(variables)
        self._take_names(variables)
        self._state = {slot: [] for slot in self.slots}
        for variable in variables:
            dtype = _computed_in(variable)
            add = functools.partial(self._add, variable)
            for slot, initial in self.slots.items():
                self._state[slot].append(add(slot, variable.shape, dtype, initial))
            if self.skip_nonfinite:
                self._skipped.append(add("skipped", (), "int32", 0))
            if self.export_clipping_factors:
                self.clipping_factors.append(add("clipping_factor", (), dtype, 1))

    def _add(self, variable, name, shape, dtype, initial):
        name = f"{self._name_of(variable).replace('/', '_')}_{name}"
        return self.add_variable(shape, keras.initializers.Constant(initial), dtype, name=name)

    @traced_as_it_is
    def apply(self, grads, trainable_variables=None):
        """A step. Raises an error that names the variable if a gradient has not its shape."""
        if trainable_variables is None:
            known = self._trainable_variables
        else:
            known = trainable_variables = list(trainable_variables)
        grads = list(grads)
        if len(grads) == len(known):  # Keras says what is wrong otherwise
            grads = [_fitting(*pair) for pair in zip(grads, known, strict=True)]
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """One step of one variable: measured, guarded and taken."""
        eta, count = self._rate_and_count(variable, learning_rate)
        if _writes_in_place(variable):
            steps.take(self, steps.summed(gradient), variable, variable.dtype, eta, count)
        else:
            self._take(gradient, variable, eta, count)

    def _take(self, gradient, variable, eta, count):
        """A step of new values, where nothing can be written in a branch."""
        slots = self.slots_of(variable)
        step, (totals, finite) = self._measured(gradient, variable, eta, count)
        sigma = self.sigma_of(variable, totals, eta.dtype)
        state, moved = step.send(sigma)
        weight = ops.cast(variable, eta.dtype)
        before = [ops.convert_to_tensor(slot) for slot in slots]
        written = [variable, weight, weight - moved], *zip(slots, before, state, strict=True)
        for kept, old, new in written:
            value = new if finite is None else ops.where(finite, new, old)
            self.assign(kept, ops.cast(value, kept.dtype))
        self.note(variable, finite, sigma)

    def _measured(self, gradient, variable, eta, count):
        """A step that waits for its factor, and what `Measure.of` finds in it."""
        grad = steps.dense(gradient, variable) if ON_TENSORFLOW else gradient
        grad = ops.cast(ops.convert_to_tensor(grad, sparse=False), eta.dtype)
        weight = ops.cast(variable, eta.dtype)
        state = [ops.convert_to_tensor(slot) for slot in self.slots_of(variable)]
        looks = self.treats(variable) and self.joint_sigma is None
        rule = self.rule_of(variable) if looks else None
        measure = Measure(rule, self.thresholds, self.skip_nonfinite)

        def step_of(g, w, *state):
            step = self.step_of(variable)(g, w, list(state), eta, count)
            return step, next(step)

        step, view = step_of(grad, weight, *state)
        columns = rule is None or rule.units in (None, (-1,))
        if columns and _is_read_in_pieces(variable):
            terms = lambda *arrays: measure.terms(step_of(*arrays)[1])  # noqa: E731
            return step, measure.reduce(totals_of_columns(terms, [grad, weight, *state]))
        return step, measure.of(view)

    def _rate_and_count(self, variable, learning_rate):
        """eta in the dtype that a step is computed in, and how many steps were taken before it."""
        # A cast, as `convert_to_tensor` would leave a variable on TensorFlow.
        return ops.cast(learning_rate, _computed_in(variable)), ops.cast(self.iterations, "int32")

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        pairs = list(zip(grads, trainable_variables, strict=True))
        # On TensorFlow, gradients of several devices are summed first: see below.
        with self._jointly([] if ON_TENSORFLOW else pairs, learning_rate):
            super()._backend_update_step(grads, trainable_variables, learning_rate)

    def _distributed_tf_update_step(self, distribution, grads_and_vars, learning_rate):
        first = distribution.experimental_local_results
        with self._jointly([(first(g)[0], v) for g, v in grads_and_vars], learning_rate):
            super()._distributed_tf_update_step(distribution, grads_and_vars, learning_rate)

    @contextlib.contextmanager
    def _jointly(self, pairs, learning_rate):
        """While it lasts, all that are treated have the one factor of scope "global"."""
        treated = [(g, v) for g, v in pairs if self.scope == "global" and self.treats(v)]
        found = [self._totals(g, v, learning_rate) for g, v in treated]
        if found:
            self.joint_sigma = joint_factor(self._rule, self.thresholds, found)
        try:
            yield
        finally:
            if found:
                self.joint_sigma = None

    def _totals(self, gradient, variable, learning_rate):
        eta, count = self._rate_and_count(variable, learning_rate)
        if _writes_in_place(variable):
            return next(steps.measured(self, steps.summed(gradient), variable, True, eta, count))
        return self._measured(gradient, variable, eta, count)[1]

    def slots_of(self, variable):
        slots = super().slots_of(variable)
        return [slot.value for slot in slots] if ON_TENSORFLOW else slots

    def _name_of(self, variable):
        return getattr(variable, "path", variable.name)

    def _index_of(self, variable):
        return self._get_variable_index(variable)

    def _no_dependency(self, value):  # the tracking of Keras 2 needs it
        return value


class RuleOptimizer(methods.Ruled, ClippingOptimizer):
    """An optimizer with one of RULES. Args: those of Ruled and of ClippingOptimizer."""

    def __init__(self, rule, thresholds=None, **kwargs):
        for value in (thresholds or {}).values():
            if not is_number(value):  # JAX would compile the value that it has now
                raise ValueError(f"thresholds = {thresholds!r}: expected numbers")
        super().__init__(rule, thresholds, **kwargs)


@keras.saving.register_keras_serializable("clippy")
class ClippedAdagrad(methods.Adagrad, RuleOptimizer):
    __doc__ = methods.Adagrad.__doc__


@keras.saving.register_keras_serializable("clippy")
class ClippedAdam(methods.Adam, RuleOptimizer):
    __doc__ = methods.Adam.__doc__


@keras.saving.register_keras_serializable("clippy")
class ClippedSGD(methods.SGD, RuleOptimizer):
    __doc__ = methods.SGD.__doc__


@keras.saving.register_keras_serializable("clippy")
class ClippyAdagrad(Authors, ClippingOptimizer):
    __doc__ = Authors.__doc__


def paper_clippy(learning_rate, **kwargs):
    """ClippyAdagrad with the paper's lambda_rel = 0.5 and lambda_abs = 1e-2 (5.1.3)."""
    return ClippyAdagrad(learning_rate, **{**PAPER, **kwargs})


def _fitting(grad, variable):
    """A gradient as it comes, unless its shape is not that of its variable; None is none."""
    if ON_TENSORFLOW:
        return steps.fitting(grad, variable)
    if grad is not None and tuple(grad.shape) != tuple(variable.shape):
        raise ValueError(
            f"gradient of {variable.path} has shape {tuple(grad.shape)}: expected "
            f"{tuple(variable.shape)}"
        )
    return grad


def _checked_rate(rate):
    """A schedule or a function as it is, all else as a number >= 0."""
    if isinstance(rate, LearningRateSchedule):
        return rate
    try:
        if callable(rate):
            inspect.signature(rate).bind()  # a schedule of another Keras takes a step
            return rate
        number = rate.item() if getattr(rate, "shape", None) == () else rate
        check_number("learning_rate", number, zero=True)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"learning_rate = {rate!r}: expected a finite number >= 0, a function without "
            "arguments or a schedule of Keras 3"
        ) from error
    return float(number)


def _computed_in(variable):
    dtype = keras.backend.standardize_dtype(variable.dtype)
    return "float32" if dtype in HALF else dtype


def _writes_in_place(variable):
    return ON_TENSORFLOW and keras.backend.standardize_dtype(variable.dtype) not in HALF


def _is_read_in_pieces(variable):
    """Whether XLA on a CPU would write out what is totalled, as `clippy.pieces` says."""
    if BACKEND != "jax" or len(variable.shape) < 2 or math.prod(variable.shape) <= LARGE:
        return False
    import jax

    return jax.default_backend() == "cpu"

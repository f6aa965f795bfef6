"""The five stability methods as rules: one step of one variable in, a factor sigma out.

Each rule is a pure function of a StepView. The step taken is w - rate * sigma * r (paper, Eq. 5),
with r = g / sqrt(G) as in Eq. 1; section 4.3.1 has the table of the factors.
"""

import inspect
import math
import numbers
from collections.abc import Callable
from typing import Literal, NamedTuple

from clippy.keras2 import tf


class StepView(NamedTuple):
    """One step of one variable, before it is taken. All tensors have the dtype of `grad`."""

    grad: tf.Tensor  # g_t, shape of the variable
    param: tf.Tensor  # w_t, shape of the variable
    update: tf.Tensor  # r_t, shape of the variable; g_t where a rule clips the gradient
    rate: tf.Tensor  # eta_t, scalar


def naive(view):
    """No treatment (the column "Naive" of Table 2): sigma = 1, scalar."""
    return tf.ones([], view.grad.dtype)


def gc(view, *, lam):
    """Gradient clipping by the L2 norm of one variable (paper, Eq. 2).

    Args:
      view: one step of one variable; reads `grad`.
      lam: largest L2 norm of the gradient left unclipped, in units of the gradient, > 0.
    Returns: sigma in (0, 1], scalar; 1 where the gradient is 0 or empty; NaN if it has NaN; 0 if
      its norm overflows, so that the step is left out.
    Raises: ValueError if `lam` is a number that is not above 0.
    """
    _positive("gc: lam", lam)
    return _at_most(lam, _l2(view.grad), view.grad.dtype)


def agc_per_layer(view, *, lam, floor=1e-3):
    """Adaptive gradient clipping, one factor for the whole variable (paper, Eq. 3).

    Args:
      view: one step of one variable; reads `grad` and `param`.
      lam: largest ||g|| / ||w|| left unclipped, a ratio without unit, > 0.
      floor: least ||w||, in units of the weight, so that variables that start at 0 can move.
    Returns: sigma in (0, 1], scalar; 1 where the gradient is 0 or empty; NaN if it has NaN.
    Raises: ValueError if `lam` or `floor` is a number that is not above 0.
    Deviation: Eq. 3 has no floor; the official code has one, of 1e-3.
    """
    _positive("agc_per_layer: lam", lam)
    _positive("agc_per_layer: floor", floor)
    weight = tf.maximum(_l2(view.param), _typed(floor, view.param.dtype))
    return _at_most(_typed(lam, weight.dtype) * weight, _l2(view.grad), view.grad.dtype)


def agc_per_unit(view, *, lam, floor=1e-3):
    """Adaptive gradient clipping as its official code does it: one factor for each output unit.

    Source: section 5.1.3 (the authors ran the nfnets code) and Brock et al. 2021, Eq. 3.

    Args:
      view: one step of one variable; reads `grad` and `param`. The units of a kernel of shape
        (..., in, out) are its columns; norms run over all axes but the last. A vector or a scalar
        is one unit.
      lam: largest ||g|| / ||w|| of a unit left unclipped, a ratio without unit, > 0.
      floor: least ||w|| of a unit, in units of the weight.
    Returns: sigma in (0, 1], shape (1, ..., 1, out), or scalar for a vector or a scalar.
    Raises: ValueError if `lam` or `floor` is a number that is not above 0.
    Deviation: the official code takes a (1, out) kernel for one unit, and knows no kernels of three
      axes but those of its own convolutions; neither occurs in the models here.
    """
    _positive("agc_per_unit: lam", lam)
    _positive("agc_per_unit: floor", floor)
    if view.grad.shape.rank < 2:
        return agc_per_layer(view, lam=lam, floor=floor)
    axes = list(range(view.grad.shape.rank - 1))
    weight = tf.maximum(_l2(view.param, axes), _typed(floor, view.param.dtype))
    return _at_most(_typed(lam, weight.dtype) * weight, _l2(view.grad, axes), view.grad.dtype)


def lamb(view, *, mu):
    """LAMB on Adagrad with phi(x) = x: the step has the norm rate * mu * ||w|| (section 5.1.3).

    Args:
      view: one step of one variable; reads `param` and `update`.
      mu: scale of the learning rate, without unit, > 0.
    Returns: sigma = mu * ||w|| / ||r||, >= 0 and without upper limit, scalar; 1 where either norm
      is 0, so that biases that start at 0 can move (as in TF Addons' code).
    Raises: ValueError if `mu` is a number that is not above 0.
    """
    _positive("lamb: mu", mu)
    weight, update = _l2(view.param), _l2(view.update)
    trust = _typed(mu, update.dtype) * tf.math.divide_no_nan(weight, update)
    plain = tf.logical_or(tf.equal(weight, 0), tf.equal(update, 0))
    return tf.where(plain, tf.ones_like(trust), trust)


def clippy(view, *, rel, abs_):
    """Clippy: no coordinate moves by more than rel * |w| + abs_ (Algorithm 1, line 8).

    Args:
      view: one step of one variable; reads `param`, `update` and `rate`.
      rel: lambda_rel, the share of a weight that one step may change, without unit, >= 0.
      abs_: lambda_abs, what one step may change beside it, in units of the weight, > 0.
    Returns: the largest sigma in (0, 1] that keeps sigma * |rate * r| within the bound at every
      coordinate, scalar; 1 for an empty variable; a NaN in the update makes it NaN or leaves the
      coordinate NaN, so that it cannot pass unseen.
    Raises: ValueError if `rel` is a number below 0 or `abs_` one not above 0.
    """
    _positive("clippy: rel", rel, zero_allowed=True)
    _positive("clippy: abs_", abs_)
    dtype = view.update.dtype
    room = _typed(rel, dtype) * tf.abs(view.param) + _typed(abs_, dtype)
    want = tf.abs(tf.cast(view.rate, dtype) * view.update)
    factor = tf.where(want <= room, tf.ones_like(want), room / want)
    return tf.minimum(tf.reduce_min(factor), tf.ones([], dtype))


class Rule(NamedTuple):
    """A rule and what it scales.

    factor: function (view, **thresholds) -> sigma, which broadcasts against the variable.
    scales: "gradient" if the factor needs nothing but gradient and weight, so that it can be
      applied before Adagrad accumulates (Eq. 2 and 3); "update" if it needs r_t.
    """

    factor: Callable
    scales: Literal["gradient", "update"]
    may_be_zero: tuple[str, ...] = ()  # thresholds for which 0 is a value like others

    def check(self, thresholds):
        """Checks the values of thresholds given as Python numbers, without a tensor.

        Raises: ValueError naming the threshold and the value.
        """
        for name, value in thresholds.items():
            try:
                _positive(f"{self.factor.__name__}: {name}", value, name in self.may_be_zero)
            except ValueError as error:
                raise ValueError(f"thresholds = {thresholds!r}: {error}") from None

    def thresholds(self):
        """Names of the thresholds, those without a default first: dict name -> default or None."""
        parameters = inspect.signature(self.factor).parameters.values()
        keywords = [item for item in parameters if item.kind is item.KEYWORD_ONLY]
        return {
            item.name: None if item.default is item.empty else item.default for item in keywords
        }


RULES = {
    "naive": Rule(naive, "update"),
    "gc": Rule(gc, "gradient"),
    "agc_per_unit": Rule(agc_per_unit, "gradient"),
    "agc_per_layer": Rule(agc_per_layer, "gradient"),
    "lamb": Rule(lamb, "update"),
    "clippy": Rule(clippy, "update", may_be_zero=("rel",)),
}


def _positive(name, value, zero_allowed=False):
    """Checks a threshold; tensors and variables pass unchecked, their values may change."""
    if tf.is_tensor(value):
        return
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not (0 < value < math.inf or (zero_allowed and value == 0)):
        allowed = "a finite number " + (">= 0" if zero_allowed else "> 0")
        raise ValueError(f"{name} = {value!r}: allowed is {allowed}")


def _typed(value, dtype):
    """A threshold in `dtype`; tf.cast alone would take a Python float through float32."""
    return tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)


def _l2(tensor, axes=None):
    return tf.sqrt(tf.reduce_sum(tf.square(tensor), axis=axes, keepdims=axes is not None))


def _at_most(limit, norm, dtype):
    """min(limit / norm, 1), which is 1 where the norm is 0."""
    limit = _typed(limit, dtype)
    return tf.where(norm <= limit, tf.ones_like(norm), limit / norm)

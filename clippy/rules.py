"""The five stability methods as rules: one step of one variable in, a factor sigma out.

The step taken is w - rate * sigma * r (paper, Eq. 5), with r = g / sqrt(G) as in Eq. 1 or what
another optimizer makes of it (section 4.3.3); section 4.3.1 has the table of the factors. Nothing
here applies a step, so a rule can also tell what it would have done.

A rule is made of two parts, so that a large variable can be looked at piece by piece, and several
variables together (section 4.3.2): `terms` gives one number for each coordinate, and `finish`
turns their total, a sum or a minimum, into sigma. The functions named after the methods do both.
"""

import inspect
import math
import numbers
from collections.abc import Callable
from typing import Literal, NamedTuple

from clippy.blocks import REDUCE
from clippy.keras2 import tf


class StepView(NamedTuple):
    """One step of one variable, before it is taken. All tensors have the dtype of `grad`."""

    grad: tf.Tensor  # g_t, shape of the variable
    param: tf.Tensor  # w_t, shape of the variable
    update: tf.Tensor  # r_t, shape of the variable; g_t where a rule clips the gradient
    rate: tf.Tensor  # eta_t, scalar


def naive(view):
    """No treatment (the column "Naive" of Table 2): sigma = 1, scalar."""
    return RULES["naive"](view)


def gc(view, *, lam):
    """Gradient clipping by the L2 norm of one variable (paper, Eq. 2).

    Args:
      view: one step of one variable; reads `grad`.
      lam: largest L2 norm of the gradient left unclipped, in units of the gradient, > 0.
    Returns: sigma in (0, 1], scalar; 1 where the gradient is 0 or empty; NaN if it has NaN; 0 if
      its norm overflows, so that the step is left out.
    Raises: ValueError if `lam` is a number that is not above 0.
    """
    return RULES["gc"](view, lam=lam)


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
    return RULES["agc_per_layer"](view, lam=lam, floor=floor)


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
    return RULES["agc_per_unit"](view, lam=lam, floor=floor)


def lamb(view, *, mu):
    """LAMB with phi(x) = x: the step has the norm rate * mu * ||w|| (section 5.1.3).

    Args:
      view: one step of one variable; reads `param` and `update`.
      mu: scale of the learning rate, without unit, > 0.
    Returns: sigma = mu * ||w|| / ||r||, >= 0 and without upper limit, scalar; 1 where either norm
      is 0, so that biases that start at 0 can move (as in TF Addons' code).
    Raises: ValueError if `mu` is a number that is not above 0.
    """
    return RULES["lamb"](view, mu=mu)


def clippy(view, *, rel, abs_):
    """Clippy: no coordinate moves by more than rel * |w| + abs_ (Algorithm 1, line 8).

    Args:
      view: one step of one variable; reads `param`, `update` and `rate`.
      rel: lambda_rel, the share of a weight that one step may change, without unit, >= 0.
      abs_: lambda_abs, what one step may change beside it, in units of the weight, >= 0.
    Returns: the largest sigma in [0, 1] that keeps sigma * |rate * r| within the bound at every
      coordinate, scalar; above 0 if `abs_` is; 1 for an empty variable; a NaN in the update makes
      it NaN or leaves the coordinate NaN, so that it cannot pass unseen.
    Raises: ValueError if `rel` or `abs_` is a number below 0.
    """
    return RULES["clippy"](view, rel=rel, abs_=abs_)


class Rule(NamedTuple):
    """A rule and what it scales. Calling it with a StepView and the thresholds gives sigma.

    terms: function (view, **thresholds) -> tensors of the shape of the variable.
    total: how the terms are taken together, "sum" or "min".
    finish: function (totals, **thresholds) -> sigma, which broadcasts against the variable.
    scales: "gradient" if the factor needs nothing but gradient and weight, so that it can be
      applied before Adagrad accumulates (Eq. 2 and 3); "update" if it needs r_t.
    per_unit: the totals of a kernel are one for each output unit.
    whole_weight: the totals hold the norm of the weight, so that rows of a table without a
      gradient count too; where False, they leave sigma as it is.
    may_be_zero: thresholds for which 0 is a value like others.
    """

    terms: Callable
    total: Literal["sum", "min"]
    finish: Callable
    scales: Literal["gradient", "update"]
    per_unit: bool = False
    whole_weight: bool = False
    may_be_zero: tuple[str, ...] = ()

    def __call__(self, view, **thresholds):
        """sigma of one step of one variable.

        Raises: ValueError naming the threshold and the value.
        """
        self.check(thresholds)
        thresholds = self.complete(thresholds)
        totals = [self.reduce(term) for term in self.terms(view, **thresholds)]
        return self.finish(totals, dtype=view.grad.dtype, **thresholds)

    def reduce(self, term):
        """The total of one term: a scalar, or shape (1, ..., 1, out) of a kernel's units."""
        units = self.per_unit and term.shape.rank > 1
        axes = list(range(term.shape.rank - 1)) if units else None
        return REDUCE[self.total](term, axis=axes, keepdims=units)

    def check(self, thresholds):
        """Checks the values of thresholds given as Python numbers, without a tensor.

        Raises: ValueError naming the threshold and the value.
        """
        for name, value in thresholds.items():
            if not tf.is_tensor(value):  # tensors and variables may change
                check_number(name, value, zero=name in self.may_be_zero)

    def thresholds(self):
        """Names of the thresholds, those without a default first: dict name -> default or None."""
        parameters = inspect.signature(self.terms).parameters.values()
        keywords = [item for item in parameters if item.kind is item.KEYWORD_ONLY]
        return {
            item.name: None if item.default is item.empty else item.default for item in keywords
        }

    def complete(self, thresholds):
        """The thresholds with the defaults of those left out."""
        defaults = {key: value for key, value in self.thresholds().items() if value is not None}
        return {**defaults, **thresholds}


def _naive_terms(view):
    return ()


def _naive_finish(totals, *, dtype):
    return tf.ones([], dtype)


def _gc_terms(view, *, lam):
    return (tf.square(view.grad),)


def _gc_finish(totals, *, lam, dtype):
    return _at_most(typed(lam, dtype), tf.sqrt(totals[0]))


def _agc_terms(view, *, lam, floor=1e-3):
    return tf.square(view.grad), tf.square(view.param)


def _agc_finish(totals, *, lam, floor, dtype):
    grad, weight = (tf.sqrt(total) for total in totals)
    return _at_most(typed(lam, dtype) * tf.maximum(weight, typed(floor, dtype)), grad)


def _lamb_terms(view, *, mu):
    return tf.square(view.param), tf.square(view.update)


def _lamb_finish(totals, *, mu, dtype):
    weight, update = (tf.sqrt(total) for total in totals)
    trust = typed(mu, dtype) * tf.math.divide_no_nan(weight, update)
    plain = tf.logical_or(tf.equal(weight, 0), tf.equal(update, 0))
    return tf.where(plain, tf.ones_like(trust), trust)


def _clippy_terms(view, *, rel, abs_):
    dtype = view.update.dtype
    room = typed(rel, dtype) * tf.abs(view.param) + typed(abs_, dtype)
    return (share_of(room, tf.cast(view.rate, dtype) * view.update),)


def _clippy_finish(totals, *, rel, abs_, dtype):
    return tf.minimum(totals[0], tf.ones([], dtype))


RULES = {
    "naive": Rule(_naive_terms, "sum", _naive_finish, "update"),
    "gc": Rule(_gc_terms, "sum", _gc_finish, "gradient"),
    "agc_per_unit": Rule(
        _agc_terms, "sum", _agc_finish, "gradient", per_unit=True, whole_weight=True
    ),
    "agc_per_layer": Rule(_agc_terms, "sum", _agc_finish, "gradient", whole_weight=True),
    "lamb": Rule(_lamb_terms, "sum", _lamb_finish, "update", whole_weight=True),
    "clippy": Rule(_clippy_terms, "min", _clippy_finish, "update", may_be_zero=("rel", "abs_")),
}


def share_of(room, step):
    """The part of each coordinate's step that fits into its room, in [0, 1]; 1 for a step of 0."""
    want = tf.abs(step)
    return tf.where(want <= room, tf.ones_like(want), room / want)


def check_number(name, value, zero=False):
    """Checks that a value is a finite number above 0, or 0 where that is allowed.

    Raises: ValueError naming the argument, the value and what is allowed.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not (0 < value < math.inf or (zero and value == 0)):
        allowed = "a finite number " + (">= 0" if zero else "> 0")
        raise ValueError(f"{name} = {value!r}: allowed is {allowed}")


def typed(value, dtype):
    """A threshold in `dtype`; tf.cast alone would take a Python float through float32."""
    return tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)


def _at_most(limit, norm):
    """min(limit / norm, 1), which is 1 where the norm is 0."""
    return tf.where(norm <= limit, tf.ones_like(norm), limit / norm)

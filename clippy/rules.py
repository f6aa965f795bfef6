"""The stability methods as rules: one step of one variable in, a clipping factor sigma out.

The step is w - eta * sigma * r (paper, Eq. 5), with r = g / sqrt(G) as in Eq. 1 or the update of
another optimizer (section 4.3.3); section 4.3.1 has the table of the factors.
"""

import math
import numbers
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from clippy.arrays import (
    REDUCE,
    absolute,
    compatible,
    divide_no_nan,
    equal,
    is_number,
    logical_or,
    maximum,
    minimum,
    ones_like,
    scalar,
    sqrt,
    square,
    where,
)


class StepView(NamedTuple):
    """One step of one variable, before it is taken: tensors of one library and dtype."""

    grad: Any  # g_t, shape of the variable
    param: Any  # w_t, shape of the variable
    update: Any  # r_t, shape of the variable; g_t where a rule clips the gradient
    rate: Any  # eta_t, scalar


class Rule:
    """A stability method. Calling a rule with a StepView and the thresholds gives sigma.

    A subclass defines `terms(step, **thresholds)`, a tuple of tensors of the variable's shape, and
    `finish(totals, **thresholds)`, which turns the total of each over the coordinates into sigma.
    Sigma broadcasts against the variable. The two are apart so that a large variable can be looked
    at piece by piece, and several together (section 4.3.2). Thresholds come as scalar tensors.

    `scales` is "gradient" if the factor needs gradient and weight alone, so that it can be applied
    before the optimizer accumulates (Eq. 2 and 3); "update" if it needs r_t.
    """

    takes: dict[str, float | None] = {}  # name of a threshold -> its default, None without one
    may_be_zero: tuple[str, ...] = ()  # the thresholds for which 0 is a value like others
    total: Literal["sum", "min"] = "sum"  # how a term is taken together over the coordinates
    scales: Literal["gradient", "update"] = "update"
    units: tuple[int, ...] | None = None  # axes of a kernel whose units have totals of their own
    whole_weight = False  # rows of a table without a gradient count: a term is the weight's norm

    def __call__(self, view, **thresholds):
        """sigma of one step of one variable; a ValueError names a bad threshold or shape."""
        self.check(thresholds)
        _check_shapes(view)
        given = self.given(thresholds, view.grad.dtype)
        return self.finish([self.reduce(term) for term in self.terms(view, **given)], **given)

    def reduce(self, term):
        """The total of one term: a scalar, or with axes of size 1 beside those of the units."""
        axes = None
        if self.units and len(term.shape) > 1:
            rank = len(term.shape)
            kept = {axis % rank for axis in self.units}
            axes = [axis for axis in range(rank) if axis not in kept]
        return REDUCE[self.total](term, axis=axes, keepdims=axes is not None)

    def check(self, thresholds):
        """Raises a ValueError that names the first bad threshold; a tensor may change its value."""
        for name, value in thresholds.items():
            if is_number(value):
                check_number(name, value, zero=name in self.may_be_zero)
            elif not compatible(value.shape, ()):
                raise ValueError(f"{name} has shape {value.shape}: expected a scalar")

    def given(self, thresholds, dtype):
        """The thresholds, with the defaults of those left out, as tensors of a dtype."""
        defaults = {name: value for name, value in self.takes.items() if value is not None}
        return {name: scalar(v, dtype) for name, v in {**defaults, **thresholds}.items()}


class Naive(Rule):
    """No treatment (the column "Naive" of Table 2): sigma = 1, scalar."""

    def __call__(self, view):
        _check_shapes(view)
        return scalar(1, view.grad.dtype)


class GC(Rule):
    """Gradient clipping (paper, Eq. 2): sigma = min{lam / ||g||, 1}, for each variable.

    Threshold: lam > 0, the largest L2 norm left unclipped, in units of the gradient.
    sigma: in (0, 1], scalar; 1 where the gradient is 0 or empty; NaN if it has NaN; 0 if its norm
      overflows, so that the step is left out.
    """

    takes = {"lam": None}
    scales = "gradient"

    def terms(self, step, lam):
        return (square(step.grad),)

    def finish(self, totals, lam):
        return ratio_up_to_1(lam, sqrt(totals[0]))


class AGC(Rule):
    """Adaptive gradient clipping (paper, Eq. 3): sigma = min{lam * ||w|| / ||g||, 1}.

    Thresholds:
      lam: largest ||g|| / ||w|| left unclipped, a ratio without unit, > 0.
      floor: least ||w||, in units of the weight, > 0, so that variables that start at 0 can move.
    sigma: in (0, 1], scalar; 1 where the gradient is 0 or empty; NaN if it has NaN.
    Deviation: Eq. 3 has no floor; the official code has one, of 1e-3.
    """

    takes = {"lam": None, "floor": 1e-3}
    scales = "gradient"
    whole_weight = True

    def terms(self, step, lam, floor):
        return square(step.grad), square(step.param)

    def finish(self, totals, lam, floor):
        g_norm, w_norm = (sqrt(total) for total in totals)
        return ratio_up_to_1(lam * maximum(w_norm, floor), g_norm)


@dataclass(frozen=True)
class AGCPerUnit(AGC):
    """AGC as its official code does it: Eq. 3 with one factor for each output unit.

    Source: section 5.1.3 (the authors ran the nfnets code) and Brock et al. 2021, Eq. 3. The units
    of a kernel of shape (..., in, out) are its columns. A vector or a scalar is one unit.

    Args:
      units: the axes of a kernel's outputs; an optimizer knows those of its layers, see
        `clippy.units`.
    sigma: in (0, 1], shape (1, ..., 1, out), or scalar for a vector or a scalar.
    Deviation: the official code takes a (1, out) kernel for one unit, and knows no kernels of three
      axes but those of its own convolutions.
    """

    units: tuple[int, ...] = (-1,)


class LAMB(Rule):
    """LAMB with phi(x) = x (table of section 4.3.1, section 5.1.3): sigma = mu * ||w|| / ||r||.

    Threshold: mu > 0, scale of the learning rate, without unit.
    sigma: >= 0 and without upper limit, scalar, so that the step has the norm eta * mu * ||w||;
      1 where either norm is 0, so that biases that start at 0 can move (as in TF Addons' code).
    """

    takes = {"mu": None}
    whole_weight = True

    def terms(self, step, mu):
        return square(step.param), square(step.update)

    def finish(self, totals, mu):
        w_norm, r_norm = (sqrt(total) for total in totals)
        sigma = mu * divide_no_nan(w_norm, r_norm)
        plain = logical_or(equal(w_norm, 0), equal(r_norm, 0))
        return where(plain, ones_like(sigma), sigma)


class Clippy(Rule):
    """Clippy (paper, Algorithm 1, line 8): no coordinate moves by more than rel * |w| + abs_.

    sigma = min{1, min((rel * |w| + abs_) / (eta * |r|))}, the inner minimum over the coordinates.

    Thresholds:
      rel: lambda_rel, the share of a weight that one step may change, without unit, >= 0.
      abs_: lambda_abs, what one step may change beside it, in units of the weight, >= 0.
    sigma: in [0, 1], scalar; above 0 if `abs_` is; 1 for an empty variable and where nothing wants
      to move. A NaN in the update makes sigma NaN or leaves its coordinate NaN.
    """

    takes = {"rel": None, "abs_": None}
    may_be_zero = ("rel", "abs_")
    total = "min"

    def terms(self, step, rel, abs_):
        w, r, eta = step.param, step.update, scalar(step.rate, step.update.dtype)
        return (ratio_up_to_1(rel * absolute(w) + abs_, absolute(eta * r)),)

    def finish(self, totals, rel, abs_):
        return minimum(totals[0], 1.0)  # the least of no coordinates is infinite


RULES = {
    "naive": Naive(),
    "gc": GC(),
    "agc_per_unit": AGCPerUnit(),
    "agc_per_layer": AGC(),
    "lamb": LAMB(),
    "clippy": Clippy(),
}


def ratio_up_to_1(limit, size):
    """min{limit / size, 1} at each coordinate, which is 1 where the size is 0."""
    return where(size <= limit, ones_like(size), limit / size)


def _check_shapes(view):
    for name in ("param", "update"):
        shape = getattr(view, name).shape
        if not compatible(view.grad.shape, shape):
            raise ValueError(f"{name} has shape {shape}: expected {view.grad.shape} as grad")


def check_number(name, value, zero=False):
    """Raises a ValueError unless a value is a finite number > 0, or 0 where `zero` is True."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not (0 < value < math.inf or (zero and value == 0)):
        expected = "a finite number " + (">= 0" if zero else "> 0")
        raise ValueError(f"{name} = {value!r}: expected {expected}")


def check_choice(name, value, choices, of=""):
    """Raises a ValueError unless a value is one of some words; `of` says whose they are."""
    if value not in choices:
        expected = "one of " * (len(choices) > 1) + (", ".join(choices) or "none")
        raise ValueError(f"{name} = {value!r}: expected {expected}{of}")

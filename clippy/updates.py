"""The updates r_t of Adam, of SGD, and of tensorflow-recommenders' class, as `algorithm1.adagrad`.

Each is a generator of the form that `clippy.algorithm1` describes.
"""

from collections import namedtuple
from dataclasses import dataclass

from clippy.algorithm1 import scaled
from clippy.arrays import absolute, minimum, rsqrt, scalar, sqrt, square
from clippy.rules import Rule, StepView, ratio_up_to_1


def adam(g, w, state, eta, count, beta_1, beta_2, epsilon):
    """Adam (Kingma and Ba 2015, section 2), whose epsilon is the "epsilon hat" of that section."""
    m, v = state
    beta_1, beta_2 = scalar(beta_1, g.dtype), scalar(beta_2, g.dtype)
    t = scalar(count + 1, g.dtype)
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (square(g) - v)
    unbiased = sqrt(1 - beta_2**t) / (1 - beta_1**t)
    r = unbiased * m / (sqrt(v) + scalar(epsilon, g.dtype))
    sigma = yield StepView(g, w, r, eta)
    yield [m, v], scaled(eta, sigma) * r


def sgd(g, w, state, eta, count, momentum, nesterov):
    """SGD, with the momentum in a velocity that does not know the rate."""
    state, r = list(state), g
    if momentum:
        momentum = scalar(momentum, g.dtype)
        state[0] = r = momentum * state[0] + g
        if nesterov:
            r = momentum * r + g
    sigma = yield StepView(g, w, r, eta)
    yield state, scaled(eta, sigma) * r


def adagrad_of_authors(g, w, state, eta, count, epsilon, clip_accumulator, standard):
    """Adagrad of tensorflow-recommenders' class, whose rule is `ClippyOfAuthors`."""
    before, after = state[0], state[0] + square(g)
    G = after if standard else before
    precondition = rsqrt(G + scalar(epsilon, g.dtype))
    r = g * precondition
    sigma = yield _View(g, w, r, eta, precondition)
    if clip_accumulator and sigma is not None:
        after = before + square(sigma * g)
    yield [after], scaled(eta, sigma) * r


# A StepView with what the gradient was multiplied by, 1 / sqrt(G).
_View = namedtuple("_View", (*StepView._fields, "precondition"))


@dataclass(frozen=True)
class ClippyOfAuthors(Rule):
    """Line 8 of Algorithm 1 with three parts of the bound, which are plain numbers here."""

    factors: tuple[float, float]  # of the weight and of 1 / sqrt(G)
    absolute: float
    total = "min"

    def terms(self, step):
        references = step.param, step.precondition
        bound = bound_of(references, self.factors, self.absolute, step.grad.dtype)
        return (ratio_up_to_1(bound, absolute(step.rate * step.update)),)

    def finish(self, totals):
        return minimum(totals[0], 1.0)


def bound_of(references, relative_factors, absolute_factor, dtype):
    """What a coordinate may move by: a sum of shares of its references, and a number."""
    bound = scalar(absolute_factor, dtype)
    for reference, factor in zip(references, relative_factors, strict=True):
        if factor:  # most have no use for the second
            bound = bound + scalar(factor, dtype) * absolute(reference)
    return bound

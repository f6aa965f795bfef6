"""Algorithm 1, Adagrad with Clippy, as one function that every step of ClippedAdagrad runs.

A step is a generator: it yields the StepView that a rule looks at, is sent the factor sigma, and
yields the new state and what the weight loses; where no rule looks, sigma is None. Whoever runs it
finds sigma in a way of their own (`clippy.steps`, `clippy.scope`); the lines stay the same.
"""

from clippy.arrays import rsqrt, square
from clippy.rules import StepView


def adagrad(g, w, state, eta, count):
    """Algorithm 1, lines 5 to 9, for one variable; with another rule than Clippy it is Eq. 5.

    Gradient g, weight w before the step, and `state`, which is [G_{t-1}], have the shape of the
    variable. The rate eta is a scalar; Adagrad needs no `count` of the steps before.
    """
    # Line 5, g = dL(w)/dw, is the caller's.
    G = state[0] + square(g)  # line 6: update accumulator
    r = g * rsqrt(G)  # line 7: compute updates
    sigma = yield StepView(g, w, r, eta)  # line 8: get clipping factor, by rules.Clippy
    yield [G], scaled(eta, sigma) * r  # line 9: w loses eta * sigma * r


def adagrad_rows(g, w, state, eta, count):
    """`adagrad` in the rows of a sparse gradient; the product of line 9 is taken in another order.

    The committed results were multiplied in this order, and the other one rounds differently.
    """
    sigma = yield next(adagrad(g, w, state, eta, count))
    G = state[0] + square(g)
    yield [G], scaled(eta, sigma) * rsqrt(G) * g


def scaled(eta, sigma):
    """eta * sigma, or eta itself where no rule looks.

    A product with 1 would have TensorFlow multiply the rest in another order, with other bits.
    """
    return eta if sigma is None else eta * sigma


def clip_gradient(step):
    """A step whose gradient is clipped before anything else happens to it (Eq. 2 and 3).

    The rule looks at gradient and weight. A step such as `adagrad` becomes one of the same form
    that accumulates and applies sigma * g.
    """

    def clipped(g, w, state, eta, count):
        sigma = yield StepView(g, w, g, eta)
        rest = step(g if sigma is None else sigma * g, w, state, eta, count)
        next(rest)
        yield rest.send(None)

    return clipped

"""The methods restated on Python floats and NumPy, inputs, and tolerances: for either Keras.

Nothing here imports a Keras, so that the same oracles hold what runs on TensorFlow, JAX, PyTorch.
"""

import math

import numpy as np

DTYPES = ("float32", "float64")
RATE = 0.25  # a power of two, so that no dtype rounds it
THRESHOLDS = {
    "naive": {},
    "gc": {"lam": 0.1},
    "agc_per_unit": {"lam": 0.01},
    "agc_per_layer": {"lam": 0.01},
    "lamb": {"mu": 0.1},
    "clippy": {"rel": 0.5, "abs_": 0.01},
}
# Every kind of rule; rules_test.py proves each rule, and what uses them needs no more than this.
METHODS = [("gc", "clipped"), ("agc_per_unit", "clipped"), ("lamb", "raw"), ("clippy", "raw")]
TABLE = "embedding/table"
SHAPES = {"tower/kernel": (3, 5), "tower/bias": (5,), TABLE: (7, 3)}
BAD = [math.nan, math.inf, -math.inf, 1e30]  # the square of the last one is none of float32

# Exact in float32, because Keras takes some of them through it and computes 1 - beta in Python.
MOMENTUM = float(np.float32(0.9))
BETAS = {"beta_1": MOMENTUM, "beta_2": float(np.float32(0.999))}


# The rules.


def norm(values):
    """L2 norm of an array on Python floats, which do not overflow at float32's limit."""
    return math.hypot(*(float(value) for value in np.ravel(values)))


def largest(fits, high=1.0):
    """The largest number in [0, high] for which fits(number), where smaller ones fit too."""
    if fits(high):
        return high
    low = 0.0
    for _ in range(1100):  # down to the smallest float
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _agc_per_layer(grad, param, update, rate, lam, floor=1e-3):
    limit = lam * max(norm(param), floor)
    return largest(lambda sigma: norm(sigma * grad) <= limit)


def _agc_per_unit(grad, param, update, rate, lam, floor=1e-3):
    if grad.ndim < 2:
        return _agc_per_layer(grad, param, update, rate, lam, floor)
    units = range(grad.shape[-1])
    return np.array(
        [_agc_per_layer(grad[..., i], param[..., i], update, rate, lam, floor) for i in units]
    )


def _lamb(grad, param, update, rate, mu):
    if norm(param) == 0 or norm(update) == 0:
        return 1.0
    length = rate * mu * norm(param)  # of the step, whatever the length of the update
    return largest(lambda sigma: norm(rate * sigma * update) <= length, 1e9)


def _clippy(grad, param, update, rate, rel, abs_):
    pairs = [(float(r), float(w)) for r, w in zip(np.ravel(update), np.ravel(param), strict=True)]
    return largest(
        lambda sigma: all(abs(rate * sigma * r) <= rel * abs(w) + abs_ for r, w in pairs)
    )


ORACLES = {
    "naive": lambda grad, param, update, rate: 1.0,
    "gc": lambda grad, param, update, rate, lam: largest(lambda s: norm(s * grad) <= lam),
    "agc_per_unit": _agc_per_unit,
    "agc_per_layer": _agc_per_layer,
    "lamb": _lamb,
    "clippy": _clippy,
}


def sigma_by_definition(name, grad, param, update, rate, **thresholds):
    """sigma of a rule from its definition, in float64, broadcastable against grad."""
    arrays = [np.asarray(array, np.float64) for array in (grad, param, update)]
    return np.asarray(ORACLES[name](*arrays, float(rate), **thresholds))


def rtol(dtype, terms=1):
    """Rounding of a sum of `terms` squares, its root, a quotient and a product, with a margin."""
    return (terms + 16) * float(np.finfo(dtype).eps)


# The optimizers.


def weights(dtype="float32", seed=0, shapes=SHAPES):
    """Normal numbers for each name of `shapes`."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def gradients(steps, dtype="float32", seed=1, slices=None):
    """Gradients of some steps, of changing size, so that rules clip some and pass some.

    Those of the table are `slices(values, ids, shape)`, with repeated ids, if it is given.
    """
    rng, grads = np.random.default_rng(seed), []
    for step in range(steps):
        size = (10, 1e-5, 1, 1e-2)[step % 4]
        grads.append(
            {name: (rng.normal(size=s) * size).astype(dtype) for name, s in SHAPES.items()}
        )
        if slices:
            values = (rng.normal(size=(4, 3)) * 10.0 ** rng.uniform(-3, 1)).astype(dtype)
            ids = [[4, 1, 4, 4], [6, 6, 0, 1], [2, 5, 2, 1]][step % 3]
            grads[-1][TABLE] = slices(values, ids, SHAPES[TABLE])
    return grads


def dense(grad):
    """A gradient, or TensorFlow's IndexedSlices, as a float64 array, its repeated ids summed."""
    if not hasattr(grad, "indices"):
        return np.asarray(grad, np.float64)
    total = np.zeros(grad.dense_shape.numpy())
    np.add.at(total, grad.indices.numpy(), np.asarray(grad.values, np.float64))
    return total


def advance(base, g, state, t):
    """The state of an optimizer after its step t, from 1 on, and its update r_t."""
    if base == "adagrad":
        total = (state[0] if state else 0.1) + g**2  # Algorithm 1, line 6
        return (total,), g / np.sqrt(total)  # line 7
    if base == "adam":
        beta_1, beta_2 = BETAS.values()
        m, v = state or (0.0, 0.0)
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        # Keras' epsilon is the "epsilon hat" of Kingma and Ba, section 2.
        return (m, v), m * math.sqrt(1 - beta_2**t) / (1 - beta_1**t) / (np.sqrt(v) + 1e-7)
    if base == "sgd":
        return (), g
    velocity = MOMENTUM * (state[0] if state else 0.0) + g
    return (velocity,), MOMENTUM * velocity + g if base == "nesterov" else velocity


def run_by_definition(
    rule, accumulate, start, grads, base="adagrad", scope="local", plain=(), **given
):
    """Steps in float64: Eq. 2 and 3 before those of the base, or line 8 of Algorithm 1 in them.

    Args:
      plain: names of variables that the rule does not treat.
      **given: `rates` of the steps, and `thresholds`.
    Returns: the weights after every step, the last states by name, the sigmas of every step by
      name; 0 for a gradient that is not finite, whose variable stays as it is.
    """
    thresholds = given.get("thresholds") or THRESHOLDS[rule]
    weight = {name: np.asarray(value, np.float64) for name, value in start.items()}
    state, path, sigmas = dict.fromkeys(weight, ()), [dict(weight)], []
    rates = given.get("rates") or [RATE] * len(grads)
    clips = accumulate == "clipped"
    for t, (step, rate) in enumerate(zip(grads, rates, strict=True), 1):
        grad = {name: dense(step[name]) for name in weight}
        finite = [name for name in weight if np.all(np.isfinite(grad[name]))]
        seen = {n: grad[n] if clips else advance(base, grad[n], state[n], t)[1] for n in finite}
        sigma = {name: float(name in finite) for name in weight}
        treated = [name for name in finite if name not in plain]
        for names in [treated] if scope == "global" and treated else [[n] for n in treated]:
            joined = (
                np.concatenate([np.ravel(kind[name]) for name in names])
                if len(names) > 1
                else kind[names[0]]
                for kind in (grad, weight, seen)
            )
            factor = sigma_by_definition(rule, *joined, rate, **thresholds)
            sigma.update(dict.fromkeys(names, factor))
        for name in finite:
            g = grad[name] * (sigma[name] if clips else 1)
            state[name], r = advance(base, g, state[name], t)
            weight[name] = weight[name] - rate * (1 if clips else sigma[name]) * r  # line 9
        path.append(dict(weight))
        sigmas.append(sigma)
    return path, state, sigmas


def assert_same_path(path, expected, steps_per_eps=64):
    """Each step rounds a few times, so the tolerance grows with the number of steps."""
    for name in expected[0]:
        for step, (one, other) in enumerate(zip(path, expected, strict=True)):
            tolerance = steps_per_eps * (step + 1) * float(np.finfo(one[name].dtype).eps)
            np.testing.assert_allclose(
                one[name], other[name], rtol=tolerance, atol=tolerance, err_msg=f"{name} {step}"
            )


def assert_identical_path(path, expected):
    """Two runs are equal bit for bit."""
    assert_same_path(path, expected, steps_per_eps=0)


def assert_identical(one, other):
    """Two lists of arrays are equal bit for bit."""
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)

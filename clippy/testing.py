"""What the tests of the Keras 2 side share: optimizers, tensors, runs and configs."""

import functools
import inspect
import json

import numpy as np
import pytest

from clippy import oracles
from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.oracles import BETAS, MOMENTUM, RATE, THRESHOLDS
from clippy.rules import RULES, StepView

SOME_METHODS = pytest.mark.parametrize("rule, accumulate", [("gc", "clipped"), ("clippy", "raw")])
BASES = {
    "adagrad": (ClippedAdagrad, {}),
    "adam": (ClippedAdam, BETAS),
    "sgd": (ClippedSGD, {}),
    "momentum": (ClippedSGD, {"momentum": MOMENTUM}),
    "nesterov": (ClippedSGD, {"momentum": MOMENTUM, "nesterov": True}),
}
EACH_BASE = pytest.mark.parametrize("base", BASES)


def view_of(grad, param, update=None, rate=RATE, dtype="float64"):
    """A StepView of arrays; without an update it is the gradient."""
    arrays = grad, param, grad if update is None else update, rate
    return StepView(*(tf.constant(np.asarray(array, dtype)) for array in arrays))


def random_view(shape, dtype, seed=0, grad_scale=1.0, param_scale=1.0):
    """A StepView of normal numbers."""
    rng = np.random.default_rng(seed)
    grad, param, update = (rng.normal(size=shape) for _ in range(3))
    return view_of(grad * grad_scale, param * param_scale, update, dtype=dtype)


def sigma_of(name, view, thresholds=None):
    """sigma of the rule itself, an array."""
    return RULES[name](view, **(THRESHOLDS[name] if thresholds is None else thresholds)).numpy()


def optimizer_of(rule, accumulate="raw", base="adagrad", **arguments):
    """An optimizer with a rule at the thresholds of THRESHOLDS."""
    cls, own = BASES[base]
    arguments = {"learning_rate": RATE, **own, **arguments}
    return cls(rule, THRESHOLDS[rule], accumulate=accumulate, **arguments)


MAKE = {  # each with its own state or class
    "adagrad": functools.partial(optimizer_of, "clippy"),
    "adam": functools.partial(optimizer_of, "clippy", base="adam"),
    "momentum": functools.partial(optimizer_of, "gc", "clipped", base="momentum"),
    "drop-in": functools.partial(ClippyAdagrad, learning_rate=RATE),
}


def gradients(steps, dtype="float32", seed=1, sparse=False):
    """`oracles.gradients`; those of the table are IndexedSlices with repeated ids if `sparse`."""
    return oracles.gradients(steps, dtype, seed, slices if sparse else None)


def slices(values, ids, shape=None):
    """A sparse gradient; without a shape it brings none."""
    shape = None if shape is None else tf.constant(shape)
    return tf.IndexedSlices(tf.constant(values), tf.constant(ids), shape)


def run(optimizer, start, grads, traced=False):
    """The weights after every step: a list of dicts, `start` first; `traced` may be "xla"."""
    variables = {name: tf.Variable(value, name=name) for name, value in start.items()}
    optimizer.build(list(variables.values()))

    def step(grads):
        optimizer.apply_gradients([(grads[name], variables[name]) for name in variables])

    xla = True if traced == "xla" else None
    apply = tf.function(step, reduce_retracing=True, jit_compile=xla) if traced else step
    path = [start]
    for grad in grads:
        given = {name: grad[name] for name in variables}
        slices = {name for name in given if isinstance(given[name], tf.IndexedSlices)}
        apply({n: g if n in slices else tf.convert_to_tensor(g) for n, g in given.items()})
        path.append({name: variable.numpy() for name, variable in variables.items()})
    return path


def assert_factors(optimizer, sigmas, rtol=1e-4):
    """The exported factors are the smallest sigma of each variable."""
    named = {name[:-2]: float(value) for name, value in optimizer.named_clipping_factors().items()}
    assert list(named) == list(sigmas)
    for name, sigma in sigmas.items():
        np.testing.assert_allclose(named[name], np.min(sigma), rtol=rtol, err_msg=name)


# Configs.

CONFIGURED = {
    "learning_rate": 0.125,
    "include": ["tower", "table"],
    "exclude": ["embedding", "bias"],
    "scope": "global",
    "skip_nonfinite": False,
    "export_clipping_factors": True,
    "jit_compile": False,
    "name": "another",
    "weight_decay": 0.25,
    "clipnorm": 0.5,
}


def arguments_of(optimizer):
    """Names of the constructor's arguments, those of its base classes in clippy included."""
    classes = [cls for cls in type(optimizer).__mro__ if cls.__module__.startswith("clippy.")]
    names = {name for cls in classes for name in inspect.signature(cls.__init__).parameters}
    return names - {"self", "args", "kwargs"}


def through_json(config):
    """What a config is after it has been written and read."""
    return json.loads(json.dumps(config))

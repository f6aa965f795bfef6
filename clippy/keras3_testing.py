"""What the tests of the Keras 3 side share: optimizers, and runs on the back end of the process."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from clippy import keras3
from clippy.oracles import BETAS, MOMENTUM, RATE, THRESHOLDS

BACKEND = keras.backend.backend()
ON_TENSORFLOW = pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow has such gradients")
BASES = {
    "adagrad": (keras3.ClippedAdagrad, {}),
    "adam": (keras3.ClippedAdam, BETAS),
    "sgd": (keras3.ClippedSGD, {}),
    "momentum": (keras3.ClippedSGD, {"momentum": MOMENTUM}),
    "nesterov": (keras3.ClippedSGD, {"momentum": MOMENTUM, "nesterov": True}),
}
METHODS = [
    *((rule, "clipped") for rule in ("gc", "agc_per_unit", "agc_per_layer")),
    *((rule, "raw") for rule in THRESHOLDS),
]
EACH_METHOD = pytest.mark.parametrize("rule, accumulate", METHODS)
EACH_WAY = pytest.mark.parametrize("compiled", [False, True])
PYTORCH_HAS_ONE = "PyTorch runs eagerly"


def optimizer_of(rule, accumulate=None, base="adagrad", **arguments):
    cls, own = BASES[base]
    arguments = {"learning_rate": RATE, **own, **arguments}
    return cls(rule, THRESHOLDS[rule], accumulate=accumulate, **arguments)


MAKE = {
    **{base: functools.partial(optimizer_of, "clippy", base=base) for base in BASES},
    "global": functools.partial(optimizer_of, "gc", scope="global"),
    "drop-in": functools.partial(keras3.ClippyAdagrad, learning_rate=RATE),
}
EACH = pytest.mark.parametrize("which", MAKE)


def variable_of(name, value, dtype=None):
    scope, _, own = name.rpartition("/")
    with keras.name_scope(scope or "top"):
        return keras.Variable(value, name=own, dtype=dtype or str(value.dtype))


def stepper(optimizer, variables, compiled):
    """A function of a step's gradients, compiled as the trainer of the back end compiles it."""
    if not compiled:
        return lambda grads: optimizer.apply(grads, variables)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda grads: optimizer.apply(grads, variables), reduce_retracing=True)
    if BACKEND != "jax":
        pytest.skip(PYTORCH_HAS_ONE)
    import jax

    program = jax.jit(optimizer.stateless_apply)

    def step(grads):
        held = [[v.value for v in part] for part in (optimizer.variables, variables)]
        found = program(held[0], grads, held[1])
        for kept, values in zip((variables, optimizer.variables), found, strict=True):
            for variable, value in zip(kept, values, strict=True):
                variable.assign(value)

    return step


def run(optimizer, start, grads, compiled=False):
    """The weights after every step: a list of dicts, `start` first."""
    variables = {name: variable_of(name, value) for name, value in start.items()}
    optimizer.build(list(variables.values()))
    step, path = stepper(optimizer, list(variables.values()), compiled), [start]
    for grad in grads:
        given = [grad[name] for name in variables]
        step([ops.convert_to_tensor(g) if isinstance(g, np.ndarray) else g for g in given])
        path.append({name: ops.convert_to_numpy(v) for name, v in variables.items()})
    return path


def assert_factors(optimizer, sigmas):
    found = {name: float(v.numpy()) for name, v in optimizer.named_clipping_factors().items()}
    assert list(found) == list(sigmas)
    for name, sigma in sigmas.items():
        np.testing.assert_allclose(found[name], np.min(sigma), rtol=1e-4, err_msg=name)

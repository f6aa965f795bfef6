"""Steps of `clippy.keras3` beside Keras 3's Adagrad, in a process for each back end.

Keras 3 has one back end in a process, which KERAS_BACKEND names before it is imported.
"""

import importlib.util
import json
import os
import subprocess
import sys

from experiments.machinery.gin_files import ROOT
from scripts.bench.optimizers import PAPER, RATE
from scripts.bench.scale import interleaved, one_thread

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}


def installed():
    """The back ends to measure; `make setup-jax` adds the second."""
    return [backend for backend in BACKENDS if importlib.util.find_spec(backend)]


def medians(backend, shapes, repeats):
    """Median seconds of a step over variables of some shapes: dict of "clippy" and "adagrad"."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, json.dumps([shapes, repeats])],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _steps(shapes):
    import keras
    import numpy as np

    from clippy import keras3

    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype("float32") for shape in shapes]
    optimizers = {
        "clippy": keras3.ClippedAdagrad("clippy", PAPER, learning_rate=RATE),
        "adagrad": keras.optimizers.Adagrad(RATE, 0.1),
    }
    compiled = _on_jax if keras.backend.backend() == "jax" else _on_tensorflow
    variables = [keras.Variable(array, name=f"kernel_{i}") for i, array in enumerate(arrays)]
    grads = [keras.ops.convert_to_tensor(array) for array in arrays]
    return {name: compiled(name, each, grads, variables) for name, each in optimizers.items()}


def _on_tensorflow(name, optimizer, grads, variables):
    import tensorflow as tf

    optimizer.build(variables)
    xla = True if name == "adagrad" else None  # the rule has programs of its own
    apply = tf.function(lambda grads: optimizer.apply(grads, variables), jit_compile=xla)
    program = apply.get_concrete_function(grads)
    return lambda: program(grads)


def _on_jax(name, optimizer, grads, variables):
    """As the trainer of Keras compiles a step: state and weights are given up for the new ones."""
    import jax

    optimizer.build(variables)
    program = jax.jit(optimizer.stateless_apply, donate_argnums=(0, 2))
    held = [[jax.numpy.array(v.value) for v in part] for part in (optimizer.variables, variables)]

    def step():
        held[1], held[0] = jax.block_until_ready(program(held[0], grads, held[1]))

    return step


if __name__ == "__main__":
    one_thread()
    given, count = json.loads(sys.argv[1])
    print(json.dumps(interleaved(_steps(given), count)))

"""Steps of the optimizers alone, beside tensorflow-recommenders' class and Keras' Adagrad."""

import contextlib
import os
import pathlib

import tensorflow as tf
import tf_keras as keras

import clippy
from experiments.studies.settings import run_config
from experiments.training.program import EXCLUDE, build_model

PROFILE = "paper"  # whose Large has 57.0M parameters
RATE = 1e-3  # ours: the time does not depend on it
# Arrays of the variables' size that a step reads or writes. Adagrad reads the gradient, the
# accumulator and the weight and writes the last two; a rule reads what it looks at once more.
ADAGRAD_PASSES = 5
# The drop-in class steps from the old accumulator by default, and writes weight and state apart.
PASSES = {"gc": 6, "agc_per_unit": 7, "lamb": 8, "clippy": 8, "drop_in": 10}
THRESHOLDS = {
    "gc": {"lam": 0.1},
    "agc_per_unit": {"lam": 0.01},
    "lamb": {"mu": 0.1},
    "clippy": {"rel": 0.5, "abs_": 0.01},
}
# 1 % of the rows of a table against all of them.
TABLE_ROWS, TABLE_WIDTH, FEW = 1_000_000, 16, 10_000


def dense_steps():
    """Steps over the 57.0M parameters of Large at the paper's size.

    Returns: dict from name to a function that takes one step: "tfrs" and "drop_in" (the same
      arguments), "adagrad" (Keras', compiled with XLA as the rules are), and the rules.
    """
    import tensorflow_recommenders as tfrs  # not before clippy has chosen Keras 2

    config = run_config(PROFILE, "large", "naive", learning_rate=RATE, data_seed=1000, run_seed=0)
    model = build_model(config, vocabulary_size=1)
    variables = [v for v in model.trainable_variables if EXCLUDE[0] not in f"/{v.name}"]
    grads = [tf.random.stateless_normal(v.shape, [0, i]) for i, v in enumerate(variables)]
    optimizers = {
        "tfrs": tfrs.experimental.optimizers.ClippyAdagrad(RATE),
        "drop_in": clippy.ClippyAdagrad(RATE),
        "adagrad": keras.optimizers.Adagrad(RATE, 0.1),
    }
    for rule, thresholds in THRESHOLDS.items():
        optimizers[rule] = clippy.ClippedAdagrad(rule, thresholds, learning_rate=RATE)
    return {
        name: _step(optimizer, grads, variables, jit_compile=name == "adagrad")
        for name, optimizer in optimizers.items()
    }


def sparse_steps():
    """Clippy's step of a table in a few of its rows, and in all: dict "few", "all" to a function.

    Each has a table of its own.
    """
    steps = {}
    for name, rows in {"few": FEW, "all": TABLE_ROWS}.items():
        table = tf.Variable(tf.random.stateless_normal([TABLE_ROWS, TABLE_WIDTH], [1, 0]))
        ids = tf.random.experimental.stateless_shuffle(tf.range(TABLE_ROWS), [2, 0])[:rows]
        values = tf.random.stateless_normal([rows, TABLE_WIDTH], [3, 0])
        grad = tf.IndexedSlices(values, ids, tf.constant([TABLE_ROWS, TABLE_WIDTH]))
        steps[name] = _step(clippy.paper_clippy(RATE), [grad], [table])
    return steps


@contextlib.contextmanager
def one_core():
    """Keeps every thread on one core: XLA gives a program of several arrays more than one thread.

    Keras' Adagrad is one program and would have two cores where a rule, a program for each
    variable, has one.
    """
    allowed = os.sched_getaffinity(0)
    try:
        _place({min(allowed)})
        yield
    finally:
        _place(allowed)


def _place(cores):
    for thread in pathlib.Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended since
            os.sched_setaffinity(int(thread.name), cores)


def _step(optimizer, grads, variables, jit_compile=None):
    optimizer.build(variables)
    apply = tf.function(
        lambda grads: optimizer.apply_gradients(zip(grads, variables, strict=True)),
        jit_compile=jit_compile,
    )
    program = apply.get_concrete_function(grads)  # of many calls TensorFlow would warn
    return lambda: program(grads)

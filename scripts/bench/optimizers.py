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
RATE = 1e-3  # ours: a rate at which nothing diverges; time and memory do not depend on it
# Arrays of the variables' size that a step reads or writes. Adagrad reads the gradient, the
# accumulator and the weight and writes the last two; a rule reads what it looks at once more.
ADAGRAD_PASSES = 5
# The drop-in class steps from the old accumulator by default, and writes weight and state apart.
PASSES = {"gc": 6, "agc_per_unit": 7, "lamb": 8, "clippy": 8, "drop_in": 10}
PAPER = {"rel": 0.5, "abs_": 0.01}
# 1 % of the rows of a table against all of them.
TABLE_ROWS, TABLE_WIDTH, FEW = 1_000_000, 16, 10_000


def config_of(profile, model, method, run_seed=0, values=None):
    """The RunConfig of a run of the bench."""
    seeds = {"data_seed": 1000, "run_seed": run_seed}
    return run_config(profile, model, method, learning_rate=RATE, **seeds, values=values)


def dense_steps():
    """Steps over the 57.0M parameters of Large at the paper's size: dict from name to function.

    "tfrs" and "drop_in" have the same arguments; XLA compiles "adagrad", Keras', like the rules.
    """
    import tensorflow_recommenders as tfrs  # not before clippy has chosen Keras 2

    variables = large()
    grads = [tf.random.stateless_normal(v.shape, [0, i]) for i, v in enumerate(variables)]
    optimizers = {
        "tfrs": tfrs.experimental.optimizers.ClippyAdagrad(RATE),
        "drop_in": clippy.ClippyAdagrad(RATE),
        "adagrad": keras.optimizers.Adagrad(RATE, 0.1),
        "gc": clippy.ClippedAdagrad("gc", {"lam": 0.1}, learning_rate=RATE),
        "agc_per_unit": clippy.ClippedAdagrad("agc_per_unit", {"lam": 0.01}, learning_rate=RATE),
        "lamb": clippy.ClippedAdagrad("lamb", {"mu": 0.1}, learning_rate=RATE),
        "clippy": clippy.ClippedAdagrad("clippy", PAPER, learning_rate=RATE),
    }
    return {
        name: _step(optimizer, grads, variables, jit_compile=name == "adagrad")
        for name, optimizer in optimizers.items()
    }


def large():
    """The variables of Large at the paper's size, without its embeddings."""
    model = build_model(config_of(PROFILE, "large", "naive"), vocabulary_size=1)
    return [v for v in model.trainable_variables if EXCLUDE["plain"][0] not in f"/{v.name}"]


def sparse_steps():
    """Clippy's step of a table in a "few" of its rows, and in "all": dict from name to function."""
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
    """Keeps all threads on one core: XLA would give Keras' Adagrad two cores, and a rule one."""
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

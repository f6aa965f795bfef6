"""Gradients that fit no variable are refused before anything moves; sparse ones need no shape."""

import re

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdam, ClippedSGD
from clippy.oracles import RATE, TABLE, assert_identical_path, dense, weights
from clippy.rules import RULES
from clippy.testing import BASES, EACH_BASE, gradients, optimizer_of, run, slices

EACH_WAY = pytest.mark.parametrize("traced", [False, True])
MAKE = {
    "drop-in": lambda **given: ClippyAdagrad(RATE, **given),
    "global": lambda **given: optimizer_of("gc", scope="global", **given),
    **{
        f"{base} {rule}": lambda base=base, rule=rule, **given: optimizer_of(
            rule, None, base, **given
        )
        for base in BASES
        for rule in RULES
    },
}
WRONG = [(), (1, 2), (2,), (3, 1), (1,), (2, 2), (3, 2, 1), (2, 3)]  # of a gradient for (3, 2)


def refused(optimizer, grad, variable, traced):
    """What is said of a gradient that follows one that fits; neither variable has moved."""
    first, decayed = tf.Variable(tf.ones([4])), variable.numpy()

    def step():
        optimizer.apply_gradients([(tf.ones([4]), first), (grad, variable)])

    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        (tf.function(step) if traced else step)()
    np.testing.assert_array_equal(first, np.ones([4]))
    np.testing.assert_array_equal(variable, decayed)
    assert int(optimizer.iterations) == 0
    # Traced, the lines of the caller's code come before.
    return error.value.message.strip().splitlines()[-1].strip().split("Error: ")[-1]


@EACH_WAY
@pytest.mark.parametrize("which", ["drop-in", "global", "adam clippy", "momentum gc", "sgd lamb"])
def test_a_gradient_of_another_shape_is_refused_before_anything_moves(which, traced):
    for shape in WRONG:
        kernel = tf.Variable(tf.ones([3, 2]), name="kernel")
        said = refused(MAKE[which](weight_decay=0.5), tf.ones(shape), kernel, traced)
        found = tf.TensorShape(shape)
        assert said == f"gradient of kernel:0 has shape {found}: expected (3, 2)"


@EACH_WAY
@pytest.mark.parametrize("which", ["drop-in", "global", "adam clippy", "momentum gc", "sgd lamb"])
def test_rows_of_another_shape_are_refused_too(which, traced):
    for shape in [(2, 1), (2, 3), (2,), (2, 2, 1)]:
        table = tf.Variable(tf.ones([5, 2]), name="table")
        grad = slices(np.ones(shape, "float32"), [1, 3], (5, 2))
        said = refused(MAKE[which](), grad, table, traced)
        assert said.startswith("gradient of table:0 has shape (2,")
        assert said.endswith(": expected (None, 2)")


@EACH_WAY
@pytest.mark.parametrize("which", ["drop-in", "adam clippy", "momentum gc", "sgd lamb"])
def test_a_sparse_gradient_of_another_shape_is_refused_too(which, traced):
    for shape in [(1, 2), (4, 2), (5, 1), (2,)]:
        table = tf.Variable(tf.ones([5, 2]), name="table")
        grad = slices(np.ones((1, 2), "float32"), [0], shape)
        said = refused(MAKE[which](), grad, table, traced)
        assert said == f"gradient of table:0 has shape {tf.TensorShape(shape)}: expected (5, 2)"


@pytest.mark.parametrize("xla", [None, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_shape_that_tracing_does_not_know_is_checked_in_the_step(sparse, xla):
    table = tf.Variable(tf.ones([5, 2]))
    optimizer = optimizer_of("clippy")
    optimizer.build([table])

    @tf.function(input_signature=[tf.TensorSpec(None)], jit_compile=xla)
    def step(values):
        grad = tf.IndexedSlices(values, tf.range(5)) if sparse else values
        optimizer.apply_gradients([(grad, table)])

    step(tf.ones([5, 2]))
    once = table.numpy()
    assert np.all(once < 1)
    for shape in [(5, 1), (1, 2), (2,), ()]:
        with pytest.raises(tf.errors.InvalidArgumentError):
            step(tf.ones(shape))
    np.testing.assert_array_equal(table, once)


@pytest.mark.parametrize("values", [[[2.0, 3.0]], np.array([[2.0, 3.0]], "float32")])
def test_arrays_and_lists_are_gradients_as_for_keras(values):
    ours, theirs = tf.Variable(tf.ones([1, 2])), tf.Variable(tf.ones([1, 2]))
    optimizer_of("naive", base="sgd").apply_gradients([(values, ours)])
    keras.optimizers.SGD(RATE).apply_gradients([(tf.constant(values), theirs)])
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "base, rule, traced",
    [*((base, "clippy", False) for base in BASES), ("adam", "gc", True), ("adagrad", "lamb", True)],
)
def test_a_sparse_gradient_needs_no_shape_of_its_own(base, rule, traced):
    start = {TABLE: weights()[TABLE]}
    with_shape = [{TABLE: grad[TABLE]} for grad in gradients(4, sparse=True)]
    without = [
        {TABLE: tf.IndexedSlices(grad[TABLE].values, grad[TABLE].indices)} for grad in with_shape
    ]
    paths = [run(optimizer_of(rule, None, base), start, g, traced) for g in (without, with_shape)]
    assert_identical_path(*paths)


def test_the_steps_of_rows_without_a_shape_are_those_of_keras():
    for ours, theirs, right in [
        (ClippedAdam("naive", learning_rate=0.1), keras.optimizers.Adam(0.1), 0.9000008),
        (
            ClippedSGD("naive", learning_rate=0.1, momentum=0.9),
            keras.optimizers.SGD(0.1, momentum=0.9),
            0.8,
        ),
    ]:
        for optimizer in (ours, theirs):
            table = tf.Variable(tf.ones([5, 2]))
            optimizer.apply_gradients([(slices(np.ones([2, 2], "float32"), [1, 1]), table)])
            np.testing.assert_array_equal(np.delete(table.numpy(), 1, 0), np.ones([4, 2]))
            np.testing.assert_allclose(table[1], [right, right], rtol=1e-6)


@pytest.mark.parametrize("index", [-1, 5])
@EACH_BASE
def test_an_id_outside_the_table_is_refused_as_by_keras(base, index):
    # A sum over segments would leave out an id below 0 and say nothing.
    for optimizer in (optimizer_of("naive", base=base), keras.optimizers.Adam()):
        table = tf.Variable(tf.ones([5, 2]))
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{index}"):
            optimizer.apply_gradients([(slices(np.ones([2, 2], "float32"), [1, index]), table)])
        np.testing.assert_array_equal(table, np.ones([5, 2]))


@EACH_BASE
def test_the_plain_update_takes_what_a_step_takes(base):
    optimizer, table = optimizer_of("naive", base=base), tf.Variable(weights()[TABLE])
    optimizer.build([table])
    grad = gradients(1, sparse=True)[0][TABLE]
    update = optimizer.plain_update(tf.IndexedSlices(grad.values, grad.indices), table)
    expected = optimizer.plain_update(tf.constant(np.float32(dense(grad))), table)
    np.testing.assert_allclose(update, expected, rtol=1e-6)
    message = re.escape("has shape (3,): expected (7, 3)")
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        optimizer.plain_update(tf.ones([3]), table)


@EACH_WAY
@pytest.mark.parametrize("which", ["global", "drop-in", "adam clippy", "sgd agc_per_unit"])
def test_a_variable_that_the_optimizer_does_not_know_is_refused_in_keras_words(which, traced):
    known, other = (tf.Variable(tf.ones([2, 2]), name=name) for name in ("known", "other"))
    optimizer = MAKE[which](export_clipping_factors=True, weight_decay=0.5)
    optimizer.build([known])

    def step():
        optimizer.apply_gradients([(tf.ones([2, 2]), known), (tf.ones([2, 2]), other)])

    sentence = "The optimizer cannot recognize variable other:0"
    with pytest.raises(KeyError, match=sentence):
        (tf.function(step) if traced else step)()
    np.testing.assert_array_equal(known, np.ones([2, 2]))
    with pytest.raises(KeyError, match=sentence):
        optimizer.slots_of(other)

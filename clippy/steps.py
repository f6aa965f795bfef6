"""Three ways to take a step on TensorFlow: dense, in the rows of a table, compiled by XLA.

Either Keras takes them. Each is a generator that yields what `Measure.of` finds, is sent the factor
sigma, and writes the new state and weight. In it runs the optimizer's own step.
"""

import platform

import tensorflow as tf

from clippy.measure import Measure
from clippy.pieces import totals_of_columns

LARGE = 1 << 16  # coordinates of a variable above which XLA's call costs less than it saves


def fitting(grad, variable):
    """A gradient as it comes, unless its shape is not that of its variable; None is none.

    A shape that tracing does not know is checked when the step runs, without a copy.

    Raises: InvalidArgumentError, as of Keras' own optimizers, which names the variable.
    """
    if grad is None:
        return None
    sparse = isinstance(grad, tf.IndexedSlices)
    tensor = tf.convert_to_tensor(grad.values if sparse else grad)
    found, expected = tensor.shape, tf.TensorShape(variable.shape)
    if sparse:
        shape = _known_shape(grad)
        if shape is not None and not expected.is_compatible_with(shape):
            found = tf.TensorShape(shape)
        else:  # values of any number of rows
            expected = tf.TensorShape([None]).concatenate(expected[1:])
    if not found.is_compatible_with(expected):
        name = getattr(variable, "path", variable.name)
        message = f"gradient of {name} has shape {found}: expected {expected}"
        raise tf.errors.InvalidArgumentError(None, None, message)
    if not (found[1:] if sparse else found).is_fully_defined():
        tensor = tf.ensure_shape(tensor, expected)
    return tf.IndexedSlices(tensor, grad.indices, grad.dense_shape) if sparse else tensor


def summed(grad):
    """A sparse gradient whose ids are unique, as Keras 2 makes it; another as it is."""
    if not isinstance(grad, tf.IndexedSlices):
        return grad
    ids, places = tf.unique(grad.indices)
    values = tf.math.unsorted_segment_sum(grad.values, places, tf.shape(ids)[0])
    return tf.IndexedSlices(values, ids, grad.dense_shape)


def dense(grad, variable):
    """A gradient that fits a variable as one tensor, rows without a gradient 0."""
    if not isinstance(grad, tf.IndexedSlices):
        return tf.convert_to_tensor(grad)
    if _known_shape(grad) is not None:
        return tf.convert_to_tensor(grad)
    # By the shape of the variable: a sparse gradient need not bring its own.
    shape = tf.constant(variable.shape.as_list(), grad.indices.dtype)
    return tf.scatter_nd(tf.expand_dims(grad.indices, 1), grad.values, shape)


def _known_shape(grad):
    """The shape that a sparse gradient brings, an array; None if it brings none or not yet."""
    return None if grad.dense_shape is None else tf.get_static_value(grad.dense_shape)


def take(optimizer, grad, variable, dtype, eta, count):
    """One step of one variable, which is stored in a dtype: measured, guarded and taken."""
    alone = optimizer.treats(variable) and optimizer.joint_sigma is None
    step = measured(optimizer, grad, variable, alone, eta, count)
    totals, finite = next(step)
    sigma = optimizer.sigma_of(variable, totals, dtype)
    if finite is None:
        step.send(sigma)
    else:
        # A branch: choosing between values costs XLA half as much again as the step.
        tf.cond(finite, lambda: step.send(sigma), lambda: None)
    optimizer.note(variable, finite, sigma)


def measured(optimizer, grad, variable, looks, eta, count):
    """A step as below, which the rule looks at or only the guard."""
    step = compiled_step if optimizer.compile_steps and is_large(variable) else dense_step
    if isinstance(grad, tf.IndexedSlices) and optimizer.rowwise:
        step = sparse_step
    else:
        grad = dense(grad, variable)
    rule = optimizer.rule_of(variable) if looks else None
    measure = Measure(rule, optimizer.thresholds, optimizer.skip_nonfinite)
    return step(optimizer, variable, measure, grad, eta, count)


def dense_step(optimizer, variable, measure, grad, eta, count):
    """A step of a whole variable, by TensorFlow's operations one after the other."""
    w, slots, state = _read(optimizer, variable)
    step = optimizer.step_of(variable)(grad, w, state, eta, count)
    sigma = yield measure.of(next(step))
    yield _write(variable, slots, *step.send(sigma))


def sparse_step(optimizer, variable, measure, grad, eta, count):
    """A step in the rows of a sparse gradient alone, whose ids have been made unique."""
    slots = optimizer.slots_of(variable)
    w, *state = (tf.gather(array, grad.indices) for array in (variable, *slots))
    step = optimizer.step_of(variable, rows=True)(grad.values, w, state, eta, count)
    view = next(step)
    rule = measure.rule
    if rule and rule.whole_weight and -variable.shape.rank not in (rule.units or ()):
        # Where rows are units of their own, the others change nothing.
        view = view._replace(param=tf.convert_to_tensor(variable))
    sigma = yield measure.of(view)
    state, moved = step.send(sigma)
    for slot, new in zip(slots, state, strict=True):
        slot.scatter_update(tf.IndexedSlices(new, grad.indices))
    variable.scatter_sub(tf.IndexedSlices(moved, grad.indices))
    yield


def compiled_step(optimizer, variable, measure, grad, eta, count):
    """`dense_step` in programs of XLA's: one measures piece by piece, one or two write."""

    def measuring(g, eta, count):
        def terms(g, w, *state):
            return measure.terms(next(optimizer.step_of(variable)(g, w, state, eta, count)))

        w, _, state = _read(optimizer, variable)
        others = measure.rule and measure.rule.units not in (None, (-1,))  # than columns
        if others or variable.shape.rank < 2 or tf.config.list_logical_devices("GPU"):
            return measure.reduce(terms(g, w, *state))
        return measure.reduce(totals_of_columns(terms, [g, w, *state]))

    def taking(g, eta, count, sigma, writes):
        w, slots, state = _read(optimizer, variable)
        step = optimizer.step_of(variable)(g, w, state, eta, count)
        next(step)
        _write(variable, slots, *step.send(sigma), writes)

    found = [], None
    if measure.rule or measure.guard:
        # Apart from what writes the variable: XLA would copy it for the loop over its pieces.
        name = "measure", measure.rule is not None
        program = _compiled(optimizer, variable, name, measuring)
        found = program(grad, eta, count)
    sigma = yield found
    program = _compiled(optimizer, variable, "take", taking)
    # A step from the state as it was, written together with the state, has XLA copy both.
    for writes in ("weight", "state") if optimizer.steps_from_old_state else ("both",):
        program(grad, eta, count, sigma, writes)
    yield


def is_large(variable):
    """Whether a variable is worth a program of XLA's, where XLA is to be had."""
    # tf_keras too knows this platform as one without XLA.
    lacks = platform.system() == "Darwin" and "arm" in platform.processor()
    return not lacks and (variable.shape.num_elements() or 0) > LARGE  # None: shape not known


def _compiled(optimizer, variable, name, function):
    """A function compiled by XLA, once for each variable and name."""
    key = id(variable), name
    if key not in optimizer.programs:
        optimizer.programs[key] = tf.function(function, jit_compile=True, autograph=False)
    return optimizer.programs[key]


def _read(optimizer, variable):
    slots = optimizer.slots_of(variable)
    return tf.convert_to_tensor(variable), slots, [tf.convert_to_tensor(slot) for slot in slots]


def _write(variable, slots, state, moved, writes="both"):
    if writes != "weight":
        for slot, new in zip(slots, state, strict=True):
            slot.assign(new)
    if writes != "state":
        variable.assign_sub(moved)

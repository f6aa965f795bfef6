"""Three ways to take one step of one variable: dense, in the rows of a table, compiled by XLA.

Each is a generator that yields what `Measure.of` finds, is sent the factor sigma, and writes the
new state and weight. In it runs the optimizer's own step.
"""

import platform

from clippy.keras2 import tf
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
    found, expected = tensor.shape, variable.shape
    if sparse:  # values of any number of rows
        expected = tf.TensorShape([None]).concatenate(expected[1:])
    if not found.is_compatible_with(expected):
        message = f"gradient of {variable.name} has shape {found}: expected {expected}"
        raise tf.errors.InvalidArgumentError(None, None, message)
    if not (found[1:] if sparse else found).is_fully_defined():
        tensor = tf.ensure_shape(tensor, expected)
    return tf.IndexedSlices(tensor, grad.indices, grad.dense_shape) if sparse else tensor


def dense(grad, variable):
    """A gradient that fits a variable as one tensor, rows without a gradient 0."""
    if not isinstance(grad, tf.IndexedSlices):
        return tf.convert_to_tensor(grad)
    # By the shape of the variable: a sparse gradient need not bring its own.
    shape = tf.constant(variable.shape.as_list(), grad.indices.dtype)
    return tf.scatter_nd(tf.expand_dims(grad.indices, 1), grad.values, shape)


class Measure:
    """What is totalled over a step: the terms of a rule, or None, and the guard's, if it is on."""

    def __init__(self, rule, thresholds, guard):
        self.rule, self._thresholds, self.guard = rule, thresholds, guard

    def of(self, view):
        """The totals of the rule's terms, and whether the gradient is finite, None unguarded."""
        return self.reduce(self.terms(view))

    def terms(self, view):
        """(kind, tensor) of every term, the guard's last."""
        found = []
        if self.rule:
            given = self.rule.given(self._thresholds, view.grad.dtype)
            found = [(self.rule.total, term) for term in self.rule.terms(view, **given)]
        if self.guard:
            found.append(("sum", tf.square(view.grad)))
        return found

    def reduce(self, found):
        """`of` from the terms, or from their totals of each column."""
        finite = None
        if self.guard:
            *found, (_, squares) = found
            finite = tf.math.is_finite(tf.reduce_sum(squares))
        return [self.rule.reduce(term) for _, term in found], finite


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
        program = optimizer.compiled(variable, ("measure", measure.rule is not None), measuring)
        found = program(grad, eta, count)
    sigma = yield found
    program = optimizer.compiled(variable, "take", taking)
    # A step from the state as it was, written together with the state, has XLA copy both.
    for writes in ("weight", "state") if optimizer.steps_from_old_state else ("both",):
        program(grad, eta, count, sigma, writes)
    yield


def is_large(variable):
    """Whether a variable is worth a program of XLA's, where XLA is to be had."""
    # tf_keras too knows this platform as one without XLA.
    lacks = platform.system() == "Darwin" and "arm" in platform.processor()
    return not lacks and (variable.shape.num_elements() or 0) > LARGE  # None: shape not known


def _read(optimizer, variable):
    slots = optimizer.slots_of(variable)
    return tf.convert_to_tensor(variable), slots, [tf.convert_to_tensor(slot) for slot in slots]


def _write(variable, slots, state, moved, writes="both"):
    if writes != "weight":
        for slot, new in zip(slots, state, strict=True):
            slot.assign(new)
    if writes != "state":
        variable.assign_sub(moved)

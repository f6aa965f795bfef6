"""The operations of rules and updates, each in the library that its tensors are of.

A tensor of TensorFlow goes to TensorFlow, whichever Keras is in use, and one of JAX or PyTorch to
`keras.ops` of Keras 3. So the equations stand once, and neither Keras is imported for the other.
"""

import math
import numbers
import operator
import sys


def _operation(name, on_tensorflow=None):
    ours, theirs = operator.attrgetter(on_tensorflow or name), operator.attrgetter(name)

    def operation(tensor, *others, **options):
        library = library_of(tensor[0] if isinstance(tensor, list) else tensor)
        found = (ours if library is _tensorflow() else theirs)(library)
        return found(tensor, *others, **options)

    return operation


absolute = _operation("abs")
divide_no_nan = _operation("divide_no_nan", "math.divide_no_nan")
equal = _operation("equal")
is_finite = _operation("isfinite", "math.is_finite")
logical_not = _operation("logical_not")
logical_or = _operation("logical_or")
maximum = _operation("maximum")
minimum = _operation("minimum")
ones_like = _operation("ones_like")
rsqrt = _operation("rsqrt", "math.rsqrt")
sqrt = _operation("sqrt")
square = _operation("square")
stack = _operation("stack")
total = _operation("sum", "reduce_sum")
where = _operation("where")
_least = _operation("min", "reduce_min")


def least(tensor, axis=None, keepdims=False):
    """The minimum along some axes, which of no numbers is infinite."""
    # keras.ops has none of no numbers, unless it is told.
    options = {} if _is_tensorflow_dtype(tensor.dtype) else {"initial": math.inf}
    return _least(tensor, axis=axis, keepdims=keepdims, **options)


REDUCE = {"sum": total, "min": least}


def scalar(value, dtype):
    """A number, or a scalar tensor, as a scalar tensor of the dtype of another tensor."""
    if _is_tensorflow_dtype(dtype):
        library = _tensorflow()
        # tf.cast alone would take a Python float through float32.
        cast = library.is_tensor(value)
        return library.cast(value, dtype) if cast else library.constant(value, dtype)
    from keras import backend

    return _ops().convert_to_tensor(value, backend.standardize_dtype(dtype))


def library_of(tensor):
    """TensorFlow or keras.ops, which call much alike."""
    library = _tensorflow()
    return library if library and library.is_tensor(tensor) else _ops()


def is_number(value):
    """Whether a threshold is no tensor: all that has not the shape and the dtype of one."""
    tensor = hasattr(value, "shape") and hasattr(value, "dtype")
    return not tensor or isinstance(value, numbers.Number) or type(value).__module__ == "numpy"


def compatible(one, other):
    """Whether two shapes are, or may turn out to be, the same."""
    return one.is_compatible_with(other) if hasattr(one, "is_compatible_with") else one == other


def _is_tensorflow_dtype(dtype):
    library = _tensorflow()
    return library is not None and isinstance(dtype, library.DType)


def _tensorflow():
    """TensorFlow if something has imported it: else no tensor is one of its."""
    return sys.modules.get("tensorflow")


def _ops():
    from keras import ops

    return ops

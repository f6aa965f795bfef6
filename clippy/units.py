"""Which axes of a kernel are the outputs of its layer, for a rule that clips each output alone.

A variable does not know its layer. What tells the axes is the bias beside a kernel, which has them
as its shape, or the name that Keras gives the kernel or the layer.
"""

import itertools
import operator
import re
import warnings

from clippy.rules import RULES
from clippy.scope import check_patterns, warn_of_unmatched

LAST = (-1,)
PAIRS = (-2, -1)  # (..., in, multiplier), with an output for each pair
# What a name ends in, in Keras 2 before ":0" -> axes. Matrices need none: they have (in, out).
NAMED = {
    r"conv\dd_transpose(_\d+)?/kernel(:0)?$": (-2,),  # (..., out, in)
    r"depthwise_(conv\dd(_\d+)?/)?kernel(:0)?$": PAIRS,
    r"pointwise_kernel(:0)?$|conv(_lstm)?\dd(_\d+)?/(recurrent_)?kernel(:0)?$": LAST,
}


def output_axes(names, shapes, treated, given):
    """The axes of the outputs of each variable, counted from the end: a list of tuples.

    The last axis counts for matrices, and where nothing tells. Warns of the latter if they are
    treated, and of an expression in `given` without a match.

    Args:
      names, shapes: of variables in the order of `build`, a bias behind its layer's kernel.
      treated: for each variable, whether the rule treats it.
      given: what `check_axis` made of the argument.
    Raises: ValueError naming a variable that has not the axes given for it.
    """
    warn_of_unmatched("axis", given or (), names)
    found = [_axes(position, names, shapes, given or {}) for position in range(len(names))]
    unknown = [
        name
        for name, axes, counts in zip(names, found, treated, strict=True)
        if counts and axes is None
    ]
    if unknown:
        said = ", ".join(unknown[:3]) + ", ..." * (len(unknown) > 3)
        warnings.warn(
            f"the axis of the outputs of {said} is not known and taken to be the last: expected "
            f"axis = {{{unknown[0]!r}: -2}} or another",
            stacklevel=2,
        )
    return [axes or LAST for axes in found]


def check_axis(axis, rule):
    """The argument `axis` as a dict from expression to a tuple of axes, None as it is.

    Raises: ValueError naming the argument, if it is of another form or the rule knows no units.
    """
    if axis is None:
        return None
    if not RULES[rule].units:
        raise ValueError(f"axis = {axis!r}: expected None for {rule}")
    try:
        patterns = check_patterns("axis", axis.keys())
        axes = [
            tuple(map(operator.index, value if isinstance(value, (list, tuple)) else [value]))
            for value in axis.values()
        ]
        if not all(axes):
            raise ValueError
    except (AttributeError, TypeError, ValueError):
        raise ValueError(
            f"axis = {axis!r}: expected a dict from regular expressions to axes"
        ) from None
    return dict(zip(patterns, axes, strict=True))


def _axes(position, names, shapes, given):
    """The axes of one variable, None where nothing tells them."""
    name, shape = names[position], shapes[position]
    rank = len(shape)
    for pattern, axes in given.items():
        if rank > 1 and re.search(pattern, name):
            if not all(-rank <= axis < rank for axis in axes):
                raise ValueError(
                    f"axis = {{{pattern!r}: {list(axes)}}}: expected axes of {name}, "
                    f"which has shape {shape}"
                )
            return tuple(sorted({axis % rank - rank for axis in axes}))
    if rank < 3:
        return LAST
    beside = re.sub(r"[^/:]*(:0)?$", r"bias\1", name, count=1)
    biases = [shapes[i] for i in range(position, len(names)) if names[i] == beside]
    if re.search("(depth|point)wise_kernel", name):  # the bias beside both is of the second
        biases = []
    return (biases and _axes_of_bias(shape, biases[0])) or _axes_of_name(name)


def _axes_of_bias(kernel, bias):
    """The axes of a kernel that a bias has, by their shapes; None unless only some would do.

    One axis is one of the last two: what comes before in a convolution is the window.
    """
    rank = len(kernel)
    places = range(-2 if len(bias) == 1 else -rank, 0)
    fits = [
        axes
        for axes in itertools.combinations(places, len(bias))
        if tuple(kernel[axis] for axis in axes) == bias
    ]
    return fits[0] if len(fits) == 1 else None


def _axes_of_name(name):
    return next((axes for pattern, axes in NAMED.items() if re.search(pattern, name)), None)

"""Whom a rule treats, and the one factor of variables that it treats together (section 4.3.2)."""

import re

from clippy.keras2 import tf
from clippy.pieces import REDUCE

SCOPES = ("local", "global")
NEUTRAL = {"sum": 0, "min": 1}  # a total that leaves the factor of the others as it is


def check_patterns(name, patterns):
    """A tuple of regular expressions, or a ValueError; a single string is taken for a mistake."""
    try:
        if isinstance(patterns, str):
            raise TypeError
        return tuple(re.compile(pattern).pattern for pattern in patterns)
    except (TypeError, re.error):
        message = f"{name} = {patterns!r}: expected a list of regular expressions"
        raise ValueError(message) from None


def is_treated(name, include, exclude):
    """Whether the name of a variable has a match in `include`, or that is None, and no other."""
    included = include is None or any(re.search(pattern, name) for pattern in include)
    return included and not any(re.search(pattern, name) for pattern in exclude)


def distinct(names):
    """The names, those that occur again with their position behind them."""
    return [
        name if names.index(name) == position else f"{name}#{position}"
        for position, name in enumerate(names)
    ]


def joint_factor(rule, thresholds, measured):
    """One factor, a scalar, for several variables, by the norms or minima of all; None for none.

    `measured` has for each variable its totals, a list of scalars, and whether its gradient is
    finite, None without a guard. A variable that the guard skips does not count.
    """
    if not measured:
        return None
    wide = tf.float64 if any(part[0].dtype == tf.float64 for part, _ in measured) else tf.float32
    counted = []
    for totals, finite in measured:
        totals = [tf.cast(total, wide) for total in totals]
        if finite is not None:
            neutral = tf.constant(NEUTRAL[rule.total], wide)
            totals = [tf.where(finite, total, neutral) for total in totals]
        counted.append(totals)
    joined = [REDUCE[rule.total](tf.stack(totals)) for totals in zip(*counted, strict=True)]
    return rule.finish(joined, **rule.given(thresholds, wide))

"""Whom a rule treats, and the one factor of variables that it treats together (section 4.3.2)."""

import difflib
import re
import warnings

from clippy.arrays import REDUCE, scalar, stack, where

SCOPES = ("local", "global")
NEUTRAL = {"sum": 0, "min": 1}  # a total that leaves the factor of the others as it is
FLAGS = {re.A: "a", re.I: "i", re.M: "m", re.S: "s", re.X: "x"}  # those that a text can hold


def check_patterns(name, patterns):
    """A tuple of regular expressions as text, which a config can hold, with their flags in it.

    Raises: ValueError naming the argument; a single string is taken for a mistake.
    """
    try:
        if isinstance(patterns, str):
            raise TypeError
        return tuple(_as_text(pattern) for pattern in patterns)
    except (TypeError, re.error):
        message = f"{name} = {patterns!r}: expected a list of regular expressions"
        raise ValueError(message) from None


def _as_text(pattern):
    compiled = re.compile(pattern)
    text, flags = compiled.pattern, ""
    if not isinstance(text, str):
        raise TypeError  # bytes, which match no name
    if pattern is compiled:  # the flags of a text stand in it
        flags = "".join(letter for flag, letter in FLAGS.items() if compiled.flags & flag)
    return f"(?{flags}){text}" if flags else text


def warn_of_unmatched(argument, patterns, names):
    """Warns of each pattern that has no match among names, and says which of them come close."""
    for pattern in patterns:
        if names and not any(re.search(pattern, name) for name in names):
            found = _close(pattern, names) or names
            said = ", ".join(found[:3]) + ", ..." * (len(found) > 3)
            warnings.warn(
                f"{argument} = [{pattern!r}] matches no variable: expected a part of a name such "
                f"as {said}",
                stacklevel=2,
            )


def _close(pattern, names):
    """The names with a part that is written much like a pattern."""
    parts = {part.lower() for name in names for part in name.split("/")}
    close = difflib.get_close_matches(pattern.lower(), parts)
    return [name for name in names if set(name.lower().split("/")) & set(close)]


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
    wide = max((totals[0].dtype for totals, _ in measured), key=_bytes)
    counted = []
    for totals, finite in measured:
        totals = [scalar(total, wide) for total in totals]
        if finite is not None:
            neutral = scalar(NEUTRAL[rule.total], wide)
            totals = [where(finite, total, neutral) for total in totals]
        counted.append(totals)
    joined = [REDUCE[rule.total](stack(totals)) for totals in zip(*counted, strict=True)]
    return rule.finish(joined, **rule.given(thresholds, wide))


def _bytes(dtype):
    return getattr(dtype, "size", None) or dtype.itemsize

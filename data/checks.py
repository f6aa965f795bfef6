"""Checks of parameters. A failure names the parameter, the value received and what is expected."""

import sys


def fail(name, value, expected):
    """Raises the ValueError of a bad parameter: `<name> = <value>: expected <what>`."""
    raise ValueError(f"{name} = {value!r}: expected {expected}")


def whole(name, value, least, most=None):
    """Checks that `value` is an int (not a bool) in [least, most]; `most` None is no limit."""
    inside = type(value) is int and value >= least and (most is None or value <= most)
    if not inside:
        upper = "" if most is None else f", at most {most}"
        fail(name, value, f"a whole number of at least {least}{upper}")


def real(name, value, least=None, most=None, *, above=None):
    """Checks that `value` is a finite number in [least, most] and, if given, greater than `above`.

    `name` is the parameter, as `Class.field`. A limit that is None does not hold.
    """
    inside = (
        type(value) in (int, float)
        and abs(value) <= sys.float_info.max  # refuses inf, nan, and an int too large for a float
        and (least is None or value >= least)
        and (most is None or value <= most)
        and (above is None or value > above)
    )
    if not inside:
        limits = {"above": above, "at least": least, "at most": most}
        given = [f"{word} {limit}" for word, limit in limits.items() if limit is not None]
        fail(name, value, ", ".join(["a finite number", *given]))


def part(name, value, kind):
    """Checks that `value` is an instance of `kind`, or None where the part is switched off."""
    if value is not None and not isinstance(value, kind):
        fail(name, value, f"@{kind.__name__}() or None")

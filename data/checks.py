"""Checks of parameters: each failure names the parameter, the value received, what is allowed."""

import sys


def fail(name, value, allowed):
    """Raises ValueError with the one wording that every parameter error of the stream has."""
    raise ValueError(f"{name} = {value!r}: allowed is {allowed}")


def whole(name, value, least, most=None):
    """Checks that `value` is an int (not a bool) in [least, most]; `most` None is no limit."""
    inside = type(value) is int and value >= least and (most is None or value <= most)
    if not inside:
        upper = "" if most is None else f", at most {most}"
        fail(name, value, f"a whole number of at least {least}{upper}")


def real(name, value, least=None, most=None, *, above=None):
    """Checks that `value` is a finite number in [least, most] and, if given, greater than `above`.

    Args:
      name: the parameter, as `Class.field`.
      value: the value received.
      least: smallest value allowed, or None for no limit.
      most: largest value allowed, or None for no limit.
      above: a limit that is itself not allowed, or None.
    """
    inside = (
        type(value) in (int, float)
        and abs(value) <= sys.float_info.max  # not so for inf, nan and an int too large for a float
        and (least is None or value >= least)
        and (most is None or value <= most)
        and (above is None or value > above)
    )
    if not inside:
        limits = [
            f"above {above}" if above is not None else "",
            f"at least {least}" if least is not None else "",
            f"at most {most}" if most is not None else "",
        ]
        fail(name, value, ", ".join(["a finite number", *filter(None, limits)]))


def part(name, value, kind):
    """Checks that `value` is an instance of `kind`, or None where the part is switched off."""
    if value is not None and not isinstance(value, kind):
        fail(name, value, f"@{kind.__name__}() or None")


def days(name, value):
    """A list of different days, as a tuple of whole numbers of at least 0.

    Raises: ValueError otherwise.
    """
    if not isinstance(value, (tuple, list)):
        fail(name, value, "a list of days")
    for day in value:
        whole(name, day, 0)
    if len(set(value)) != len(value):
        fail(name, value, "a list without repeated days")
    return tuple(value)

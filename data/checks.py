"""Checks of parameters. A failure names the parameter, the value received and what is expected."""

import dataclasses
import functools
import sys
import typing
from typing import Annotated


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


Index = Annotated[int, functools.partial(whole, least=0)]
Count = Annotated[int, functools.partial(whole, least=1)]
Size = Annotated[float, functools.partial(real, least=0)]
Positive = Annotated[float, functools.partial(real, above=0)]
Share = Annotated[float, functools.partial(real, above=0, most=1)]
Multiple = Annotated[float, functools.partial(real, above=1)]


class Checked:
    """A dataclass that checks its fields by their types, in their order.

    A type `Annotated[..., check]` has check(name, value) called. A type that is a dataclass wants
    an instance of it, `Part | None` one or None, and `One | Other` one of either.
    """

    called = None  # in messages; None for the name of the class

    def __post_init__(self):
        for field, hint in typing.get_type_hints(type(self), include_extras=True).items():
            name, value = f"{self.called or type(self).__name__}.{field}", getattr(self, field)
            for check in getattr(hint, "__metadata__", ()):
                check(name, value)
            kinds = typing.get_args(hint) or (hint,)
            if any(map(dataclasses.is_dataclass, kinds)) and not isinstance(value, hint):
                shown = [f"@{k.__name__}()" if k is not type(None) else "None" for k in kinds]
                fail(name, value, " or ".join(shown))

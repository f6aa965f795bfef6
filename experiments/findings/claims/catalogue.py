"""The claims of the paper by id, each declared above the rule that decides it, as a decorator."""

import functools
from collections.abc import Callable
from typing import NamedTuple


class Claim(NamedTuple):
    """A claim of the paper: its number here, what it says, where, and what decides it.

    paper: the paper's own figures in our units (AUC from 0 to 1), or None.
    rule: from the repeats of all studies to an outcome.Outcome.
    """

    id: str
    text: str
    source: str
    paper: str | None
    rule: Callable


CLAIMS = {}  # all of them once scorecard.py has imported the rules


def claim(number, text, source, paper=None, **arguments):
    """Enters a claim, with the fields of Claim, decided by the function that it decorates.

    The rule is called with the runs and these arguments.
    """

    def enter(rule):
        decide = functools.partial(rule, **arguments)
        CLAIMS[number] = Claim(number, text, source, paper, decide)
        return rule

    return enter

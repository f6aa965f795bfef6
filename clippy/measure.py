"""What is totalled over a step of a variable before it is taken."""

from clippy.arrays import is_finite, square, total


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
            found.append(("sum", square(view.grad)))
        return found

    def reduce(self, found):
        """`of` from the terms, or from their totals of each column."""
        finite = None
        if self.guard:
            *found, (_, squares) = found
            finite = is_finite(total(squares))
        return [self.rule.reduce(term) for _, term in found], finite

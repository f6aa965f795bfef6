"""What a clipping optimizer is, whichever Keras it is for: whom it treats, its factors and counts.

`clippy.base` and `clippy.keras3` join this with the optimizer of a Keras, which adds `build` and
says how a variable is called and found.
"""

from clippy.arrays import least, logical_not, scalar, where
from clippy.rules import check_choice
from clippy.scope import SCOPES, check_patterns, distinct, is_treated, warn_of_unmatched

SHARED = ("scope", "skip_nonfinite", "export_clipping_factors")  # of `arguments`, for all classes


class Clipping:
    """Scales each step by a factor. A subclass defines `slots` and `_step`, and its `_rule`.

    `_step(g, w, state, eta, count)` is a generator like `algorithm1.adagrad`. A Keras side defines
    `_name_of` and `_index_of` of a variable.

    Args:
      include, exclude: regular expressions, searched for in the names of variables. A variable with
        no match in `include`, unless that is None, or one in `exclude` takes the plain step. An
        expression without a match is warned of.
      scope: "local" gives each variable a factor; "global" gives all that are treated one (section
        4.3.2), by the norm of all joined, or the smallest of Clippy's factors.
      skip_nonfinite: a gradient whose L2 norm is not finite in its dtype leaves its variable and
        the state untouched and is counted; the variable's factor is then 0.
      export_clipping_factors: keeps each variable's factor of the last step, for a rule with units
        the smallest one, in `clipping_factors`, in the order of `build`.
    """

    slots = {}  # kind of state -> what every variable's starts at
    rowwise = False  # whether a sparse gradient may change its rows alone, as no state decays
    steps_from_old_state = False  # whether a step needs the state as it was before
    arguments = ()  # names of the constructor's arguments that are kept as they are given
    thresholds = {}  # those of the rule by name
    joint_sigma = None  # of scope "global", while a step is taken
    _rule = None  # the Rule in use, None for plain steps
    _names, _state = (), {}  # until `build`

    def _take_options(self, include, exclude, scope, skip_nonfinite, export_clipping_factors):
        check_choice("scope", scope, SCOPES)
        self.include = None if include is None else check_patterns("include", include)
        self.exclude = check_patterns("exclude", exclude)
        self.scope, self.skip_nonfinite = scope, skip_nonfinite
        self.export_clipping_factors = export_clipping_factors
        self.clipping_factors, self._skipped = [], []

    def _take_names(self, variables):
        names = [self._name_of(variable) for variable in variables]
        self._names = distinct(names)
        for argument in ("include", "exclude"):
            warn_of_unmatched(argument, getattr(self, argument) or (), names)
        # By the names they have here: the copy on a second device is "<name>/replica_1:0".
        self._matched = [is_treated(name, self.include, self.exclude) for name in names]

    def step_of(self, variable, rows=False):
        """The generator function that steps a variable, or some rows of it."""
        return self._step

    def slots_of(self, variable):
        """The state of a variable, in the order of `slots`."""
        index = self._index_of(variable)
        return [slots[index] for slots in self._state.values()]

    def treats(self, variable):
        """Whether the rule, if there is one, treats a variable."""
        return self._rule is not None and self._matched[self._index_of(variable)]

    def rule_of(self, variable):
        """The rule for a variable that is treated."""
        return self._rule

    def sigma_of(self, variable, totals, dtype):
        """The factor by the totals of the rule's terms; None for a variable that is not treated."""
        if not self.treats(variable):
            return None
        if self.joint_sigma is not None:
            return scalar(self.joint_sigma, dtype)
        rule = self.rule_of(variable)
        return rule.finish(totals, **rule.given(self.thresholds, dtype))

    def note(self, variable, finite, sigma):
        """Keeps the factor and the count of skipped steps where they are asked for."""
        index = self._index_of(variable)
        if self.skip_nonfinite:
            count = self._skipped[index]
            count.assign_add(scalar(logical_not(finite), count.dtype))
        if self.export_clipping_factors:
            kept = self.clipping_factors[index]
            factor = scalar(1, kept.dtype) if sigma is None else least(sigma)
            kept.assign(factor if finite is None else where(finite, factor, 0))

    @property
    def state(self):
        """Dict from the kind of state, as in `slots`, to a list of variables in `build`'s order.

        Empty before `build`, as are the factors and counts by name.
        """
        return dict(self._state)

    def named_clipping_factors(self):
        """Dict from a variable's name to its factor; a ValueError if they are not exported."""
        if not self.export_clipping_factors:
            raise ValueError("export_clipping_factors = False: expected True to keep the factors")
        return dict(zip(self._names, self.clipping_factors, strict=True))

    def skipped_steps(self):
        """Dict from a variable's name to its count of skips; a ValueError without the guard."""
        if not self.skip_nonfinite:
            raise ValueError("skip_nonfinite = False: expected True to count skipped steps")
        return dict(zip(self._names, self._skipped, strict=True))

    def get_config(self):
        """Every argument of the constructor, as JSON can hold it; a variable as its value."""
        return plain(
            {
                **super().get_config(),
                **{name: getattr(self, name) for name in (*SHARED, *self.arguments)},
                "include": self.include and list(self.include),
                "exclude": list(self.exclude),
            }
        )


def plain(arguments):
    """Arguments by name with NumPy's numbers as Python's, which JSON can hold."""
    return {k: v.item() if hasattr(v, "item") else v for k, v in arguments.items()}

"""Parameters crossed and zipped: how a few lists become the cases of a study."""

import itertools

from data import checks

FIELDS = ("model", "method", "threshold", "rate_multiple", "features")  # of Case, in crossed lists


def is_gin(name):
    """Whether a key of a study names a gin parameter, as 'Class.name', or a macro in capitals."""
    return isinstance(name, str) and ("." in name or name.isupper())


def check_text(where, text):
    """Raises: ValueError unless the text is one that a heading or a table can show."""
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        checks.fail(where, text, "a text of one line in quotes, not empty")


def check_name(where, name):
    """Raises: ValueError unless the name is a text that a table can show and can be read back."""
    check_text(where, name)
    if "|" in name or name != name.strip():
        checks.fail(where, name, "a name without | and without blanks at its ends")


def expand(crossed, zipped, baseline):
    """The cases of a grid, without what all cases share.

    Args:
      crossed: dict; every combination of its entries is a case. An entry is a parameter (one of
        FIELDS, a gin parameter or a macro) with a list of its values, or any word with a dict from
        the label of each choice to a dict of fields of Case.
      zipped: dict from a parameter to a list of its values, all of one length. The k-th values of
        all go together; they are crossed with `crossed`.
      baseline: dict from some entries to one of their values or labels. A case is compared, seed by
        seed, with the one that has these and its own values elsewhere. Empty for no comparison.
    Returns: dict from the name of each case to a dict of fields of Case. A name joins the labels
      with "_", or "parameter=value" with ", " where there are lists.
    """
    _check("CasesConfig.crossed", crossed, labels=True)
    _check("CasesConfig.zipped", zipped)
    if len({len(values) for values in zipped.values()}) > 1:
        checks.fail("CasesConfig.zipped", zipped, "lists of one length")
    for name in set(crossed) & set(zipped):
        checks.fail("CasesConfig.zipped", name, "a parameter that is not crossed as well")
    points = _points(crossed, zipped)
    for place, point in enumerate(points):
        if point in points[:place]:
            checks.fail("CasesConfig.crossed and zipped", point, "each combination once")
    cases = {}
    for point in points:
        reference = point | baseline
        if reference not in points:
            checks.fail("CasesConfig.baseline", baseline, "values of the grid, of zipped ones all")
        against = {} if reference == point else {"against": _name(reference, crossed)}
        cases[_name(point, crossed)] = _fields(point, crossed) | against
    return cases


def _check(where, grid, labels=False):
    if not isinstance(grid, dict):
        checks.fail(where, grid, "a dict from a parameter to a list of its values")
    for name, values in grid.items():
        if labels and isinstance(values, dict) and values:
            for label, fields in values.items():
                if label != "":  # which leaves the name of the case to the other entries
                    check_name(f"{where}[{name!r}]", label)
                if not isinstance(fields, dict):
                    checks.fail(f"{where}[{name!r}][{label!r}]", fields, "a dict of fields of Case")
        elif not isinstance(values, (tuple, list)) or not values:
            checks.fail(f"{where}[{name!r}]", values, "a list of values, not empty")
        elif name not in FIELDS and not is_gin(name):
            expected = f"one of {', '.join(FIELDS)}, a gin parameter as 'Class.name', or a macro"
            checks.fail(where, name, f"{expected} in capitals")


def _points(crossed, zipped):
    """Each combination as a dict from an entry to its value, or to the label of its choice."""
    combined = itertools.product(*crossed.values())
    together = list(zip(*zipped.values(), strict=True)) or [()]
    return [
        dict(zip([*crossed, *zipped], left + right, strict=True))
        for left, right in itertools.product(combined, together)
    ]


def _name(point, crossed):
    if all(isinstance(crossed.get(entry), dict) for entry in point):
        return "_".join(filter(None, point.values()))
    last = {entry: entry.rpartition(".")[2].lower() for entry in point}
    ends = list(last.values())  # where two end alike, they keep their whole names
    shown = {
        entry: f"{end if ends.count(end) == 1 else entry}={point[entry]}"
        for entry, end in last.items()
    }
    if point.get("threshold", ...) is None and len(shown) > 1:  # methods that take none
        del shown["threshold"]
    return ", ".join(shown.values())


def _fields(point, crossed):
    fields = {}
    for entry, value in point.items():
        choices = crossed.get(entry)
        fields |= choices[value] if isinstance(choices, dict) else {entry: value}
    return fields

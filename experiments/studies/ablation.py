"""A grid over gin parameters, crossed or zipped, as cases of a study."""

import itertools

from data import checks

FIELDS = ("model", "method", "threshold", "rate_multiple", "features")  # of Case; the rest is gin's
ALLOWED = f"one of {', '.join(FIELDS)}, a gin parameter as 'Class.name', or a macro in capitals"


def expand(base, crossed, zipped, baseline):
    """The cases of a grid.

    Args:
      base: dict of fields of Case that all points share.
      crossed: dict from a parameter to its values; every combination is a point.
      zipped: dict from a parameter to its values, all of one length; the k-th values of all go
        together, and are crossed with `crossed`.
      baseline: dict from some parameters to one of their values: a point is compared, seed by seed,
        with the one that has these values and its own ones elsewhere. Empty for no comparison.
    Returns: dict from the name of a case, "name=value, name=value", to a dict of fields of Case.
    Raises: ValueError naming the parameter of CasesConfig and the value received.
    """
    if not isinstance(base.get("set", ()), (tuple, list)):
        checks.fail("CasesConfig.base['set']", base["set"], "a list of bindings as text")
    for name, grid in {"crossed": crossed, "zipped": zipped}.items():
        _check(f"CasesConfig.{name}", grid)
    twice = sorted(set(crossed) & set(zipped))
    if twice:
        checks.fail("CasesConfig.zipped", twice[0], "a parameter that is not crossed as well")
    points = _points(crossed, zipped)
    repeated = [point for place, point in enumerate(points) if point in points[:place]]
    if repeated:
        checks.fail("CasesConfig.crossed and zipped", repeated[0], "each combination once")
    names = _short_names([*crossed, *zipped])
    cases = {}
    for point in points:
        fields = _fields(base, point)
        reference = point | baseline
        if reference not in points:
            checks.fail("CasesConfig.baseline", baseline, "values of the grid, of zipped ones all")
        if reference != point:
            fields["against"] = _case_name(reference, names)
        cases[_case_name(point, names)] = fields
    return cases


def _check(where, grid):
    if not isinstance(grid, dict):
        checks.fail(where, grid, "a dict from a parameter to a list of its values")
    for name, values in grid.items():
        if name not in FIELDS and "." not in str(name) and not str(name).isupper():
            checks.fail(where, name, ALLOWED)
        if not isinstance(values, (tuple, list)) or not values:
            checks.fail(f"{where}[{name!r}]", values, "a list of values, not empty")


def _points(crossed, zipped):
    lengths = {len(values) for values in zipped.values()}
    if len(lengths) > 1:
        checks.fail("CasesConfig.zipped", zipped, "lists of one length")
    together = [
        dict(zip(zipped, values, strict=True)) for values in zip(*zipped.values(), strict=True)
    ]
    combined = [
        dict(zip(crossed, values, strict=True)) for values in itertools.product(*crossed.values())
    ]
    return [left | right for left in combined for right in together or [{}]]


def _short_names(parameters):
    """The last part of each name, or the whole where two end alike."""
    last = [name.rpartition(".")[2].lower() for name in parameters]
    return {
        name: short if last.count(short) == 1 else name
        for name, short in zip(parameters, last, strict=True)
    }


def _case_name(point, names):
    shown = {key: point[key] for key in names if (key, point[key]) != ("threshold", None)}
    return ", ".join(f"{names[key]}={value}" for key, value in shown.items())


def _fields(base, point):
    own = {name: value for name, value in point.items() if name in FIELDS}
    bindings = [f"{name} = {value!r}" for name, value in point.items() if name not in FIELDS]
    return {**base, **own, "set": (*base.get("set", ()), *bindings)}

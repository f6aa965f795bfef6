"""The studies as data: the calibration, Table 2 (sections 5.1.2, 5.1.3), studies of cases."""

import dataclasses

from data import checks
from experiments.errors import one_of
from experiments.studies import crossing
from experiments.training.curvature import CurvatureConfig
from experiments.training.telemetry import TelemetryConfig

DESIGN_SEEDS = (1000, 1009)  # data seeds on which choices are made; results come from others


def keep_distinct(config, field):
    """Makes a field a tuple. Raises: ValueError unless it is a list of values that differ."""
    name = f"{type(config).__name__}.{field}"
    object.__setattr__(config, field, distinct(name, getattr(config, field)))


def distinct(name, value):
    """A list of values that differ, as a tuple. Raises: ValueError, with its name, for another."""
    listed = isinstance(value, (tuple, list)) and len(value) > 0
    if not listed or any(value.count(one) > 1 for one in value):
        checks.fail(name, value, "a list without repeats, not empty")
    return tuple(value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CalibrationConfig(checks.Checked):
    """How the learning rate called 1x is found (section A.1: 0.4x is the edge of instability).

    Naive `model` is run at every rate of a geometric grid, run seed k on the k-th design stream.
    The edge is the smallest rate at which all of them fully diverge, and 1x is the edge divided by
    `edge_multiple`. Several streams, because they differ more than runs on one of them.

    Args:
      model: name of the model.
      first_rate: smallest rate of the grid, > 0.
      factor: ratio of neighbouring rates, > 1.
      rates: number of rates.
      data_seeds: design seeds, 1000 to 1009, one for each run of a rate; no result is ever
        computed on them.
      edge_multiple: what the edge is called in units of 1x.
    """

    model: str
    first_rate: checks.Positive
    factor: checks.Multiple
    rates: checks.Count
    data_seeds: tuple[int, ...]
    edge_multiple: checks.Positive

    def __post_init__(self):
        super().__post_init__()
        keep_distinct(self, "data_seeds")
        for seed in self.data_seeds:
            checks.whole("CalibrationConfig.data_seeds", seed, *DESIGN_SEEDS)

    def grid(self):
        """The rates tried, ascending."""
        return [float(f"{self.first_rate * self.factor**k:.4g}") for k in range(self.rates)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table2Config(checks.Checked):
    """The grid of Table 2 (section 5.1.3) and its repeats.

    Args:
      models: rows of the table, names of files in configs/models.
      methods: columns, names of files in configs/methods.
      thresholds: for each method that is searched, the values its THRESHOLD takes; a method that
        is not named has fixed thresholds.
      rate_multiples: learning rates in units of 1x.
      search_seeds: run seeds of the search; none of them is one of the repeats.
      repeats: number of run seeds (0, 1, ...) of the chosen settings.
      untreated: the method that is repeated at every rate and not searched.
    """

    models: tuple[str, ...]
    methods: tuple[str, ...]
    thresholds: dict[str, tuple[float, ...]]
    rate_multiples: tuple[float, ...]
    search_seeds: tuple[int, ...]
    repeats: int
    untreated: str

    def __post_init__(self):
        super().__post_init__()
        for field in ("models", "methods", "rate_multiples", "search_seeds"):
            keep_distinct(self, field)
        for multiple in self.rate_multiples:
            checks.real("Table2Config.rate_multiples", multiple, above=0)
        self._check_thresholds()
        for seed in self.search_seeds:
            checks.whole("Table2Config.search_seeds", seed, 1)
        # The repeats are the seeds below, and none of them may have searched.
        checks.whole("Table2Config.repeats", self.repeats, 1, min(self.search_seeds))
        self._check_method("untreated", self.untreated)

    def _check_method(self, field, method):
        if method not in self.methods:
            checks.fail(f"Table2Config.{field}", method, f"one of {', '.join(self.methods)}")

    def _check_thresholds(self):
        if not isinstance(self.thresholds, dict):
            checks.fail("Table2Config.thresholds", self.thresholds, "a dict from method to values")
        for method, values in self.thresholds.items():
            self._check_method("thresholds", method)
            if not isinstance(values, (tuple, list)) or not values:
                checks.fail("Table2Config.thresholds", values, "a list of values, not empty")
            for value in values:
                checks.real("Table2Config.thresholds", value, above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One row of a study: what is run, and what makes it differ from the profile.

    Args:
      model: name of a file in configs/models.
      method: name of a file in configs/methods.
      threshold: what THRESHOLD of the method's file is bound to, or None to leave it.
      rate_multiple: learning rate in units of 1x.
      features: "all", or "not_heavy" to leave out the heavy-tailed dense features.
      against: name of the case that this one is compared with, seed by seed, or "" for none.
      shock_at: places of the only shock of the stream, as shares of its training days in [0, 1];
        run seed k takes the k-th, in turn. Empty to leave the profile's shocks.
      runs: run seeds of this case, or None for the study's number.
      measured: whether every step is measured, as CasesConfig.telemetry says.
      values: what other parameters are bound to. In a gin file each is an entry of its own beside
        the fields: `'TrainerConfig.warmup_days': 2`, or a macro as `'RELATIVE': 0.5`.
    """

    model: str
    method: str = "naive"
    threshold: float | None = None
    rate_multiple: float
    features: str = "all"
    against: str = ""
    shock_at: tuple[float, ...] = ()
    runs: int | None = None
    measured: bool = False
    values: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CasesConfig(checks.Checked):
    """A study: each case on the same run seeds. Cases are the points of a grid, or written out.

    Args:
      title: what the study is about, the heading of its table.
      runs: run seeds (0, 1, ...) of each case.
      cases: dict from the name of a case to a dict of the fields of Case.
      base: fields of Case that all cases share; a case may override them.
      crossed: dict from a parameter to a list of its values: a field of Case, a gin parameter as
        'Class.name' or a macro. Every combination is a case. To name the cases, an entry may be
        any word with a dict from a label to the fields of Case that it stands for.
      zipped: dict from a parameter to a list of its values; the k-th values of all go together.
      baseline: values or labels of some entries of the grid; a case is compared with the one that
        has these and its own ones elsewhere. Empty for no comparison.
      telemetry: TelemetryConfig of the cases that are measured, or None if none is.
      curvature: CurvatureConfig of all cases, or None for no curvature. They are on Adagrad.
      profile: name of the file in configs/profiles that the study is of, unless a person names
        another; None for the default one.
    """

    title: str
    runs: checks.Count
    cases: dict[str, dict] = dataclasses.field(default_factory=dict)
    base: dict = dataclasses.field(default_factory=dict)
    crossed: dict[str, tuple | dict] = dataclasses.field(default_factory=dict)
    zipped: dict[str, tuple] = dataclasses.field(default_factory=dict)
    baseline: dict = dataclasses.field(default_factory=dict)
    telemetry: TelemetryConfig | None = None
    curvature: CurvatureConfig | None = None
    profile: str | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.profile is not None and not isinstance(self.profile, str):
            checks.fail("CasesConfig.profile", self.profile, "the name of a profile or None")
        crossing.check_text("CasesConfig.title", self.title)
        built = {name: self._case(name, own) for name, own in self._all_cases().items()}
        for name, case in built.items():
            if case.against and case.against not in set(built) - {name}:
                others = [other for other in built if other != name]
                expected = one_of(str(case.against), others) if others else "'' in a study of one"
                checks.fail(f"CasesConfig.cases[{name!r}]['against']", case.against, expected)
        object.__setattr__(self, "cases", built)

    def _all_cases(self):
        """The cases of the grid and those written out: dict from name to dict of own fields."""
        for field in ("cases", "base", "baseline"):
            if not isinstance(getattr(self, field), dict):
                checks.fail(f"CasesConfig.{field}", getattr(self, field), "a dict")
        grid = {}
        if self.crossed or self.zipped:
            grid = crossing.expand(self.crossed, self.zipped, self.baseline)
        elif self.baseline:
            expected = "empty without CasesConfig.crossed or CasesConfig.zipped"
            checks.fail("CasesConfig.baseline", self.baseline, expected)
        elif not self.cases:
            checks.fail("CasesConfig.cases", self.cases, "a dict from name to case, not empty")
        for name in set(grid) & set(self.cases):
            checks.fail("CasesConfig.cases", name, "a name that no point of the grid has")
        for name in grid | self.cases:
            crossing.check_name(f"CasesConfig.{self._field(name)}", name)
        return grid | self.cases

    def _field(self, name):
        """The parameter that a case comes from."""
        return "cases" if name in self.cases else "crossed" if self.crossed else "zipped"

    def _case(self, name, own):
        """The Case of a name and its own fields, which override those of `base`."""
        where = f"CasesConfig.{self._field(name)}[{name!r}]"
        known = [field.name for field in dataclasses.fields(Case) if field.name != "values"]
        if not isinstance(own, dict):
            checks.fail(where, own, f"a dict of {', '.join(known)}")
        entries = self.base | own
        values = {key: value for key, value in entries.items() if crossing.is_gin(key)}
        fields = {key: value for key, value in entries.items() if key not in values}
        for key in set(fields) - set(known):
            expected = f"a gin parameter as 'Class.name', or {one_of(str(key), known)}"
            checks.fail(where, key, expected)
        for key in {"model", "rate_multiple"} - set(fields):
            checks.fail(where, entries, f"a dict with {key!r}")
        case = Case(**fields, values=values)
        shared = self.base.keys() - own.keys()
        _check_case(lambda field: "CasesConfig.base" if field in shared else where, case)
        if case.measured and self.telemetry is None:
            checks.fail(f"{where}['measured']", True, "False without telemetry")
        return dataclasses.replace(case, shock_at=tuple(case.shock_at))


def _check_case(where, case):
    """Raises: ValueError naming the field of a case that cannot be right, by what binds it."""
    limits = {
        "model": (isinstance(case.model, str), "a name"),
        "method": (isinstance(case.method, str), "a name"),
        "features": (case.features in ("all", "not_heavy"), "'all' or 'not_heavy'"),
        "shock_at": (isinstance(case.shock_at, (tuple, list)), "a list of shares"),
        "measured": (isinstance(case.measured, bool), "True or False"),
    }
    for field, (holds, expected) in limits.items():
        if not holds:
            checks.fail(f"{where(field)}[{field!r}]", getattr(case, field), expected)
    checks.real(f"{where('rate_multiple')}['rate_multiple']", case.rate_multiple, above=0)
    if case.threshold is not None:
        checks.real(f"{where('threshold')}['threshold']", case.threshold, above=0)
    for share in case.shock_at:
        checks.real(f"{where('shock_at')}['shock_at']", share, 0, 1)
    if case.runs is not None:
        checks.whole(f"{where('runs')}['runs']", case.runs, 1)

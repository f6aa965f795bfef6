"""The protocol of Table 2 as data: what is searched, what is repeated (sections 5.1.2, 5.1.3)."""

import dataclasses

from data import checks

DESIGN_SEEDS = (1000, 1009)  # data seeds on which choices are made; results come from others


@dataclasses.dataclass(frozen=True, kw_only=True)
class CalibrationConfig:
    """How the learning rate called 1x is found (section A.1: 0.4x is the edge of instability).

    Naive `model` is run at every rate of a geometric grid on the design stream. The edge is the
    smallest rate at which all seeds fully diverge, and 1x is the edge divided by `edge_multiple`.

    Args:
      model: name of the model.
      first_rate: smallest rate of the grid, > 0.
      factor: ratio of neighbouring rates, > 1.
      rates: number of rates.
      seeds: number of run seeds at each rate (0, 1, ...).
      data_seed: a design seed, 1000 to 1009; no result is ever computed on it.
      edge_multiple: what the edge is called in units of 1x.
    """

    model: str
    first_rate: float
    factor: float
    rates: int
    seeds: int
    data_seed: int
    edge_multiple: float

    def __post_init__(self):
        for field, above in {"first_rate": 0, "factor": 1, "edge_multiple": 0}.items():
            checks.real(f"CalibrationConfig.{field}", getattr(self, field), above=above)
        for field in ("rates", "seeds"):
            checks.whole(f"CalibrationConfig.{field}", getattr(self, field), 1)
        checks.whole("CalibrationConfig.data_seed", self.data_seed, *DESIGN_SEEDS)

    def grid(self):
        """The rates tried, ascending."""
        return [self.first_rate * self.factor**power for power in range(self.rates)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table2Config:
    """The grid of Table 2 (section 5.1.3) and its repeats.

    Args:
      models: rows of the table, names of files in configs/models.
      methods: columns, names of files in configs/methods.
      thresholds: for each method that is searched, the values its THRESHOLD takes; a method that
        is not named has fixed thresholds.
      rate_multiples: learning rates in units of 1x.
      search_seed: run seed of the search; not one of the repeats.
      repeats: number of run seeds (0, 1, ...) of the chosen settings.
      untreated: the method that is repeated at every rate and not searched.
    """

    models: tuple[str, ...]
    methods: tuple[str, ...]
    thresholds: dict[str, tuple[float, ...]]
    rate_multiples: tuple[float, ...]
    search_seed: int
    repeats: int
    untreated: str

    def __post_init__(self):
        for field in ("models", "methods", "rate_multiples"):
            value = getattr(self, field)
            if not isinstance(value, (tuple, list)) or not value or len(set(value)) != len(value):
                checks.fail(f"Table2Config.{field}", value, "a list without repeats, not empty")
            object.__setattr__(self, field, tuple(value))
        for multiple in self.rate_multiples:
            checks.real("Table2Config.rate_multiples", multiple, above=0)
        self._check_thresholds()
        checks.whole("Table2Config.search_seed", self.search_seed, 1)
        # The repeats are the seeds below, and none of them may have searched.
        checks.whole("Table2Config.repeats", self.repeats, 1, self.search_seed)
        if self.untreated not in self.methods:
            checks.fail(
                "Table2Config.untreated", self.untreated, f"one of {', '.join(self.methods)}"
            )

    def _check_thresholds(self):
        if not isinstance(self.thresholds, dict):
            checks.fail("Table2Config.thresholds", self.thresholds, "a dict from method to values")
        for method, values in self.thresholds.items():
            if method not in self.methods:
                checks.fail("Table2Config.thresholds", method, f"one of {', '.join(self.methods)}")
            if not isinstance(values, (tuple, list)) or not values:
                checks.fail("Table2Config.thresholds", values, "a list of values, not empty")
            for value in values:
                checks.real("Table2Config.thresholds", value, above=0)

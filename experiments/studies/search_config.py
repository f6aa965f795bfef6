"""A search for a stream as data: its candidates, the runs that judge them, the limits."""

import dataclasses

from data import checks
from experiments.studies.configs import DESIGN_SEEDS, CasesConfig, keep_distinct
from experiments.training.telemetry import TelemetryConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class CriteriaConfig(checks.Checked):
    """The limits of the criteria of findings/criteria.py, set before the search.

    Args:
      noise: a loss of AUC up to this is noise.
      least_factor: least median factor of GC and AGC in healthy steps.
      between: how many changes of Table 3 must have a ratio that is neither 0 nor 1, at least.
      distinct: how many different ratios they must have, at least.
      days_after: days between the last shock and the last day, at least.
    """

    noise: checks.Share
    least_factor: checks.Share
    between: checks.Index
    distinct: checks.Index
    days_after: checks.Index


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig(checks.Checked):
    """A search for a stream on design seeds, with runs of the naive model alone.

    Args:
      candidates: dict from the name of a candidate to a dict from gin parameters, as
        'Class.name', to their values.
      looks: the same for candidates that are only looked at: by the sizes of models at a low rate,
        which is the cheapest criterion.
      low_rate: the learning rate at which models of different size are compared: nothing is near
        its edge.
      base: what all candidates bind; a candidate may bind it otherwise.
      data_seeds: design seeds, 1000 to 1009, on which every candidate is judged.
      edge_seeds: how many of them, from the first on, decide the edge of instability.
      rates: learning rates, ascending, of which the first that makes naive Large+DCN diverge fully
        on all of these is the edge, called 0.4x (section A.1).
      edge_multiple: what the edge is called in units of 1x.
      rows: CasesConfig of the cases that are run at the edge, as those of Table 3.
      telemetry: TelemetryConfig of the runs whose factors are read.
      measured: on how many of the data seeds, from the first on, every step is measured.
      limits: CriteriaConfig.
    """

    candidates: dict[str, dict]
    looks: dict[str, dict]
    low_rate: checks.Positive
    base: dict
    data_seeds: tuple[int, ...]
    edge_seeds: int
    rates: tuple[float, ...]
    edge_multiple: checks.Positive
    rows: CasesConfig
    telemetry: TelemetryConfig
    measured: int
    limits: CriteriaConfig

    def __post_init__(self):
        super().__post_init__()
        for field in ("data_seeds", "rates"):
            keep_distinct(self, field)
        for seed in self.data_seeds:
            checks.whole("SearchConfig.data_seeds", seed, *DESIGN_SEEDS)
        for rate in self.rates:
            checks.real("SearchConfig.rates", rate, above=0)
        if list(self.rates) != sorted(self.rates):
            checks.fail("SearchConfig.rates", self.rates, "ascending rates")
        for field in ("edge_seeds", "measured"):
            checks.whole(f"SearchConfig.{field}", getattr(self, field), 1, len(self.data_seeds))
        for field in ("candidates", "looks"):
            if not isinstance(getattr(self, field), dict):
                found = getattr(self, field)
                checks.fail(f"SearchConfig.{field}", found, "a dict from name to bindings")
        for name in set(self.candidates) & set(self.looks):
            checks.fail("SearchConfig.looks", name, "a name that no candidate has")

    def values(self, candidate):
        """What a candidate binds: dict from a gin parameter to its value."""
        return self.base | (self.looks | self.candidates)[candidate]

"""How planted faults are drawn, as data."""

import dataclasses
from typing import Annotated

from data import checks
from experiments.studies.configs import DESIGN_SEEDS, keep_distinct


def _check_scales(name, scales):
    if not isinstance(scales, (tuple, list)) or len(scales) != 2:
        checks.fail(name, scales, "two numbers above 0, the second larger")
    least, most = scales
    checks.real(f"{name}[0]", least, above=0)
    checks.real(f"{name}[1]", most, above=least)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlantsConfig(checks.Checked):
    """How faults are drawn.

    Args:
      model: name of the model that is trained, untreated.
      data_seeds: design seeds, 1000 to 1009, in turn one a plant.
      rate: learning rate at which the runs are healthy, > 0.
      count: plants that do harm.
      first_day, last_day: days between which a fault of a day or a step begins.
      days_after: days that a run goes on after its fault.
      scales: least and largest factor on an input, a label or a batch, drawn on a log scale.
      rate_factor: factor on the learning rate.
      seed: of the draw.
      values: gin bindings of all runs, as those of a case; without shocks of their own.
    """

    model: str
    data_seeds: tuple[int, ...]
    rate: checks.Positive
    count: checks.Count
    first_day: checks.Count
    last_day: checks.Count
    days_after: checks.Count
    scales: Annotated[tuple[float, float], _check_scales]
    rate_factor: checks.Multiple
    seed: checks.Index
    values: dict

    def __post_init__(self):
        super().__post_init__()
        keep_distinct(self, "data_seeds")
        for seed in self.data_seeds:
            checks.whole("PlantsConfig.data_seeds", seed, *DESIGN_SEEDS)
        if self.last_day < self.first_day:
            checks.fail("PlantsConfig.last_day", self.last_day, f"at least {self.first_day}")

"""The study of Figure 7 as data (section A.2)."""

import dataclasses

from data import checks
from experiments.errors import one_of
from experiments.studies.configs import distinct, keep_distinct
from experiments.studies.crossing import is_gin

OWN = ("method", "rates", "warmups")  # of an optimizer, beside gin parameters


@dataclasses.dataclass(frozen=True, kw_only=True)
class Arm:
    """One optimizer of the study: a line of Figure 7.

    Args:
      method: name of a file in configs/methods.
      rates: learning rates, in units of the schedule (ScheduleConfig), not multiples of 1x.
      warmups: shares of the steps in which the rate rises.
      values: what other parameters are bound to.
    """

    method: str
    rates: tuple[float, ...]
    warmups: tuple[float, ...]
    values: dict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure7Config(checks.Checked):
    """Optimizers on one translation model: a grid of rates and warmups, then repeats of the best.

    Args:
      model: name of a file in configs/models.
      warmups: shares of the steps in which the rate rises, each a grid of its own.
      optimizers: dict from a name to an Arm, or to a dict of 'method' (a file in
        configs/methods), 'rates', and if they are not all, 'warmups'; and of gin parameters, as
        'Class.name' or a macro, with their values.
      search_seed: run seed of the grid; none of the repeats has it.
      repeats: number of run seeds (0, 1, ...) of the best rate and warmup of each optimizer.
    """

    model: str
    warmups: tuple[float, ...]
    optimizers: dict
    search_seed: checks.Count
    repeats: int

    def __post_init__(self):
        super().__post_init__()
        keep_distinct(self, "warmups")
        checks.whole("Figure7Config.repeats", self.repeats, 1, self.search_seed)
        if not isinstance(self.optimizers, dict) or not self.optimizers:
            checks.fail("Figure7Config.optimizers", self.optimizers, "a dict by name, not empty")
        arms = {name: self._arm(name, given) for name, given in self.optimizers.items()}
        object.__setattr__(self, "optimizers", arms)

    def _arm(self, name, given):
        if isinstance(given, Arm):  # of a config that was built before
            return given
        where = f"Figure7Config.optimizers[{name!r}]"
        if not isinstance(given, dict) or not {"method", "rates"} <= given.keys():
            checks.fail(where, given, "a dict with 'method' and 'rates'")
        for key in given:
            if key not in OWN and not is_gin(key):
                checks.fail(where, key, f"a gin parameter as 'Class.name', or {one_of(key, OWN)}")
        values = {key: value for key, value in given.items() if key not in OWN}
        given = {"warmups": self.warmups} | given
        lists = {field: distinct(f"{where}[{field!r}]", given[field]) for field in OWN[1:]}
        for field, numbers in lists.items():
            for number in numbers:
                checks.real(f"{where}[{field!r}]", number, above=0)
        for warmup in lists["warmups"]:
            if warmup not in self.warmups:
                known = ", ".join(map(str, self.warmups))
                checks.fail(f"{where}['warmups']", warmup, f"one of Figure7Config.warmups {known}")
        return Arm(method=given["method"], values=values, **lists)

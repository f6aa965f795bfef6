"""The search for a stream: candidates, each judged by runs of the naive model on design seeds."""

import dataclasses
from typing import NamedTuple

import pandas as pd

from data import checks
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.calibration import METHOD
from experiments.studies.cases import case_run
from experiments.studies.configs import DESIGN_SEEDS, CasesConfig, keep_distinct
from experiments.studies.settings import Setting, outlook, setting_config
from experiments.studies.rows import run_row
from experiments.training.config import RunConfig
from experiments.training.divergence import judged_auc
from experiments.training.telemetry import TelemetryConfig

SHOCKS = {"StreamConfig.shocks": "Shocks.days", "StreamConfig.label_shocks": "LabelShocks.days"}
SHARED = ("cross", "bottom_hidden", "top_hidden")  # labels of the layers that all tasks share


@dataclasses.dataclass(frozen=True, kw_only=True)
class CriteriaConfig:
    """The limits of the criteria of findings/criteria.py, set before the search.

    Args:
      noise: a loss of AUC up to this is noise.
      least_factor: least median factor of GC and AGC in healthy steps.
      between: how many changes of Table 3 must have a ratio that is neither 0 nor 1, at least.
      distinct: how many different ratios they must have, at least.
      days_after: days between the last shock and the last day, at least.
    """

    noise: float
    least_factor: float
    between: int
    distinct: int
    days_after: int

    def __post_init__(self):
        for field in ("noise", "least_factor"):
            checks.real(f"CriteriaConfig.{field}", getattr(self, field), above=0, most=1)
        for field in ("between", "distinct", "days_after"):
            checks.whole(f"CriteriaConfig.{field}", getattr(self, field), 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """A search for a stream on design seeds, with runs of the naive model alone.

    Args:
      candidates: dict from the name of a candidate to a dict from gin parameters, as
        'Class.name', to their values.
      base: what all candidates bind; a candidate may bind it otherwise.
      data_seeds: design seeds, 1000 to 1009, on which every candidate is judged.
      edge_seeds: how many of them, from the first on, decide the edge of instability.
      rates: learning rates, ascending, of which the first that makes naive Large+DCN diverge fully
        on all of these is the edge, called 0.4x (section A.1).
      edge_multiple: what the edge is called in units of 1x.
      low_multiple: a rate in these units at which nothing is near its edge.
      rows: CasesConfig of the cases that are run at the edge, as those of Table 3.
      telemetry: TelemetryConfig of the runs whose factors are read.
      measured: on how many of the data seeds, from the first on, every step is measured.
      limits: CriteriaConfig.
    """

    candidates: dict[str, dict]
    base: dict
    data_seeds: tuple[int, ...]
    edge_seeds: int
    rates: tuple[float, ...]
    edge_multiple: float
    low_multiple: float
    rows: CasesConfig
    telemetry: TelemetryConfig
    measured: int
    limits: CriteriaConfig

    def __post_init__(self):
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
        for field in ("edge_multiple", "low_multiple"):
            checks.real(f"SearchConfig.{field}", getattr(self, field), above=0)
        checks.part("SearchConfig.limits", self.limits, CriteriaConfig)
        if not isinstance(self.candidates, dict) or not self.candidates:
            checks.fail("SearchConfig.candidates", self.candidates, "a dict from name to bindings")

    def values(self, candidate):
        """What a candidate binds: dict from a gin parameter to its value."""
        return self.base | self.candidates[candidate]


class Job(NamedTuple):
    """One run of a search: what it is for, and its configuration."""

    role: str  # "edge", the name of a case, or without shocks: "calm" at the edge, "rate", "size"
    model: str
    rate_multiple: float
    config: RunConfig


def search(config, profile, study, display, divergence):
    """Runs what is missing of a search.

    Args:
      config: SearchConfig.
      profile: name of a profile.
      study: Study on the folder of the search.
      display: progress.Display.
      divergence: DivergenceConfig.
    Returns: DataFrame, one row a run: candidate, role, model, rate_multiple and the columns of
      `_row`. A candidate without an edge has only the runs that looked for it.
    """
    rows = []
    for name in config.candidates:
        values = config.values(name)

        def execute(jobs, title, name=name):
            asked = [(job.config, None) for job in jobs]
            display.begin(f"{name}: {title}", *outlook(study, asked))
            study.execute([job.config for job in jobs])
            return [_row(name, job, study.store, divergence) for job in jobs]

        base_rate = None
        for rate in config.rates:
            base_rate = float(f"{rate / config.edge_multiple:.12g}")
            found = execute(_edge_jobs(config, profile, values, base_rate), f"rate {rate:g}")
            rows += found
            if all(row["label"] == "full" for row in found):
                break
        else:
            continue
        jobs = _jobs(config, profile, values, base_rate)
        found = execute(jobs, f"edge at {rate:g}")
        measured = [job for job in jobs if job.role == "clean"][: config.measured]
        study.execute([job.config for job in measured], config.telemetry)
        for row in found:
            if row["run_id"] in {job.config.run_id for job in measured}:
                row |= _factors(study.store, row)
        rows += found
    return pd.DataFrame(rows)


def _edge_jobs(config, profile, values, base_rate):
    """The runs that decide whether a rate is the edge."""
    seeds, run = config.data_seeds[: config.edge_seeds], (profile, base_rate, values)
    return [_job("edge", "large_dcn", config.edge_multiple, seed, *run) for seed in seeds]


def _jobs(config, profile, values, base_rate):
    """All runs of a candidate but those that found its edge."""
    at_edge, low = config.edge_multiple, config.low_multiple
    calm = [("calm", "large_dcn", at_edge), ("rate", "small", at_edge), ("rate", "small", 1.0)]
    calm += [("size", model, low) for model in ("small", "large", "large_dcn")]
    calm_days = {days: () for part, days in SHOCKS.items() if values.get(part, True) is not None}
    jobs, run = [], (profile, base_rate, values | calm_days)
    for seed in config.data_seeds:
        for name, case in config.rows.cases.items():
            bound = dataclasses.replace(case, values=values | case.values)
            there = case_run(bound, profile, seed, base_rate, 0)
            jobs.append(Job(name, case.model, case.rate_multiple, there))
        jobs += [_job(role, model, multiple, seed, *run) for role, model, multiple in calm]
    return jobs


def _job(role, model, multiple, data_seed, profile, base_rate, values):
    setting = Setting(model, METHOD, None, multiple)
    config = setting_config(setting, profile, data_seed, base_rate, 0, values)
    return Job(role, model, multiple, config)


def _row(candidate, job, store, divergence):
    """What one run showed.

    Returns: dict with data_seed, learning_rate, auc (of the last evaluation, in [0, 1]), label,
      label_step, shock_step (the steps before the first shock, None without), dip (the greatest
      loss of AUC from its best so far between warmup and the first shock), days_after (see
      `_days_after`) and run_id.
    """
    record = store.read(job.config.run_id)
    curves, trainer = store.curves(record), job.config.trainer
    row = run_row(record, curves, divergence)
    shock_step = row["shock_day"] and row["shock_day"] * trainer.steps_per_day
    steps = curves["step"]
    calm = curves[steps > trainer.warmup_days * trainer.steps_per_day]
    calm = judged_auc(calm if shock_step is None else calm[calm["step"] <= shock_step])
    shown = ("data_seed", "learning_rate", "auc", "label", "label_step", "run_id")
    return {
        "candidate": candidate,
        "role": job.role,
        "model": job.model,
        "rate_multiple": job.rate_multiple,
        **{name: row[name] for name in shown},
        "shock_step": shock_step,
        "dip": (calm.cummax() - calm).max(),
        "days_after": _days_after(job.config),
    }


def _days_after(config):
    """Days from the one on which the last shock has left the window to the last day."""
    shocks = [part for part in (config.stream.shocks, config.stream.label_shocks) if part]
    ends = [
        day + (part.duration_days or config.stream.days) for part in shocks for day in part.days
    ]
    return config.stream.days - 1 - (max(ends, default=0) + config.trainer.window_days - 1)


def _factors(store, row):
    """The median factors of healthy steps, after warmup and before the first shock.

    Returns: dict from factor_<rule> to the smallest median of all shared layers.
    """
    rows = TelemetryStore(store.root).read(row["run_id"])
    healthy = rows[(rows["learning_rate"] == rows["learning_rate"].max())]
    healthy = healthy[healthy["step"] < row["shock_step"]]
    columns = [f"{layer}/sigma_{{}}" for layer in SHARED]
    rules = {name.partition("/sigma_")[2] for name in rows.filter(regex="/sigma_")}
    return {
        f"factor_{rule}": min(healthy[column.format(rule)].median() for column in columns)
        for rule in sorted(rules)
    }

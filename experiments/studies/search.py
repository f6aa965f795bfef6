"""The search for a stream: candidates, each judged by runs of the naive model on design seeds."""

import dataclasses
from typing import NamedTuple

import pandas as pd

from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.calibration import METHOD
from experiments.studies.cases import case_run
from experiments.studies.rows import run_row
from experiments.studies.settings import Setting, outlook, setting_config
from experiments.training.config import RunConfig
from experiments.training.divergence import judged_auc

SHOCKS = {"StreamConfig.shocks": "Shocks.days", "StreamConfig.label_shocks": "LabelShocks.days"}
SHARED = ("cross", "bottom_hidden", "top_hidden")  # labels of the layers that all tasks share


class Job(NamedTuple):
    """One run of a search: what it is for, and its configuration."""

    role: str  # "edge", the name of a case, or without shocks: "calm" at the edge, "rate", "size"
    model: str
    rate_multiple: float | None  # None at the low rate, which is the same at every edge
    config: RunConfig


def search(config, profile, study, display, divergence):
    """Runs what is missing of a SearchConfig on a profile, in a Study on the folder of the search.

    Returns: DataFrame, one row a run: candidate, role, model, rate_multiple and the columns of
      `_row`. A candidate without an edge has only the runs that looked for it, and one of
      `config.looks` only those of the role "size".
    """
    rows = []

    def execute(name, jobs, title):
        asked = [(job.config, None) for job in jobs]
        display.begin(f"{name}: {title}", *outlook(study, asked))
        study.execute([job.config for job in jobs])
        return [_row(name, job, study.store, divergence) for job in jobs]

    for name in config.looks:
        jobs = _size_jobs(config, profile, config.values(name))
        rows += execute(name, jobs, f"sizes at {config.low_rate:g}")
    for name in config.candidates:
        values = config.values(name)
        for rate in config.rates:
            base_rate = float(f"{rate / config.edge_multiple:.12g}")
            jobs = _edge_jobs(config, profile, values, base_rate)
            found = execute(name, jobs, f"rate {rate:g}")
            rows += found
            if all(row["label"] == "full" for row in found):
                break
        else:
            continue
        jobs = _jobs(config, profile, values, base_rate)
        found = execute(name, jobs, f"edge at {rate:g}")
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
    at_edge, run = config.edge_multiple, (profile, base_rate, _without_shocks(values))
    calm = [("calm", "large_dcn", at_edge), ("rate", "small", at_edge), ("rate", "small", 1.0)]
    jobs = _size_jobs(config, profile, values)
    for seed in config.data_seeds:
        for name, case in config.rows.cases.items():
            bound = dataclasses.replace(case, values=values | case.values)
            there = case_run(bound, profile, seed, base_rate, 0)
            jobs.append(Job(name, case.model, case.rate_multiple, there))
        jobs += [_job(role, model, multiple, seed, *run) for role, model, multiple in calm]
    return jobs


def _size_jobs(config, profile, values):
    """Each model at the low rate, without shocks."""
    calm = _without_shocks(values)
    return [
        _job("size", model, None, seed, profile, config.low_rate, calm)
        for seed in config.data_seeds
        for model in ("small", "large", "large_dcn")
    ]


def _without_shocks(values):
    off = {days: () for part, days in SHOCKS.items() if values.get(part, True) is not None}
    return values | off


def _job(role, model, multiple, data_seed, profile, base_rate, values):
    setting = Setting(model, METHOD, None, 1.0 if multiple is None else multiple)
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
    shocks = config.stream.known_shocks.values()
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

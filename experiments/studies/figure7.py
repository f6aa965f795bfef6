"""Figure 7: what the study of section A.2 runs, and the rate and warmup that it chooses."""

from typing import NamedTuple

import pandas as pd

from experiments.errors import BadInput
from experiments.studies.settings import outlook, run_config
from experiments.training.config import DEFAULT_DATA_SEED
from experiments.training.divergence import label, reported

NAME = "figure7"
TITLE = "Figure 7: AdamW, Adagrad and Adagrad with Clippy on translation"
SUFFIX = "_translation"  # of the profiles that have a corpus


class Job(NamedTuple):
    """One run: optimizer, rate, warmup, seed, and whether it is of the grid or repeats the best."""

    optimizer: str
    rate: float
    warmup: float
    seed: int
    role: str  # "search" or "repeat"


def profile_of(profile):
    """The profile with the corpus of a size: laptop_translation for laptop, or for itself."""
    return profile if profile.endswith(SUFFIX) else profile + SUFFIX


def search_jobs(config):
    """Every rate of every optimizer at each of its warmups, on the search seed."""
    return [
        Job(name, float(rate), float(warmup), config.search_seed, "search")
        for name, arm in config.optimizers.items()
        for warmup in arm.warmups
        for rate in arm.rates
    ]


def repeat_jobs(config, runs):
    """The repeats of the best of each optimizer in the rows of a grid, as `run_figure7` has them.

    The best has the lowest error rate at the end; of equal ones the first in the order of the grid
    is taken.
    """
    jobs = []
    for name, rows in runs.groupby("optimizer", sort=False):
        best = rows.loc[rows["error_rate"].idxmin()]
        setting = float(best["rate"]), float(best["warmup"])  # gin wants no numbers of NumPy
        jobs += [Job(name, *setting, seed, "repeat") for seed in range(config.repeats)]
    return jobs


def at_edge(rate, rates):
    """Whether a rate is the lowest or the highest of a grid: a better one may lie beyond."""
    return rate in (min(rates), max(rates))


def plan_figure7(config, session):
    """(runs, done, predicted seconds of the others) of a Figure7Config, as far as known."""
    search = search_jobs(config)
    configs = _configs(search, config, session)
    if all(map(session.study.is_done, configs)):
        repeats = repeat_jobs(config, _rows(search, config, session))
    else:  # whatever is chosen, its cost is the same
        first = {job.optimizer: job for job in reversed(search)}.values()
        seeds = range(config.repeats)
        repeats = [job._replace(seed=seed, role="repeat") for job in first for seed in seeds]
    configs += _configs(repeats, config, session)
    return outlook(session.study, [(run, None) for run in configs])


def run_figure7(config, session):
    """Runs what is missing of a Figure7Config in a Session, whose rates need no calibration.

    Returns: DataFrame, one row a run: the fields of Job; data_seed, error_rate and log_loss at the
      end (the latter NaN where undefined), best_error_rate of all evaluations,
      constant_error_rate, label, label_step, steps, run_id.
    """
    session.display.begin(TITLE, *plan_figure7(config, session))
    search = search_jobs(config)
    grid = _rows(search, config, session)
    repeats = _rows(repeat_jobs(config, grid), config, session)
    return pd.concat([grid, repeats], ignore_index=True)


def job_config(job, config, profile):
    """The RunConfig of a Job. Raises: BadInput, which names the optimizer."""
    arm = config.optimizers[job.optimizer]
    values = arm.values | {"ScheduleConfig.warmup_share": job.warmup}
    seeds = {"data_seed": DEFAULT_DATA_SEED, "run_seed": job.seed}
    try:
        return run_config(
            profile, config.model, arm.method, learning_rate=job.rate, values=values, **seeds
        )
    except BadInput as error:
        said = str(error).removeprefix("command line: ")
        raise BadInput(f"Figure7Config.optimizers[{job.optimizer!r}]: {said}") from error


def _configs(jobs, config, session):
    return [job_config(job, config, session.profile) for job in jobs]


def _rows(jobs, config, session):
    """The rows of some Jobs; what has no record is run."""
    records = session.study.execute(_configs(jobs, config, session))
    store = session.study.store
    return pd.DataFrame(
        job._asdict() | run_row(record, store.curves(record), session.divergence)
        for job, record in zip(jobs, records, strict=True)
    )


def run_row(record, curves, divergence):
    """What the curves of one RunRecord showed under a DivergenceConfig: dict of columns."""
    found, last = label(curves, divergence), curves.iloc[-1]
    names = ("error_rate", "log_loss", "constant_error_rate")
    values = {name: float(last[reported(curves.columns, name)]) for name in names}
    return {
        "data_seed": record.config["data_seed"],
        **values,
        "best_error_rate": float(curves[reported(curves.columns, "error_rate")].min()),
        "label": found.kind,
        "label_step": float("nan") if found.step is None else float(found.step),
        "steps": record.steps,
        "run_id": record.run_id,
    }

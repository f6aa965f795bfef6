"""What Table 2 runs: the search, the choice it makes, the repeats that judge the choice."""

from typing import NamedTuple

import pandas as pd

from experiments.studies.settings import Setting

WORST = -1.0  # stands for an undefined AUC in a choice: below the AUC of any run


class Job(NamedTuple):
    """One run of the table: its setting, its seed, and whether it searches or judges."""

    setting: Setting
    seed: int
    role: str  # "search" or "repeat"


def search_jobs(table):
    """The search: every threshold and rate of every treated method, on every search seed."""
    return [
        Job(Setting(model, method, threshold, multiple), seed, "search")
        for model in table.models
        for method in table.methods
        if method != table.untreated
        for threshold in table.thresholds.get(method, (None,))
        for multiple in table.rate_multiples
        for seed in table.search_seeds
    ]


def repeat_jobs(table, chosen):
    """The repeats: each chosen Setting, and the untreated method at every rate, on fresh seeds."""
    untreated = [
        Setting(model, table.untreated, None, multiple)
        for model in table.models
        for multiple in table.rate_multiples
    ]
    return [
        Job(setting, seed, "repeat")
        for setting in [*untreated, *chosen]
        for seed in range(table.repeats)
    ]


def likely_repeats(table):
    """The repeats, if the search were to choose the first threshold of each cell and rate.

    Their number and their cost are right before anything has been chosen.
    """
    first = {}
    for job in search_jobs(table):
        cell = (job.setting.model, job.setting.method, job.setting.rate_multiple)
        first.setdefault(cell, job.setting)
    return repeat_jobs(table, first.values())


def choose(search, cell=("model", "method", "rate_multiple")):
    """The setting of the highest last-day AUC, on average over its runs, in each cell of a search.

    Each rate is repeated with its own best threshold, so that two rates are compared on runs that
    chose neither. With the cells `model` and `method` the rate is chosen, too (section 5.1.3).

    `search` has the runs of the search alone, as `table2.run_table2` gives them. An undefined AUC
    counts as -1: with one of two runs undefined, a setting is worse than any with both defined. Of
    equal settings the first in the order of the grid is taken.
    """
    setting = [search[name] for name in Setting._fields]
    means = search["auc"].fillna(WORST).groupby(setting, dropna=False).transform("mean")
    chosen = []
    for _, rows in search.groupby(list(cell), sort=False):
        best = rows.loc[means[rows.index].idxmax()]
        threshold = None if pd.isna(best["threshold"]) else float(best["threshold"])
        chosen.append(Setting(best["model"], best["method"], threshold, best["rate_multiple"]))
    return chosen


def mark_chosen(runs):
    """Adds `chosen`, whether a run repeats the rate that the search found best, to all runs."""
    best = choose(runs[runs["role"] == "search"], cell=("model", "method"))
    rates = {(setting.model, setting.method): setting.rate_multiple for setting in best}
    found = [
        row.role == "repeat" and rates.get((row.model, row.method)) == row.rate_multiple
        for row in runs.itertuples()
    ]
    return runs.assign(chosen=found)

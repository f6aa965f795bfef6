"""Cells of runs, and the figures that decide claims, each with the runs behind it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.findings import statistics
from experiments.training.divergence import CHANCE

LEAST_RUNS = 3  # of a cell and a data seed; section 5.2 repeats three times
PAIR = ["data_seed", "seed"]


class MissingRuns(Exception):
    """A claim does not have the runs it needs; the message says which."""


class Figure(NamedTuple):
    """A number with its 95 % interval and the ids of its runs; NaN where undefined."""

    value: float
    low: float
    high: float
    run_ids: frozenset

    def side(self, limit=0):
        """1 if the whole interval is above a limit, -1 if below, 0 if neither or undefined."""
        return int(self.low > limit) - int(self.high < limit)


def cell(runs, study, **where):
    """The runs of one cell of a study, indexed and ordered by PAIR.

    Each data seed of `runs`, the repeats of all studies, must have the cell; `where` has the value
    of each column that makes it.
    Raises: MissingRuns if a data seed has fewer than LEAST_RUNS; ValueError if a seed occurs twice.
    """
    mask = runs["study"].eq(study)
    for column, value in where.items():
        mask &= runs[column].eq(value)
    rows = runs[mask].set_index(PAIR).sort_index()
    name = ", ".join([study, *(f"{column}={value}" for column, value in where.items())])
    twice = rows.index[rows.index.duplicated()]
    if len(twice):
        raise ValueError(f"runs: {name} has seed {twice[0][1]} of data seed {twice[0][0]} twice")
    _require(rows.index, runs["data_seed"].unique(), f"runs of {name}")
    return rows


def at_rate(runs, model, method, multiple):
    """A cell of Table 2 at a rate multiple."""
    return cell(runs, "table2", model=model, method=method, rate_multiple=multiple)


def chosen(runs, model, method):
    """A cell of Table 2 at the rate the search chose, which may differ between data seeds."""
    return cell(runs, "table2", model=model, method=method, chosen=True)


def full(rows):
    """Number of runs that fully diverged."""
    return int((rows["label"] == "full").sum())


def contrast(plus, minus, metric):
    """Sum of the cells `plus` minus sum of the cells `minus`, paired by data seed and seed.

    An AUC that is undefined counts as chance; pairs with an undefined RMSE are left out, and a data
    seed that has fewer than LEAST_RUNS others leaves the figure undefined.
    Raises: MissingRuns if the cells have fewer than LEAST_RUNS seeds of a data seed in common.
    """
    cells = [*plus, *minus]
    columns = _paired(cells, metric)
    defined = columns[np.isfinite(columns).all(axis=1)]
    run_ids = _ids(cells, defined.index)
    n = defined.groupby("data_seed").size().reindex(columns.index.unique("data_seed"), fill_value=0)
    if n.min() < LEAST_RUNS:
        return Figure(*statistics.UNDEFINED, run_ids)
    signs = np.repeat([1, -1], [len(plus), len(minus)])
    return Figure(*statistics.mean(blocks(defined @ signs)), run_ids)


def difference(left, right, metric):
    """Mean paired difference of two cells, left minus right."""
    return contrast([left], [right], metric)


def spread_ratio(above, below):
    """Ratio of the standard deviations of AUC of two lists of cells, pooled within cells."""
    columns = _paired([*above, *below], "auc")
    shape = -1, 2, len(above)
    found = statistics.spread_ratio(
        [block.reshape(shape).swapaxes(1, 2) for block in blocks(columns)]
    )
    return Figure(*found, _ids([*above, *below], columns.index))


def divergence(rows):
    """Share of a cell's runs that fully diverged, with its Wilson interval."""
    return share(rows["label"] == "full", rows)


def share(held, rows):
    """The share of the runs `rows` that a mask holds for; undefined without runs."""
    return Figure(*statistics.proportion(held.sum(), len(rows)), frozenset(rows["run_id"]))


def over_runs(statistic, values, rows):
    """A statistic of statistics.py over one value a run, a Series beside the rows of a cell."""
    return Figure(*statistic(blocks(values)), frozenset(rows["run_id"]))


def blocks(values):
    """Values of the runs of a cell, a Series or a DataFrame, as one array a data seed."""
    return [rows.to_numpy(float) for _, rows in values.groupby(level=PAIR[0], sort=False)]


def _paired(cells, metric):
    """One column a cell, one row a pair (data seed, seed) that all cells have."""
    series = [rows[metric].astype(float) for rows in cells]
    if metric != "rmse":
        series = [values.fillna(CHANCE) for values in series]
    columns = pd.concat(series, axis=1, join="inner", keys=range(len(series))).sort_index()
    names = sorted({f"{rows['model'].iloc[0]} {rows['method'].iloc[0]}" for rows in cells})
    data_seeds = cells[0].index.unique("data_seed")
    _require(columns.index, data_seeds, f"common seeds of {' and '.join(names)}")
    return columns


def _require(index, data_seeds, what):
    if not len(data_seeds):
        raise MissingRuns(f"no {what}")
    for data_seed in data_seeds:
        n = int((index.get_level_values("data_seed") == data_seed).sum())
        if n < LEAST_RUNS:
            raise MissingRuns(f"data seed {data_seed} has {n} {what}; {LEAST_RUNS} are needed")


def _ids(cells, index):
    return frozenset(run for rows in cells for run in rows["run_id"][rows.index.isin(index)])

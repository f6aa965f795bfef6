"""Cells of runs, and the figures that decide claims, each with the runs behind it."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.findings import statistics
from experiments.training.divergence import CHANCE

LEAST_RUNS = 3  # of a cell and a data seed; section 5.2 repeats three times
LEAST_DATA_SEEDS = 5  # of a pooled verdict
PAIR = ["data_seed", "seed"]
TIE = {"auc": 0.005, "rmse": 0.01}  # half an AUC point; within it two methods are comparable


class MissingRuns(Exception):
    """A claim does not have the runs it needs; the message says which."""


class Figure(NamedTuple):
    """A number and its interval, NaN where undefined, with the ids of its runs."""

    value: float
    low: float = np.nan
    high: float = np.nan
    run_ids: frozenset = frozenset()


class Quantity(NamedTuple):
    """A number to be: `at` gives from alpha its Estimate, whose interval is at 1 - alpha."""

    at: object
    run_ids: frozenset

    def figure(self):
        """It alone, with its interval at 95 %."""
        return Figure(*self.at(statistics.ALPHA), self.run_ids)

    def above(self, limit=0):
        """The comparison whose claim is that it is above a limit."""
        return Comparison(self, lambda estimate: estimate.side(limit))

    def below(self, limit=0):
        """The comparison whose claim is that it is below a limit."""
        return Comparison(self, lambda estimate: -estimate.side(limit))

    def above_or_tied(self, tie):
        """The comparison whose claim is that it is no lower than 0, or tied: within +-tie of it."""
        return self.above(-tie)

    def below_or_tied(self, tie):
        """The same the other way round."""
        return self.below(tie)


class Comparison(NamedTuple):
    """A Quantity and what a claim says of it.

    `side` goes from its Estimate to 1 if that is on the side of the claim, -1 if it is on the
    other, 0 if it does not tell.
    """

    quantity: Quantity
    side: object


def corrected(comparisons):
    """(figures, sides) by name of the Comparisons of one claim, with the intervals of Holm."""
    pairs = [(quantity.at, side) for quantity, side in comparisons.values()]
    figures, sides = {}, {}
    for name, found in zip(comparisons, statistics.holm(pairs), strict=True):
        quantity, side = comparisons[name]
        figures[name], sides[name] = Figure(*found, quantity.run_ids), side(found)
    return figures, sides


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


def survives(rows):
    """Whether most runs of a cell have not fully diverged."""
    return 2 * full(rows) <= len(rows)


def contrast(plus, minus, metric):
    """Quantity: sum of the cells `plus` minus sum of the cells `minus`, paired by PAIR.

    An AUC that is undefined counts as chance; pairs with an undefined RMSE are left out, and a data
    seed that has fewer than LEAST_RUNS others leaves it undefined.
    Raises: MissingRuns if the cells have fewer than LEAST_RUNS seeds of a data seed in common.
    """
    cells = [*plus, *minus]
    columns = _paired(cells, metric)
    defined = columns[np.isfinite(columns).all(axis=1)]
    run_ids = _ids(cells, defined.index)
    n = defined.groupby("data_seed").size().reindex(columns.index.unique("data_seed"), fill_value=0)
    if n.min() < LEAST_RUNS:
        return Quantity(lambda alpha: statistics.UNDEFINED, run_ids)
    signs = np.repeat([1, -1], [len(plus), len(minus)])
    return Quantity(partial(statistics.mean, blocks(defined @ signs)), run_ids)


def difference(left, right, metric):
    """Quantity: the mean paired difference of two cells, left minus right."""
    return contrast([left], [right], metric)


def spread_ratio(above, below):
    """Quantity: ratio of the standard deviations of AUC of two lists of cells, pooled over them.

    It is undefined where a cell does not survive: runs that are all at chance do not vary.
    """
    cells = [*above, *below]
    columns = _paired(cells, "auc")
    run_ids = _ids(cells, columns.index)
    if not all(map(survives, cells)):
        return Quantity(lambda alpha: statistics.UNDEFINED, run_ids)
    shape = -1, 2, len(above)
    pairs = [block.reshape(shape).swapaxes(1, 2) for block in blocks(columns)]
    return Quantity(partial(statistics.spread_ratio, pairs), run_ids)


def divergence(rows):
    """Quantity: the share of a cell's runs that fully diverged."""
    return share(rows["label"] == "full", rows)


def ratios(plus, minus):
    """Quantity: sum of the divergence ratios of the cells `plus` minus sum of those of `minus`.

    The counts are pooled over data seeds.
    """
    sides = [[(full(rows), len(rows)) for rows in cells] for cells in (plus, minus)]
    run_ids = frozenset().union(*(rows["run_id"] for rows in (*plus, *minus)))
    return Quantity(partial(statistics.proportions, *sides), run_ids)


def share(held, rows):
    """Quantity: the share of the runs `rows` that a mask holds for; undefined without runs."""
    at = partial(statistics.proportion, int(held.sum()), len(rows))
    return Quantity(at, frozenset(rows["run_id"]))


def over_runs(statistic, values, rows):
    """Quantity: a statistic of statistics.py over one value a run, a Series beside the rows."""
    return Quantity(partial(statistic, blocks(values)), frozenset(rows["run_id"]))


def typical(values, rows):
    """Quantity: the typical size of a positive number, a Series with one value a run."""
    return over_runs(statistics.typical_ratio, values, rows)


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

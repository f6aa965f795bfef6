"""Cells and their figures: pairing, undefined values, runs that are missing."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import statistics, testing
from experiments.findings.claims import quantities
from experiments.findings.claims.quantities import MissingRuns, Quantity
from experiments.findings.testing import joined, table2, where

LEFT = [0.71, 0.74, 0.70, 0.79, 0.73]
RIGHT = [0.72, 0.70, 0.71, 0.70, 0.60]


def cell_runs(*args, **columns):
    """A cell as quantities.cell gives it."""
    return testing.cell_runs(*args, **columns).set_index(quantities.PAIR)


def difference(*where):
    return quantities.difference(*where).figure()


def cells(**left):
    left = {"auc": LEFT, "rmse": LEFT} | left
    return cell_runs("a", **left), cell_runs("b", auc=RIGHT, rmse=RIGHT)


def test_runs_are_paired_by_seed_whatever_their_order():
    left, right = cells()
    expected = difference(left, right, "auc")
    assert expected.value == pytest.approx(np.mean(np.subtract(LEFT, RIGHT)))
    assert difference(left[::-1], right.sample(frac=1, random_state=1), "auc") == expected


def test_a_difference_rests_on_the_common_seeds():
    left, right = cells()[0], cell_runs("b", auc=RIGHT, seed=range(1, 6))
    found = difference(left, right, "auc")
    assert found.value == pytest.approx(np.mean(np.subtract(LEFT[1:], RIGHT[:-1])))
    assert found.run_ids == {*left["run_id"][1:], *right["run_id"][:-1]}
    with pytest.raises(MissingRuns, match="has 2 common seeds of large_dcn naive"):
        difference(left, cell_runs("b", seed=range(3, 8)), "auc")


def test_an_undefined_auc_is_chance_and_a_pair_with_an_undefined_rmse_is_left_out():
    left, right = cells(auc=[np.nan, *LEFT[1:]], rmse=[np.nan, *LEFT[1:4], np.inf])
    found = difference(left, right, "auc")
    assert found.value == pytest.approx(np.mean(np.subtract([0.5, *LEFT[1:]], RIGHT)))
    found = difference(left, right, "rmse")
    assert found.value == pytest.approx(np.mean(np.subtract(LEFT[1:4], RIGHT[1:4])))
    assert found.run_ids == {*left["run_id"][1:4], *right["run_id"][1:4]}


@pytest.mark.parametrize("defined", [0, 2])
def test_too_few_defined_pairs_leave_the_figure_undefined(defined):
    left, right = cells(rmse=[np.nan] * (5 - defined) + LEFT[:defined])
    found = difference(left, right, "rmse")
    assert np.isnan(found[:3]).all()
    # The same where another data seed has enough.
    left = pd.concat([left, cell_runs("a", 2, rmse=LEFT)])
    right = pd.concat([right, cell_runs("b", 2, rmse=RIGHT)])
    assert np.isnan(difference(left, right, "rmse").value)


def test_a_cell_needs_three_runs_of_every_data_seed_each_seed_once():
    runs = joined([testing.cell_runs("a", 1), testing.cell_runs("a", 2, 3)])
    assert len(quantities.cell(runs, "a", model="large_dcn")) == 8
    with pytest.raises(MissingRuns, match="data seed 2 has 2 runs of a, model=large_dcn"):
        quantities.cell(runs[:-1], "a", model="large_dcn")
    with pytest.raises(MissingRuns, match="data seed 1 has 0 runs of a, x=3"):
        quantities.cell(runs, "a", x=3)
    with pytest.raises(MissingRuns, match="no runs of a"):
        quantities.cell(runs[:0], "a")
    with pytest.raises(ValueError, match="a, method=naive has seed 0 of data seed 1 twice"):
        quantities.cell(joined([runs, runs]), "a", method="naive")


def test_the_chosen_cell_may_be_at_another_rate_on_another_data_seed():
    runs = joined([table2(1), table2(2)])
    swap = where(runs, data_seed=2, model="small", method="gc")
    runs.loc[swap, "chosen"] = ~runs.loc[swap, "chosen"].astype(bool)
    rates = quantities.chosen(runs, "small", "gc").groupby("data_seed")["rate_multiple"].unique()
    assert [list(rate) for rate in rates] == [[2.0], [1.0]]


SIDES = {  # of being above, below, no lower than a tie, and no higher: by the interval's ends
    (0.1, 0.2): (1, -1, 1, 1),
    (0.1, 0.4): (1, -1, 1, 0),
    (0.31, 0.4): (1, -1, 1, -1),
    (-0.1, 0.4): (0, 0, 1, 0),
    (-0.2, 0.1): (0, 0, 1, 1),
    (-0.4, 0.1): (0, 0, 0, 1),
    (-0.4, 0.4): (0, 0, 0, 0),
    (0.0, 0.0): (0, 0, 1, 1),
    (-0.2, -0.1): (-1, 1, 1, 1),
    (-0.4, -0.1): (-1, 1, 0, 1),
    (-0.5, -0.4): (-1, 1, -1, 1),
    (np.nan, np.nan): (0, 0, 0, 0),
}


@pytest.mark.parametrize("ends", SIDES)
def test_the_side_of_a_claim_on_which_an_interval_lies(ends):
    """A tie is +-0.3."""
    quantity = Quantity(lambda alpha: statistics.Estimate(0.0, *ends), frozenset())
    claims = (quantity.above(), quantity.below())
    claims += (quantity.above_or_tied(0.3), quantity.below_or_tied(0.3))
    found = [quantities.corrected({"it": claim})[1]["it"] for claim in claims]
    assert tuple(found) == SIDES[ends]
    shifted = Quantity(lambda alpha: statistics.Estimate(1.0, *np.add(ends, 1)), frozenset())
    assert [shifted.above(1).side(shifted.at(1)), shifted.below(1).side(shifted.at(1))] == found[:2]

"""Table 2's arithmetic and layout on hand-made runs."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.findings import published as paper
from experiments.findings import table2
from experiments.studies.calibration import Calibration
from experiments.studies.testing import table2 as config
from experiments.studies.testing import table2_row as run


@pytest.fixture
def frame():
    runs = [run("small", "gc", 1, 0.99, seed=100, role="search")]
    runs += [
        run("small", "gc", 2, auc, seed, chosen=True) for seed, auc in enumerate((0.70, 0.72, 0.77))
    ]
    runs += [run("small", "gc", 1, 0.6, 0, threshold=0.1), run("small", "gc", 1, 0.64, 1)]
    runs += [
        run("small", "naive", 1, auc, seed, label="full") for seed, auc in enumerate((0.50, 0.52))
    ]
    runs += [run("small", "naive", 2, 0.49, seed, label="full") for seed in range(2)]
    runs += [
        run("small", "clippy", 2, 0.75, 0, label="micro", chosen=True),
        run("small", "clippy", 2, np.nan, 1, label="full", chosen=True),
    ]
    return pd.DataFrame(runs)


def cell(frame, method, metric):
    table = table2.table_frame(frame, "naive")
    rows = table[(table["method"] == method) & (table["metric"] == metric)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_mean_and_spread_are_of_the_repeats_alone(frame):
    found = cell(frame, "gc", "auc")
    assert found["mean"] == pytest.approx(73.0)
    assert found["std"] == pytest.approx(math.sqrt((9 + 1 + 16) / 2))
    assert (found["n"], found["diverged"], found["rate_multiple"]) == (3, 0, 2.0)
    assert (found["paper_mean"], found["paper_std"]) == (71.68, 0.13)


def test_rmse_is_not_scaled(frame):
    assert cell(frame, "gc", "rmse")["mean"] == pytest.approx(1.073)


def test_naive_is_shown_at_its_better_rate(frame):
    found = cell(frame, "naive", "auc")
    assert (found["rate_multiple"], found["n"], found["diverged"]) == (1.0, 2, 2)
    assert found["mean"] == pytest.approx(51.0)


def test_runs_without_a_metric_are_counted(frame):
    found = cell(frame, "clippy", "auc")
    assert (found["n"], found["diverged"], found["micro_diverged"]) == (2, 1, 1)
    assert found["mean"] == pytest.approx(75.0)


def test_every_rate_is_counted(frame):
    rates = table2.rates_frame(frame).set_index(["method", "rate_multiple"])
    naive = rates.loc["naive"]
    assert naive["diverged"].tolist() == [2, 2]
    assert naive["auc_mean"].tolist() == pytest.approx([51.0, 49.0])
    other = rates.loc[("gc", 1.0)]
    assert (other["n"], other["threshold"]) == (2, 0.1)
    assert (other["auc_mean"], other["auc_std"]) == pytest.approx((62.0, math.sqrt(8)))


def test_the_interval_is_of_the_mean_by_students_t(frame):
    found = cell(frame, "gc", "auc")
    # t(0.975) with 2 degrees of freedom is 4.302653, from a printed table
    half = 4.302653 * math.sqrt(13) / math.sqrt(3)
    assert (found["low"], found["high"]) == pytest.approx((73 - half, 73 + half), rel=1e-5)
    assert math.isnan(table2.interval(pd.Series([1.0, np.nan]))["low"])


def test_the_columns_are_those_of_the_contract(frame):
    columns = "model method metric mean std n diverged micro_diverged rate_multiple threshold"
    expected = [*columns.split(" "), "paper_mean", "paper_std", "low", "high"]
    assert list(table2.table_frame(frame, "naive").columns) == expected


def test_the_best_is_the_highest_auc_and_the_lowest_rmse_of_the_survivors():
    rows = pd.DataFrame(
        {
            "method": ["a", "b", "c", "d"],
            "mean": [70.0, 72.0, 99.0, 98.0],
            "n": [3, 3, 3, 3],
            "diverged": [0, 0, 3, 1],
        }
    )
    assert table2.best_method(rows, "auc") == "b"
    assert table2.best_method(rows, "rmse") == "a"
    assert table2.best_method(rows[rows["method"] == "c"], "auc") is None


def test_markdown_and_latex_say_the_same(frame):
    table = table2.table_frame(frame, "naive")
    optimal = {"auc": 80.0, "rmse": 0.9}
    text, tex = table2.markdown(table, optimal), table2.latex(table, optimal)
    assert "*diverged* 2/2 (51.00 ± 1.41)<br>[diverged]" in text
    assert r"\emph{diverged} 2/2 (51.00 $\pm$ 1.41) [diverged]" in tex
    assert "75.00, 1/2 diverged<br>[71.79 ± 0.00]" in text
    assert "<u>73.00 ± 3.61</u><br>[71.68 ± 0.13]" in text
    assert "| 2x [2x] |" in text
    widths = {line.count("|") for line in text.splitlines()}
    assert widths == {7}
    assert tex.count(r"\\") == 4


def test_the_notes_state_the_rate_and_every_setting(frame):
    found = Calibration(
        edge=0.32,
        base_rate=0.8,
        edge_multiple=0.4,
        model="large",
        data_seeds=(1000, 1001),
        tried=[],
    )
    text = table2.notes(table2.rates_frame(frame), config(), found)
    assert "1x is 0.8: naive Large fully diverges in 2 of 2 runs at 0.32, called 0.4x" in text
    assert "design data seeds 1000, 1001." in text
    assert "| Small | Naive | 1x | - | 51.00 ± 1.41 |" in text
    assert "| Small | GC | 1x | 0.1 | 62.00 ± 2.83 |" in text


def test_the_paper_has_a_cell_for_every_method():
    assert all(len(cells) == len(paper.METHODS) for cells in paper.TABLE2.values())
    assert paper.table2_cell("large_dcn", "clippy", "auc") == (72.37, 0.01)
    assert paper.table2_cell("large_dcn", "agc", "rmse") == (1.051, 0.001)
    assert paper.table2_rate("large_dcn", "gc") == 1
    assert paper.table2_cell("other", "gc", "auc") == (None, None)

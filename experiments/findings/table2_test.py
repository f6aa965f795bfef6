"""Table 2's arithmetic and layout on hand-made runs."""

import math

import pandas as pd
import pytest

from experiments.findings import power, published, table2
from experiments.findings.report.testing import FOUND
from experiments.studies.testing import table2 as config
from experiments.studies.testing import table2_row as run

NAN = math.nan
OPTIMAL = {"auc": 80.0, "rmse": 0.9}
AUCS = [0.70, 0.72, 0.77]
RUNS = [run("small", "gc", 1, 0.99, seed=100, role="search")]
RUNS += [run("small", "gc", 2, auc, seed, chosen=True) for seed, auc in enumerate(AUCS)]
RUNS += [run("small", "gc", 1, 0.6, 0, threshold=0.1), run("small", "gc", 1, 0.64, 1)]
RUNS += [run("small", "naive", 1, auc, seed, label="full") for seed, auc in ((0, 0.50), (1, 0.52))]
RUNS += [run("small", "naive", 2, 0.49, seed, label="full") for seed in range(2)]
RUNS += [run("small", "clippy", 2, 0.75, 0, label="micro", chosen=True)]
RUNS += [run("small", "clippy", 2, NAN, 1, label="full", chosen=True)]
RUNS += [
    run("small", "agc", 1, 0.7, seed, label=label, chosen=True)
    for seed, label in enumerate(["damaged", "healthy", "micro", "untrained", "micro"])
]
FRAME = pd.DataFrame(RUNS)


COUNTS = ["n", "diverged", "micro_diverged", "damaged", "untrained"]
CELLS = {  # mean, std, COUNTS, rate_multiple, paper_mean
    ("gc", "auc"): (73.0, math.sqrt((9 + 1 + 16) / 2), 3, 0, 0, 0, 0, 2.0, 71.68),  # repeats alone
    ("gc", "rmse"): (1.073, None, 3, 0, 0, 0, 0, 2.0, 1.058),  # not scaled
    ("naive", "auc"): (51.0, math.sqrt(2), 2, 2, 0, 0, 0, 1.0, NAN),  # at its better rate
    ("clippy", "auc"): (75.0, NAN, 2, 1, 1, 0, 0, 2.0, 71.79),  # without a metric, and counted
    ("agc", "auc"): (70.0, 0.0, 5, 0, 2, 1, 1, 1.0, 71.73),
}
COLUMNS = ["model", "method", "metric", "mean", "std", *COUNTS, "rate_multiple", "threshold"]


@pytest.mark.parametrize("method, metric", CELLS)
def test_a_cell_is_of_the_repeats_at_its_rate(method, metric):
    table = table2.table_frame(FRAME, "naive")
    assert list(table.columns) == [*COLUMNS, "paper_mean", "paper_std", "low", "high"]
    row = table.set_index(["method", "metric"]).loc[(method, metric)]
    mean, std, *counts, paper = CELLS[method, metric]
    assert row["mean"] == pytest.approx(mean)
    assert std is None or row["std"] == pytest.approx(std, nan_ok=True)
    assert [row[name] for name in (*COUNTS, "rate_multiple")] == counts
    assert row["paper_mean"] == pytest.approx(paper, nan_ok=True)


def test_the_best_is_the_highest_auc_and_the_lowest_rmse_of_the_survivors():
    rows = {"method": list("abcd"), "mean": [70.0, 72.0, 99.0, 9.0], "diverged": [0, 0, 3, 1]}
    rows = pd.DataFrame(rows)
    assert [table2.best_method(rows, metric) for metric in ("auc", "rmse")] == ["b", "a"]
    assert table2.best_method(rows[rows["method"] == "c"], "auc") is None


def test_markdown_and_latex_say_the_same():
    table = table2.table_frame(FRAME, "naive")
    text, tex = table2.markdown(table, OPTIMAL), table2.latex(table, OPTIMAL)
    assert "*diverged* 2/2 (51.00 ± 1.41)<br>[diverged]" in text
    assert r"\emph{diverged} 2/2 (51.00 $\pm$ 1.41) [diverged]" in tex
    assert "75.00, 1/2 diverged, 1/2 micro-diverged<br>[71.79 ± 0.00]" in text
    others = "2/5 micro-diverged, 1/5 damaged, 1/5 untrained"
    assert f"70.00 ± 0.00, {others}<br>[71.73 ± 0.00]" in text
    assert f"70.00 $\\pm$ 0.00, {others} [71.73 $\\pm$ 0.00]" in tex
    assert "<u>73.00 ± 3.61</u><br>[71.68 ± 0.13]" in text
    assert "| 2x [2x] |" in text
    assert {line.count("|") for line in text.splitlines()} == {8}
    assert tex.count(r"\\") == 4


def test_the_notes_state_the_rate_and_every_setting():
    rates = table2.rates_frame(FRAME)
    assert rates[rates["method"] == "naive"]["diverged"].tolist() == [2, 2]
    text = table2.notes(rates, config(), FOUND)
    assert "mean AUC of its search runs (seeds 100, 101) and repeated with 3 other seeds." in text
    # GC at 2x and at 1x, AGC: 2, 1 and 4 degrees of freedom. Settings with a dead run do not count.
    within = math.sqrt((2 * 13 + 1 * 8 + 4 * 0) / 7)
    gap = power.detectable_gap(math.sqrt(2) * within, 3)
    assert "that 3 pairs of runs on one data seed show with a power of 80 % (Student's t" in text
    assert f"5 %): {gap:.2f}, from a standard deviation within a setting" in text
    assert f" within a setting of {within:.2f} (pooled" in text
    assert "1x is 0.25: naive Large fully diverges in 2 of 2 runs at 0.1, called 0.4x" in text
    assert "design data seeds 1000, 1001." in text
    assert "| Small | Naive | 1x | - | 51.00 ± 1.41 |" in text
    assert "| Small | GC | 1x | 0.1 | 62.00 ± 2.83 |" in text
    assert "| RMSE | Diverged | Micro-diverged | Damaged | Untrained |\n" in text
    assert "| 1.070 ± 0.000 | 0/5 | 2/5 | 1/5 | 1/5 |\n" in text
    dead = table2.notes(rates[rates["method"] == "naive"], config(), FOUND)
    assert "\nNo setting with several runs is without a full divergence" in dead
    assert published.table2_cell("other", "gc", "auc") == (None, None)
    alone = FRAME[(FRAME["seed"] == 0) & (FRAME["method"] == "gc")]
    assert "nan" not in table2.notes(table2.rates_frame(alone), config(), FOUND)

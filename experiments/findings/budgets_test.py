"""Equal budgets against searches that are really played, one for each order of the settings."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from experiments.findings import budgets
from experiments.studies.testing import table2, table2_row

NAN = math.nan
GRIDS = [  # (seeds, settings)
    [[0.70, 0.62, 0.55, 0.71], [0.66, 0.73, 0.50, 0.60]],
    [[0.70, NAN, 0.70, 0.5], [0.52, 0.9, 0.8, NAN]],  # undefined on either seed, and equal ones
    [[0.6], [0.8]],
    [[0.7, 0.6, 0.65], [0.5, 0.8, 0.61], [0.4, NAN, 0.9]],
]


def played(grid, budget):
    """Tries the first `budget` settings of every order of a grid, and takes the mean of all."""
    seeds, count, found = len(grid), len(grid[0]), []
    for judge in range(seeds):
        seen = [[-1 if math.isnan(auc) else auc for auc in grid[s]] for s in range(seeds)]
        del seen[judge]
        for order in itertools.permutations(range(count)):
            best = None
            for setting in sorted(order[:budget]):  # of equal settings the first of the grid
                mean = sum(row[setting] for row in seen) / len(seen)
                if best is None or mean > best[0]:
                    best = mean, setting
            value = grid[judge][best[1]]
            found.append(0.5 if math.isnan(value) else value)
    return sum(found) / len(found)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("budget", [1, 2, 3, 4, 6])
def test_the_expectation_is_the_mean_of_all_searches(grid, budget):
    found = budgets.expected_auc(np.array(grid), budget)
    assert found == pytest.approx(played(grid, budget), rel=1e-12)


def test_one_seed_has_no_other_to_judge_its_choice():
    assert math.isnan(budgets.expected_auc(np.array([[0.9, 0.5]]), 2))


def searched(model, method, multiple, threshold, *aucs):
    return [
        table2_row(model, method, multiple, auc, 100 + seed, role="search", threshold=threshold)
        for seed, auc in enumerate(aucs)
    ]


def test_a_row_is_a_model_and_a_budget_and_the_smaller_grid_is_spent_first():
    rows = searched("small", "gc", 1, 0.1, 0.70, 0.60) + searched("small", "gc", 2, 0.1, 0.5, 0.64)
    rows += searched("small", "gc", 1, 0.01, 0.55, 0.71)
    rows += searched("small", "gc", 2, 0.01, 0.4, 0.3)
    rows += searched("small", "clippy", 1, NAN, 0.70, 0.72)
    rows += searched("small", "clippy", 2, NAN, 0.73, 0.74)
    rows += searched("large", "gc", 1, 0.1, 0.8, NAN)
    rows += searched("large", "clippy", 1, NAN, 0.7, 0.6)
    rows += [table2_row("small", method, 1, 0.99, 0) for method in ("naive", "gc")]  # no search
    frame = budgets.table_frame(pd.DataFrame(rows))
    assert list(frame.columns) == ["model", "budget", "gc", "clippy"]
    assert [*zip(frame["model"], frame["budget"], strict=True)] == [
        (model, budget) for model in ("small", "large") for budget in (1, 2, 6)
    ]
    small = [[0.70, 0.5, 0.55, 0.4], [0.60, 0.64, 0.71, 0.3]]
    assert frame["gc"][:3].tolist() == pytest.approx([100 * played(small, b) for b in (1, 2, 6)])
    assert frame["clippy"][:3].tolist() == pytest.approx([72.25, 73.5, 73.5])
    assert frame["gc"][3:].tolist() == pytest.approx([65.0] * 3)  # 0.8, and chance level
    text = budgets.markdown(frame, table2())
    assert "| Model | Settings | GC | Clippy |\n" in text
    assert "| Small | 2 | " in text and " | 73.50 |\n| Small | 6 | " in text
    assert "(all where it has no more: GC 4, Clippy 2)" in text
    assert "is judged as 50." in text

"""Tables of cases and Table 3 on hand-made runs."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.findings import cases, table3
from experiments.findings import published as paper
from experiments.studies.calibration import Calibration

FOUND = Calibration(
    edge=0.2, base_rate=0.5, edge_multiple=0.4, model="large_dcn", data_seeds=(1000,), tried=[]
)


def runs(counts):
    """Runs of each case: (label, auc) of each."""
    return pd.DataFrame(
        {
            "case": name,
            "seed": seed,
            "model": "large_dcn",
            "method": "naive",
            "rate_multiple": 0.4,
            "label": label,
            "auc": auc,
            "rmse": 1.0,
        }
        for name, found in counts.items()
        for seed, (label, auc) in enumerate(found)
    )


@pytest.fixture
def frame():
    dead, alive, slow = ("full", 0.5), ("healthy", 0.7), [("untrained", 0.7)] * 2
    return runs(
        {
            "clean": [dead] * 5,
            "smaller_model": [dead, *slow, ("micro", 0.73), alive],
            "two_tasks_removed": [alive, alive, ("full", np.nan)],
        }
    )


def wilson_by_hand(k, n):
    z = 1.959964
    center, spread = (k + z**2 / 2) / (n + z**2), z * math.sqrt(k * (n - k) / n + z**2 / 4)
    return center - spread / (n + z**2), center + spread / (n + z**2)


def test_diverged_runs_are_counted_with_wilsons_interval(frame):
    found = cases.table_frame(frame).set_index("case")
    assert found["diverged"].tolist() == [5, 1, 1]
    assert found["micro_diverged"].tolist() == [0, 1, 0]
    assert found["damaged"].tolist() == [0, 0, 0]
    assert found["untrained"].tolist() == [0, 2, 0]
    assert found["tried"].tolist() == [5, 5, 3]
    assert found["ratio"].tolist() == pytest.approx([1.0, 0.2, 1 / 3])
    for name, (k, n) in {"clean": (5, 5), "smaller_model": (1, 5)}.items():
        row = found.loc[name]
        assert (row["low"], row["high"]) == pytest.approx(wilson_by_hand(k, n), abs=1e-6)


def test_quality_is_over_the_runs_that_have_it(frame):
    found = cases.table_frame(frame).set_index("case")
    assert found.loc["two_tasks_removed", "auc_mean"] == pytest.approx(70.0)
    assert found.loc["smaller_model", "auc_std"] == pytest.approx(
        np.std([50, 70, 70, 73, 70], ddof=1)
    )


def test_table3_has_the_columns_of_the_contract_and_the_papers_counts(frame):
    found = table3.table_frame(frame)
    columns = "direction change diverged tried ratio low high paper_diverged paper_tried"
    assert list(found.columns) == columns.split(" ")
    assert found["paper_diverged"].tolist() == [5, 1, 0]
    assert found["paper_tried"].tolist() == [5, 3, 3]
    assert found["direction"].tolist() == ["N/a", "Model size", "Output tasks"]


def test_markdown_and_latex_say_the_same(frame):
    found = table3.table_frame(frame)
    text, tex = table3.markdown(found, FOUND), table3.latex(found)
    assert "| Model size | Smaller model size | 1/5 | 20% | 4% to 62% | 1/3 |" in text
    assert r"Model size & Smaller model size & 1/5 & 20\% & 4\% to 62\% & 1/3 \\" in tex
    assert "Naive Large+DCN at 0.2, called 0.4x" in text


def test_a_study_of_cases_as_a_person_reads_it(frame):
    text = cases.markdown(cases.table_frame(frame), "A study")
    assert text.startswith("## A study\n")
    assert "| clean | Large+DCN | Naive | 0.4x | 5/5 | 57% to 100% | - | 50.00 ± 0.00 |" in text
    assert "| 1/5 | 4% to 62% | 1 micro, 2 untrained |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_a_case_is_compared_with_another_seed_by_seed():
    ok = "healthy"
    frame = runs(
        {
            "gc": [(ok, 0.70), (ok, 0.72), (ok, 0.71), (ok, 0.60)],
            "clippy": [(ok, 0.71), (ok, 0.74), (ok, 0.74)],
        }
    )
    found = cases.table_frame(frame, {"clippy": "gc"})
    gap = found.set_index("case").loc["clippy", ["auc_gap", "auc_gap_low", "auc_gap_high"]]
    half = 4.302653 / math.sqrt(
        3
    )  # t of 0.975 at 2 degrees of freedom; gaps 1, 2, 3 of deviation 1
    assert gap.tolist() == pytest.approx([2, 2 - half, 2 + half], abs=1e-5)
    text = cases.markdown(found, "A study")
    assert "| gc | +2.00 [-0.48, +4.48] | +0.000 [+0.000, +0.000] |" in text
    assert "| - | - | - |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_every_row_of_the_papers_table_is_there():
    assert [(row.diverged, row.tried) for row in paper.TABLE3.values()] == [
        (5, 5),
        (1, 3),
        (2, 3),
        (2, 3),
        (2, 3),
        (0, 3),
    ]

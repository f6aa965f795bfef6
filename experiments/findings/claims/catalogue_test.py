"""The paper's figures in the catalogue of claims."""

import pytest

from experiments.findings.claims.scorecard import CLAIMS

PAPER = {
    "C06": "Small 1x, Large 1x, Large+DCN 1x",
    "C07": "AUC, LAMB - lowest other: Large -0.0006, Large+DCN -0.0001",
    "C09": "AUC, Clippy - GC: Small +0.0011, Large +0.0009",
    "C10": "Clippy - GC, AUC: Large+DCN +0.0010; RMSE: Large+DCN -0.002",
    "C12": "RMSE, Clippy - lowest other: Small -0.002, Large +0.000, Large+DCN -0.002",
    "C14": "AUC, Large - Small +0.0037, Large+DCN - Large +0.0021",
    "C18": "two_tasks_removed 0/3, one_task_removed 2/3",
    "C30": None,
}


@pytest.mark.parametrize("claim", PAPER)
def test_the_papers_figures_are_in_our_units(claim):
    assert CLAIMS[claim].paper == PAPER[claim]

"""The list of claims is whole, and its figures are the paper's."""

from experiments.findings import published as paper
from experiments.findings.claims.catalogue import CLAIMS
from experiments.findings.claims.ratios import CHANGES
from experiments.findings.claims.scorecard import RULES

PAPER = {claim.id: claim.paper for claim in CLAIMS}


def test_claims_are_listed_in_order():
    assert [claim.id for claim in CLAIMS] == [f"C{number:02}" for number in range(1, 36)]
    assert all(claim.text and claim.source for claim in CLAIMS)
    assert set(RULES) <= set(PAPER)


def test_the_papers_figures_are_in_our_units():
    assert PAPER["C06"] == "Small 1x, Large 1x, Large+DCN 1x"
    assert PAPER["C09"] == "AUC, Clippy - GC: Small +0.0011, Large +0.0009"
    assert PAPER["C10"] == "Clippy - GC, AUC: Large+DCN +0.0010; RMSE: Large+DCN -0.002"
    assert PAPER["C07"].endswith("Large -0.0006, Large+DCN -0.0001")
    assert PAPER["C12"].endswith("Small -0.002, Large +0.000, Large+DCN -0.002")
    assert PAPER["C14"] == "AUC, Large - Small +0.0037, Large+DCN - Large +0.0021"
    assert PAPER["C18"] == "two_tasks_removed 0/3, one_task_removed 2/3"
    assert PAPER["C30"] is None


def test_table_3_has_the_cases_of_the_rules():
    assert tuple(paper.TABLE3) == ("clean", *CHANGES)

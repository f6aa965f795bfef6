"""The scorecard's layout."""

import numpy as np
import pytest

from experiments.findings import claims
from experiments.findings.claims import table
from experiments.findings.claims.runs_test import changed, everything


@pytest.fixture(scope="module")
def text():
    runs = everything(1, 2, 3)
    flat = {"method": "clippy", "model": "large_dcn", "rate_multiple": 1.0}
    runs = changed(runs, {"auc": 0.7, "rmse": np.nan}, **flat)
    one = runs[runs["data_seed"] == 1]
    one = changed(one, {"label": "healthy"}, case="clean")
    return claims.markdown(claims.evaluate(one), claims.evaluate_pooled(runs))


def test_the_counts_of_both_stand_at_the_top(text):
    first, _, second, *_ = text.splitlines()
    assert first == "All data seeds: 33 reproduced, 0 contradicted, 0 inconclusive, 2 not run."
    assert second == "Data seed 1: 31 reproduced, 2 contradicted, 0 inconclusive, 2 not run."


def test_every_claim_has_a_row_of_the_same_width(text):
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 35
    assert {row.count("|") for row in rows} == {8}


def row(text, name):
    return next(line for line in text.splitlines() if line.startswith(f"| {name} "))


def test_a_row_shows_verdicts_figures_and_runs(text):
    cells = [cell.strip() for cell in row(text, "C16").strip("|").split("|")]
    assert cells == [
        "C16",
        "Large+DCN at 0.4x, untreated: every run diverges (Table 3)",
        "clean 5/5",
        "**reproduced**",
        "1: reproduced<br>2: reproduced<br>3: reproduced",
        "1 [0.796, 1]",
        "15",
    ]


def test_figures_by_name_and_undefined_ones(text):
    assert "<br>ratio off 0 [0, 0.176]<br>followed 0.833<br>" in row(text, "C31")
    assert "| 1x - [-, -]<br>2x 15 [" in row(text, "C05")
    assert "| **not run** | 1: not run<br>2: not run<br>3: not run | - | 0 |" in row(text, "C33")


def test_the_summary_has_the_claims_that_were_run_and_a_column_a_data_seed():
    runs = everything(2, 10, 3)
    runs = changed(runs, {"label": "healthy"}, case="clean", data_seed=10)
    lines = table.summary(claims.evaluate_pooled(runs)).splitlines()
    assert lines[0] == "Of 35 claims: 31 reproduced, 2 contradicted, 0 inconclusive, 2 not run."
    assert lines[2].endswith("| Pooled | Data seed 2 | Data seed 3 | Data seed 10 |")
    assert len(lines) == 4 + 33
    clean = "Large+DCN at 0.4x, untreated: every run diverges (Table 3)"
    decided = "**contradicted** | reproduced | reproduced | contradicted"
    assert f"| C16 | {clean} | {decided} |" in lines

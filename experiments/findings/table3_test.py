"""Tables of cases and Table 3 on hand-made runs."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import cases, table3
from experiments.findings.report.testing import FOUND

DEAD, ALIVE = ("full", 0.5), ("healthy", 0.7)


def runs(counts, model="large_dcn", method="naive"):
    """Runs of each case: (label, auc) of each."""
    setting = {"model": model, "method": method, "rate_multiple": 0.4, "rmse": 1.0}
    return pd.DataFrame(
        {"case": name, "seed": seed, "label": label, "auc": auc} | setting
        for name, found in counts.items()
        for seed, (label, auc) in enumerate(found)
    )


COUNTS = {
    "clean": [DEAD] * 5,
    "smaller_model": [DEAD, *[("untrained", 0.7)] * 2, ("micro", 0.73), ALIVE],
    "two_tasks_removed": [ALIVE, ALIVE, ("full", np.nan)],
}


def rows_of(text):
    """The rows of a table in Markdown; all are of one width."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    return rows


def test_diverged_runs_are_counted_by_kind():
    found = cases.table_frame(runs(COUNTS)).set_index("case")
    counts = ["diverged", "micro_diverged", "damaged", "untrained", "tried"]
    assert found[counts].to_numpy().tolist() == [[5, 0, 0, 0, 5], [1, 1, 0, 2, 5], [1, 0, 0, 0, 3]]
    assert found["ratio"].tolist() == pytest.approx([1.0, 0.2, 1 / 3])
    assert found.loc["two_tasks_removed", "auc_mean"] == pytest.approx(70)  # if they have it
    spread = np.std([50, 70, 70, 73, 70], ddof=1)
    assert found.loc["smaller_model", "auc_std"] == pytest.approx(spread)


def test_table3_has_the_papers_counts_beside_ours():
    found = table3.table_frame(runs(COUNTS))
    columns = "direction change diverged tried ratio low high paper_diverged paper_tried"
    assert list(found.columns) == columns.split(" ")
    assert found["paper_diverged"].tolist() == [5, 1, 0]
    assert found["paper_tried"].tolist() == [5, 3, 3]
    assert found["direction"].tolist() == ["N/a", "Model size", "Output tasks"]
    text, tex = table3.markdown(found, FOUND), table3.latex(found)
    assert "| Model size | Smaller model size | 1/5 | 20% | 4% to 62% | 1/3 |" in rows_of(text)
    assert r"Model size & Smaller model size & 1/5 & 20\% & 4\% to 62\% & 1/3 \\" in tex
    assert "Naive Large at 0.1, called 0.4x" in text


def test_a_study_of_cases_as_a_person_reads_it():
    text = cases.markdown(cases.table_frame(runs(COUNTS)), "A study")
    assert text.startswith("## A study\n")
    clean, smaller, _ = rows_of(text)[2:]
    start = "| clean | Large+DCN | Naive | 0.4x | 5/5 | 57% to 100% | - | 50.00 ± 0.00 |"
    assert clean.startswith(start)
    assert "| 1/5 | 4% to 62% | 1 micro, 2 untrained |" in smaller


def test_what_was_added_is_shown_by_its_own_name():
    added = runs({"own_case": [DEAD] * 3}, model="huge", method="new")
    assert "| own_case | huge | new |" in cases.markdown(cases.table_frame(added), "A study")
    found = table3.table_frame(added)
    assert "| - | own_case | 3/3 | 100% | 44% to 100% | - |" in table3.markdown(found, FOUND)
    assert pd.isna(found.loc[0, "paper_tried"])


def test_a_case_is_compared_with_another_seed_by_seed():
    counts = {"gc": (0.70, 0.72, 0.71, 0.60), "clippy": (0.71, 0.74, 0.74)}
    frame = runs({name: [("healthy", auc) for auc in found] for name, found in counts.items()})
    found = cases.table_frame(frame, {"clippy": "gc"})
    gap = found.set_index("case").loc["clippy", ["auc_gap", "auc_gap_low", "auc_gap_high"]]
    # t of 0.975 at 2 degrees of freedom, 4.302653; gaps 1, 2, 3 of deviation 1
    assert gap.tolist() == pytest.approx([2, -0.484138, 4.484138], abs=1e-5)
    alone, compared = rows_of(cases.markdown(found, "A study"))[2:]
    assert compared.endswith("| gc | +2.00 [-0.48, +4.48] | +0.000 [+0.000, +0.000] |")
    assert alone.endswith("| - | - | - |")


def test_one_pair_of_runs_has_a_gap_and_no_interval():
    frame = runs({"gc": [("healthy", 0.7)], "clippy": [("healthy", 0.72)]})
    text = cases.markdown(cases.table_frame(frame, {"clippy": "gc"}), "A study")
    assert rows_of(text)[-1].endswith("| gc | +2.00 | +0.000 |")

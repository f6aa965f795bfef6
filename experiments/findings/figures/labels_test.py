"""The sheet of labels: which runs are on it, and what is drawn of each."""

import collections

import numpy as np
import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.findings.figures import labels, testing

COUNTS = {"full": 30, "healthy": 40, "micro": 2, "damaged": 1, "untrained": 4}


def runs(counts):
    rows = [(f"{kind}-{place}", kind) for kind, n in counts.items() for place in range(n)]
    return pd.DataFrame(rows, columns=["run_id", "label"])


def test_the_kinds_give_a_run_in_turn_so_that_rare_ones_are_there():
    found = labels.drawn(runs(COUNTS))
    # Round by round until there are twenty: 5, 4 (damaged is used up), 3 (micro, too), 3, 2, 2, 1.
    expected = {"healthy": 7, "micro": 2, "damaged": 1, "untrained": 4, "full": 6}
    assert collections.Counter(found["label"]) == expected
    assert list(dict.fromkeys(found["label"])) == list(expected)
    assert found["label"].is_monotonic_increasing is False  # kind by kind, not by the alphabet
    assert dict(zip(found["label"], found["of_kind"], strict=True)) == COUNTS


def test_the_draw_is_one_of_the_runs_and_not_of_their_order():
    every = runs(COUNTS)
    found = labels.drawn(every)["run_id"].tolist()
    assert labels.drawn(every[::-1])["run_id"].tolist() == found
    assert labels.drawn(pd.concat([every, every.head(9)]))["run_id"].tolist() == found
    first = [run_id for run_id in found if run_id.startswith("healthy")]
    assert first != [f"healthy-{place}" for place in range(7)]


def test_the_rows_are_the_curves_of_the_runs():
    made = testing.material()
    rows = labels.frame(made)
    assert rows["run_id"].nunique() == 20
    for run_id, part in rows.groupby("run_id"):
        curve = made.found[run_id]
        found = part.rename(columns={"auc": "click/auc"})
        for name in ("step", "click/auc", "worst_loss"):
            assert found[name].tolist() == curve[name].tolist()
    names = rows.set_index("run_id")["study"].to_dict()
    assert names["micro-0"] == "table2 search" and names["clean-1"] == "table3 clean"


def test_a_sheet_of_too_few_runs_is_refused():
    made = testing.material()
    few = {study: made.recorded(study).head(6) for study in labels.STUDIES}
    made.recorded = few.__getitem__
    with pytest.raises(BadInput, match="smoke, data seed 7: 14 runs: expected 20 or more"):
        labels.frame(made)


def test_a_panel_has_the_label_as_a_dot_and_the_loss_between_its_ends():
    rows = labels.frame(testing.material())
    for label, part in rows.drop_duplicates("run_id").groupby("label"):
        made_as = {run_id.split("-")[0] for run_id in part["run_id"]} - {"clean", "off"}
        assert made_as == {label}
    drawn = labels.drawing(rows)
    panels = {panel.title: panel for panel in drawn.panels}
    _, auc, dot = panels["Large+DCN LAMB 2x\nuntrained at 2"].lines
    assert (list(dot.x), list(dot.y)) == ([2], [auc.y.iloc[0]])
    loss, auc, dot = panels["Large+DCN AGC 2x\ndamaged at 32"].lines
    assert (list(dot.x), list(dot.y)) == ([32], [0.62])
    undated = [panel.lines[2] for title, panel in panels.items() if title.endswith("\nhealthy")]
    assert undated and not any(len(line.x) for line in undated)
    low, high = drawn.panels[0].limits
    # From 1 to 9 times the least loss, on an axis that ends at 16 times: log2 of it over 4.
    assert loss.y.iloc[0] == pytest.approx(low)
    assert loss.y.iloc[-1] == pytest.approx(low + (high - low) * np.log2(9) / 4)
    assert "20 runs of the 33 that are recorded" in drawn.caption
    assert "(15 healthy, 4 micro, 1 damaged, 1 untrained, 12 full)" in drawn.caption


def test_the_height_of_a_loss():
    losses = pd.Series([0.5, 1.0, 2.0, 8.0, 100.0, np.inf, np.nan])
    assert labels.rise(losses).tolist() == pytest.approx([0, 0.25, 0.5, 1, 1, 1, 1])
    assert labels.rise(pd.Series([np.inf, np.nan])).tolist() == [1, 1]

"""Diverged runs beside those that a method kept alive."""

import pandas as pd
import pytest

from experiments.findings import rescues

ROWS = [  # role, method, seed, rate_multiple, label
    ("repeat", "naive", 0, 1.0, "full"),
    ("repeat", "naive", 1, 1.0, "full"),
    ("repeat", "naive", 1, 2.0, "full"),
    ("repeat", "naive", 2, 1.0, "damaged"),
    ("repeat", "gc", 0, 2.0, "full"),
    ("search", "gc", 100, 2.0, "full"),
    ("search", "gc", 101, 2.0, "micro"),
    ("repeat", "clippy", 0, 1.0, "healthy"),
    ("repeat", "clippy", 1, 1.0, "full"),
    ("repeat", "clippy", 0, 2.0, "micro"),
    ("search", "clippy", 100, 2.0, "healthy"),
    ("search", "clippy", 101, 2.0, "full"),
]


def table2():
    rows = pd.DataFrame(ROWS, columns=["role", "method", "seed", "rate_multiple", "label"])
    ids = rows["method"] + "-" + rows["seed"].astype(str) + "-" + rows["rate_multiple"].astype(str)
    return rows.assign(run_id=ids, model="large", data_seed=12)


def test_a_diverged_run_stands_beside_the_treated_run_of_its_model_rate_and_seed():
    found = rescues.pairs(table2())
    # naive-1-2.0 has no treated run of its seed and rate.
    assert found[["run_id", "recorded_id", "recorded"]].to_numpy().tolist() == [
        ["naive-0-1.0", "clippy-0-1.0", "healthy"],
        ["naive-1-1.0", "clippy-1-1.0", "full"],
        ["gc-0-2.0", "clippy-0-2.0", "micro"],
        ["gc-100-2.0", "clippy-100-2.0", "healthy"],
    ]
    other = table2()
    other.loc[other["method"] == "clippy", "model"] = "small"
    assert rescues.pairs(other).empty


def test_replay_and_record_agree_where_both_live_or_neither_does():
    rows = rescues.pairs(table2()).assign(snapshot=[130, 0, 10, 20], onset=[145, None, 30, 25])
    ends = ["micro", "healthy", "damaged", "full"]
    rows = rescues.frame(rows.assign(replayed=ends).to_dict("records"))
    assert rescues.agreement(rows).tolist() == [True, False, False, False]
    assert rows["onset"].tolist() == [145, pd.NA, 30, 25]
    lines = rescues.markdown(rows).splitlines()
    assert "| Naive | Large | 1x | 2 | 1 | 1 | 1 | 1 | 1 |" in lines
    assert "| GC | Large | 2x | 2 | 2 | 0 | 0 | 2 | 0 |" in lines
    assert "From a snapshot 1 of 3 replays live, 33% (Wilson, 95 %:" in lines
    assert "6% to 79%)." in lines
    assert "All replays and the recorded runs agree in 1 of 4; the recorded" in lines
    assert "runs live in 3." in lines


def test_a_table_with_a_run_twice_is_not_counted():
    rows = pd.concat([table2(), table2()])
    with pytest.raises(pd.errors.MergeError):
        rescues.pairs(rows)

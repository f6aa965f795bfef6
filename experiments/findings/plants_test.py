"""The doctor's answers to planted faults, counted."""

import pandas as pd

from experiments.findings import plants

KINDS = ["input", "label", "id", "batch", "layer", "rate", "input", "label", *["none"] * 3]
SAID = ["input", "label", "input", "unknown", "layer", "rate", "none", "none"]
SAID += ["none", "unknown", "none"]


def rows():
    found = pd.DataFrame({"number": range(11), "kind": KINDS, "said": SAID})
    found = found.assign(data_seed=1005, day=9, factor=50.0, label="full", name="a", said_name="a")
    found.loc[4, "said_name"] = "b"  # the kind is right, the layer is not
    found.loc[[6, 8, 9, 10], "label"] = "healthy"  # it did no harm, and controls
    found.loc[4, "factor"], found.loc[0, "factor"], found.loc[9, "factor"] = 2000.0, 7.5, 3000.0
    return found[list(plants.COLUMNS)]


def test_a_plant_without_harm_is_not_judged():
    assert plants.harmful(rows())["number"].tolist() == [0, 1, 2, 3, 4, 5, 7]
    records = rows().to_dict("records")
    assert plants.judged(records, 8) is None
    assert plants.judged(records, 7)["number"].tolist() == [*range(8)]  # no control is counted
    assert plants.judged(records, 3)["number"].tolist() == [0, 1, 2]


def test_kind_and_name_have_to_be_right():
    wrong = [2, 3, 4, 6, 7, 9]
    assert plants.right(rows()).tolist() == [number not in wrong for number in range(11)]


def test_the_table_of_confusion_counts_what_was_said_of_each_kind():
    lines = plants.markdown(rows()).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == (
        "| Planted | input | label | id | batch | layer | rate | unknown | none | right |"
    )
    assert table[2] == "| input | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1 |"
    assert table[3] == "| label | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 1 | 1 |"
    assert table[4] == "| id | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |"
    assert table[6] == "| layer | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 |"
    assert "Right: 3 of 7, 43% (95 %, Wilson: 16% to 75%). Of the others" in lines
    assert '1 are "unknown" and 3 wrong.' in lines
    assert "7.5 to 50 times too large." in lines
    assert lines[-2:] == [
        "1 further plants did no harm, and the doctor found none. In",
        "1 of 3 runs without a fault it says that something is wrong.",
    ]

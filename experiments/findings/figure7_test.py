"""The tables and the picture of Figure 7, from made-up runs."""

import colorsys
import dataclasses
import types

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from experiments.findings import figure7
from experiments.findings.figures import figure7 as figure
from experiments.findings.make import write_figure7

CELLS = {  # optimizer, rate, warmup: error rate and label of the grid
    ("adamw", 0.01, 0.02): (0.60, "healthy"),
    ("adamw", 0.1, 0.02): (0.94, "full"),
    ("adamw", 0.1, 0.08): (0.70, "healthy"),
    ("adagrad", 0.01, 0.02): (0.93, "untrained"),
    ("adagrad", 0.3, 0.02): (1.0, "full"),
    ("clippy", 3.0, 0.02): (0.65, "healthy"),
    ("clippy_section_5", 3.0, 0.02): (0.66, "healthy"),
}
BEST = {"adamw": (0.01, 0.02), "adagrad": (0.01, 0.02), "clippy": (3.0, 0.02)}
ERRORS = {"adamw": [0.60, 0.62, 0.61], "adagrad": [0.91, 0.93, 0.92], "clippy": [0.64, 0.70, 0.67]}


def runs():
    rows = []
    for (optimizer, rate, warmup), (error, label) in CELLS.items():
        rows.append((optimizer, rate, warmup, 100, "search", error, label))
    for optimizer, (rate, warmup) in BEST.items():
        for seed, error in enumerate(ERRORS[optimizer]):
            rows.append((optimizer, rate, warmup, seed, "repeat", error, "healthy"))
    names = ["optimizer", "rate", "warmup", "seed", "role", "error_rate", "label"]
    made = pd.DataFrame(rows, columns=names)
    made["run_id"] = [f"{row.optimizer}-{row.role}-{row.seed}" for row in made.itertuples()]
    about = {"data_seed": 11, "constant_error_rate": 0.945, "steps": 800, "label_step": np.nan}
    return made.assign(**about, best_error_rate=made["error_rate"] - 0.01, log_loss=3.0)


def material():
    def curves(cell):
        found = {}
        for row in cell.itertuples():
            errors = [0.94, row.error_rate]
            found[row.run_id] = pd.DataFrame({"step": [50, 100], "translation/error_rate": errors})
        return found

    return types.SimpleNamespace(translation=runs(), curves=curves)


def test_the_table_has_what_the_paper_says_beside(tmp_path):
    text = write_figure7(tmp_path, runs())
    assert (tmp_path / "figure7.md").read_text() == text
    lines = {tuple(line.split(" | ")[:2]): line for line in text.splitlines()}
    assert lines["| AdamW", "2%"] == "| AdamW | 2% | 60.0 | diverges [diverges] | - | - |"
    assert lines["| AdamW", "8%"] == "| AdamW | 8% | - | 70.0 [31.6] | - | - |"
    assert "| 93.0 (untrained) | - | diverges [diverges] | - |" in lines["| Adagrad", "2%"]
    assert lines["| Adagrad with Clippy", "2%"].endswith("| 65.0 [33.4] |")
    assert lines["| Clippy, rel 0.5, abs 0.01", "2%"].endswith("| 66.0 |")
    low, high = 61 - 4.302653 / np.sqrt(3), 61 + 4.302653 / np.sqrt(3)
    expected = f"| AdamW | 0.01* | 2% | 61.0 | {low:.1f} to {high:.1f} | 0/3 | 31.6 at 0.1 |"
    assert lines["| AdamW", "0.01*"] == expected
    frame = pd.read_csv(tmp_path / "figure7.csv")
    found = frame[(frame["optimizer"] == "clippy") & (frame["role"] == "search")].iloc[0]
    assert found[["paper_diverged", "paper_error"]].tolist() == [0, 33.4]
    assert frame["n"].tolist() == [1] * 7 + [3] * 3
    assert pd.read_csv(tmp_path / "figure7_runs.csv").shape[0] == 16


def test_a_diverged_repeat_is_counted_beside_the_mean_of_the_others(tmp_path):
    made = runs()
    dead = (made["run_id"] == "clippy-repeat-1") | (made["run_id"].str.startswith("adamw-repeat"))
    made.loc[dead, "label"], made.loc[dead, "error_rate"] = "full", 1.0
    lines = write_figure7(tmp_path, made).splitlines()
    mean, half = 65.5, 12.706205 * 1.5  # of 64 and 67: the deviation of the mean is 1.5
    expected = f"| 3* | 2% | {mean} | {mean - half:.1f} to {mean + half:.1f} | 1/3 |"
    assert any(line.startswith(f"| Adagrad with Clippy {expected}") for line in lines)
    assert any(line.startswith("| AdamW | 0.01* | 2% | - | - | 3/3 |") for line in lines)


def test_the_note_has_clippy_as_the_study_has_it(tmp_path, monkeypatch):
    text = write_figure7(tmp_path, runs())
    assert "a run of 800 steps has 25 times the peak of the paper's run of 500,000" in text
    assert "the absolute threshold 0.1 and the relative one 0.001, and treats embeddings." in text
    config = figure7.figure7_config()
    other = {"ABSOLUTE": 0.25, "RELATIVE": 0.5}
    arms = {"clippy": dataclasses.replace(config.optimizers["clippy"], values=other)}
    changed = types.SimpleNamespace(optimizers=arms)
    monkeypatch.setattr(figure7, "figure7_config", lambda: changed)
    text = write_figure7(tmp_path, runs())
    assert "threshold 0.25 and the relative one 0.5, and leaves embeddings out." in text


def test_the_figure_has_a_line_an_optimizer():
    rows = figure.frame(material())
    assert rows["optimizer"].unique().tolist() == list(BEST)
    last = rows[(rows["optimizer"] == "clippy") & (rows["step"] == 100)].iloc[0]
    assert last["mean"] == pytest.approx(67)
    drawn = figure.drawing(rows)
    (panel,) = drawn.panels
    assert [line.key.name for line in panel.lines] == [
        "AdamW, 0.01, warmup 2%",
        "Adagrad, 0.01, warmup 2%",
        "Adagrad with Clippy, 3, warmup 2%",
    ]
    assert len({line.key.colour for line in panel.lines}) == 3
    assert "n = 3 other seeds" in drawn.caption


def test_a_run_that_broke_off_counts_as_wrong_from_there_on_and_no_other_does():
    """One repeat ends at step 77, between the evaluations, with every token wrong."""
    made = material()
    whole = made.curves

    def broken(cell):
        found = whole(cell)
        if "clippy-repeat-2" in found:
            ends = {"step": [50, 77], "translation/error_rate": [0.94, 1.0]}
            found["clippy-repeat-2"] = pd.DataFrame(ends)
        return found

    made.curves = broken
    rows = figure.frame(made)
    rows = rows[rows["optimizer"] == "clippy"].set_index("step")
    assert rows.index.tolist() == [50, 100]
    assert rows["mean"].tolist() == pytest.approx([94, (64 + 70 + 100) / 3])


def test_a_line_of_ours_has_the_hue_of_its_method_and_is_no_other_line():
    def hue(key):
        return round(colorsys.rgb_to_hls(*to_rgb(key.colour))[0], 2)

    ours = {"clippy_section_5": "clippy", "clippy_plain_embeddings": "clippy"}
    ours |= {"adagrad_above": "adagrad"}
    made = runs()
    added = [made[made["optimizer"] == own].assign(optimizer=name) for name, own in ours.items()]
    found = material()
    found.translation = pd.concat([made, *added], ignore_index=True)
    found.translation["run_id"] += found.translation["optimizer"]
    keys = {key.group: key for key in figure.drawing(figure.frame(found)).keys}
    assert set(keys) == set(figure7.OPTIMIZERS)
    assert len({(key.colour, key.dash) for key in keys.values()}) == len(keys)
    for name, own in ours.items():
        assert hue(keys[name]) == hue(keys[own])

"""Records: whole, strict, written once, and refused when they are not what they say."""

import dataclasses
import json
import math
import pathlib

import numpy as np
import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.run import record as module
from experiments.run.record import RunRecord, Store, results_folder, sweep_drafts, write_whole

CURVES = pd.DataFrame({"step": [5, 10], "loss": [1 / 3, np.nan], "click/auc": [0.1 + 0.2, 0.7]})


def record(**changes):
    fields = {
        "run_id": "small-naive-abc",
        "status": "finished",
        "config": {"learning_rate": 0.1},
        "steps": 10,
        "first_bad_step": None,
        "first_bad_day": None,
        "metrics": {"click/auc": 0.7, "rating/rmse": None},
        "optimal": {"click/auc": 0.8},
        "curves_sha256": None,
        "provenance": {"wall_s": 1.5},
    }
    return RunRecord(**(fields | changes))


def test_a_record_comes_back_as_it_was_written(tmp_path):
    store = Store(tmp_path)
    written = store.write(record(), CURVES)
    assert store.read("small-naive-abc") == written
    pd.testing.assert_frame_equal(store.curves(written), CURVES, check_exact=True)


def test_the_same_curves_have_the_same_bytes(tmp_path):
    one, two = Store(tmp_path / "1"), Store(tmp_path / "2")
    assert one.write(record(), CURVES) == two.write(record(), CURVES)
    name = "small-naive-abc.csv.gz"
    assert (one.runs / name).read_bytes() == (two.runs / name).read_bytes()


def test_nan_is_refused_and_nothing_is_left(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        store.write(record(metrics={"click/auc": math.nan}))
    assert list(store.runs.iterdir()) == []


def test_a_missing_record_is_none(tmp_path):
    assert Store(tmp_path).read("small-naive-abc") is None


def test_curves_without_a_record_are_no_run(tmp_path):
    store = Store(tmp_path)
    store.write(record(), CURVES)
    (store.runs / "small-naive-abc.json").unlink()  # as if cut off between the two
    assert store.read("small-naive-abc") is None
    assert store.write(record(), CURVES) == store.read("small-naive-abc")


def test_a_crashed_run_is_tried_again(tmp_path):
    store = Store(tmp_path)
    store.write(record(status="crashed"))
    assert store.read("small-naive-abc") is None
    store.write(record(), CURVES)
    assert store.read("small-naive-abc").status == "finished"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps(dataclasses.asdict(record(run_id="other"))),
        json.dumps(dataclasses.asdict(record(schema=99))),
    ],
)
def test_a_foreign_record_is_refused_with_its_path(tmp_path, text):
    store = Store(tmp_path)
    path = store.runs / "small-naive-abc.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=str(path)):
        store.read("small-naive-abc")


def test_damaged_or_missing_curves_are_refused(tmp_path):
    store = Store(tmp_path)
    written = store.write(record(), CURVES)
    path = store.runs / "small-naive-abc.csv.gz"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not the curves of its record"):
        store.curves(written)
    path.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        store.curves(written)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="results folder cannot be written"):
        Store(tmp_path / "file" / "laptop")


def test_other_data_seeds_have_folders_of_their_own():
    assert results_folder("results", "laptop", 1).as_posix() == "results/laptop"
    assert results_folder("results", "laptop", 7).as_posix() == "results/laptop-data7"


def test_a_draft_that_is_swept_before_it_is_locked_is_written_again(tmp_path, monkeypatch):
    lock, swept = module._lock, []

    def sweep_first(file):
        if not swept:
            swept.append(pathlib.Path(file.name))
            sweep_drafts(tmp_path)
            assert not swept[0].exists()
        lock(file)

    monkeypatch.setattr(module, "_lock", sweep_first)
    write_whole(tmp_path / "table2.md", b"table")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("table2.md", b"table")
    ]


def test_a_draft_that_is_being_written_is_not_swept(tmp_path, monkeypatch):
    sync = module.os.fsync
    monkeypatch.setattr(module.os, "fsync", lambda file: (sweep_drafts(tmp_path), sync(file)))
    write_whole(tmp_path / "table2.md", b"table")
    assert (tmp_path / "table2.md").read_bytes() == b"table"

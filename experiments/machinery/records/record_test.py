"""Records: whole, strict, written once, and refused when they are not what they say."""

import dataclasses
import errno
import hashlib
import json
import math
import pathlib

import numpy as np
import pandas as pd
import pytest

from experiments.errors import BadInput, CannotWrite, Damaged
from experiments.machinery.records import record as module
from experiments.machinery.records.files import sweep_drafts, write_whole
from experiments.machinery.records.record import RunRecord, Store, results_folder
from experiments.training.config import NUMERICS_VERSION

CONFIG = {"model": {"name": "small"}, "method": {"name": "naive"}, "learning_rate": 0.1}
TEXT = json.dumps([NUMERICS_VERSION, CONFIG], sort_keys=True)
RUN = f"small-naive-{hashlib.sha256(TEXT.encode()).hexdigest()[:12]}"
CURVES = pd.DataFrame(
    {
        "step": [5, 10],
        "day": [0, 2],
        "loss": [1 / 3, np.nan],
        "click/auc": [0.1 + 0.2, 0.7],
        "rating/rmse": [1.5, np.inf],
    }
)


def record(**changes):
    fields = {
        "run_id": RUN,
        "status": "finished",
        "config": CONFIG,
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
    assert store.read(RUN) == written
    pd.testing.assert_frame_equal(store.curves(written), CURVES, check_exact=True)


def test_the_same_curves_have_the_same_bytes(tmp_path):
    one, two = Store(tmp_path / "1"), Store(tmp_path / "2")
    assert one.write(record(), CURVES) == two.write(record(), CURVES)
    name = f"{RUN}.csv.gz"
    assert (one.runs / name).read_bytes() == (two.runs / name).read_bytes()


def test_nan_is_refused_and_nothing_is_left(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        store.write(record(metrics={"click/auc": math.nan}))
    assert list(store.runs.iterdir()) == []


def test_a_missing_record_is_none(tmp_path):
    assert Store(tmp_path).read(RUN) is None


def test_curves_without_a_record_are_no_run(tmp_path):
    store = Store(tmp_path)
    store.write(record(), CURVES)
    (store.runs / f"{RUN}.json").unlink()  # as if cut off between the two
    assert store.read(RUN) is None
    assert store.write(record(), CURVES) == store.read(RUN)


def test_a_crashed_run_is_tried_again(tmp_path):
    store = Store(tmp_path)
    store.write(record(status="crashed"))
    assert store.read(RUN) is None
    store.write(record(), CURVES)
    assert store.read(RUN).status == "finished"


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
    path = store.runs / f"{RUN}.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=str(path)):
        store.read(RUN)


def test_damaged_or_missing_curves_are_refused(tmp_path):
    store = Store(tmp_path)
    written = store.write(record(), CURVES)
    path = store.runs / f"{RUN}.csv.gz"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not the curves of its record"):
        store.curves(written)
    path.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        store.curves(written)


def planted(store, fields):
    """A record as one of before version 0.5.0: without a checksum of its own."""
    path = store.runs / f"{RUN}.json"
    path.write_text(json.dumps(fields))
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 11},
        {"metrics": {"click/auc": 0.6, "rating/rmse": None}},
        {"metrics": {"click/auc": 0.7, "rating/rmse": 1.5}},
        {"metrics": {"click/auc": 0.7}},
        {"first_bad_step": 9},
        {"first_bad_day": 2},
        {"status": "diverged"},
        {"status": "diverged", "first_bad_step": 10, "first_bad_day": 2},
        {"status": "diverged", "first_bad_step": 9, "first_bad_day": 1},
    ],
    ids=str,
)
def test_a_record_that_is_not_what_its_curves_end_with_is_damaged(tmp_path, change):
    store = Store(tmp_path)
    fields = dataclasses.asdict(store.write(record(), CURVES))
    planted(store, fields)
    assert store.whole(RUN).steps == 10
    path = planted(store, fields | change)
    with pytest.raises(Damaged, match=f"{path}: .* is not what its curves end with") as caught:
        store.whole(RUN)
    assert caught.value.reason.split()[0] in (*change, "first_bad_step")


def test_a_run_that_stopped_is_whole(tmp_path):
    store = Store(tmp_path)
    store.write(record(status="diverged", first_bad_step=9, first_bad_day=2), CURVES)
    assert store.whole(RUN).status == "diverged"


@pytest.mark.parametrize("field", ["learning_rate", "model"])
def test_a_record_with_another_configuration_is_damaged(tmp_path, field):
    store = Store(tmp_path)
    fields = dataclasses.asdict(store.write(record(), CURVES))
    changed = CONFIG | {field: {"learning_rate": 0.3, "model": {"name": "large"}}[field]}
    path = planted(store, fields | {"config": changed})
    with pytest.raises(Damaged, match=f"{path}: the configuration of"):
        store.read(RUN)


def digits(text):
    """The places of all digits in a text, with another digit for each."""
    return [(k, str((int(c) + 1) % 10)) for k, c in enumerate(text) if c.isdigit()]


def test_no_digit_of_a_record_can_change(tmp_path):
    store = Store(tmp_path)
    store.write(record(provenance={"wall_s": 1.5, "commit": "c0ffee1"}), CURVES)
    path = store.runs / f"{RUN}.json"
    text = path.read_text()
    assert len(digits(text)) > 80
    for place, digit in digits(text):
        path.write_text(text[:place] + digit + text[place + 1 :])
        with pytest.raises(Damaged):
            store.whole(RUN)
    path.write_text(text)
    assert store.whole(RUN) is not None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_what_cannot_be_written_is_named_and_no_draft_is_left(tmp_path, monkeypatch, number):
    whole = tmp_path / "whole"
    write_whole(whole, b"before")

    def no_room(file):
        raise OSError(number, "no room here")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(CannotWrite, match=f"^{whole}: cannot be written .no room here.: finished"):
        write_whole(whole, b"after")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


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


def test_drafts_are_swept_where_only_a_file_open_for_writing_can_be_locked(tmp_path, monkeypatch):
    """As over NFS, where flock is a lock of the server's."""

    def flock(file, operation):
        if not file.writable():
            raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(module.fcntl, "flock", flock)
    (tmp_path / ".table2.md.0123.draft").write_text("half")
    sweep_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == []

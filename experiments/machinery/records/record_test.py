"""Records, curves and telemetry: whole, strict, and refused when they are not what was written."""

import errno
import gzip
import json
import math
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from experiments.errors import CannotWrite, Damaged
from experiments.machinery.records import code, files
from experiments.machinery.records.record import RunRecord, Store
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import telemetry_config
from experiments.training.config import run_id_of

STEPS = {"step": [5, 10], "day": [0, 2], "loss": [1 / 3, np.nan]}
CURVES = pd.DataFrame(STEPS | {"click/auc": [0.1 + 0.2, 0.7], "rating/rmse": [1.5, np.inf]})
TELEMETRY = pd.DataFrame({"step": range(9), "day": 0, "learning_rate": 0.1})


def record(rate=0.1, **changes):
    """A record, under the id that the hash of its configuration gives it."""
    config = {"model": {"name": "small"}, "method": {"name": "naive"}, "learning_rate": rate}
    fields = {
        "run_id": run_id_of(config),
        "status": "finished",
        "config": config,
        "steps": 10,
        "first_bad_step": None,
        "first_bad_day": None,
        "metrics": {"click/auc": 0.7, "rating/rmse": None},
        "optimal": {"click/auc": 0.8},
        "curves_sha256": None,
        "provenance": {"wall_s": 1.5, "commit": "c0ffee1"},
    }
    return RunRecord(**(fields | changes))


RUN, OTHER = record().run_id, record(rate=0.3).run_id


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_a_record_comes_back_as_it_was_written_and_the_same_curves_have_the_same_bytes(tmp_path):
    one, two = Store(tmp_path / "1"), Store(tmp_path / "2")
    written = one.write(record(), CURVES)
    assert one.read(RUN) == one.whole(RUN) == written == two.write(record(), CURVES)
    pd.testing.assert_frame_equal(one.curves(written), CURVES, check_exact=True)
    first, second = (store.runs / f"{RUN}.csv.gz" for store in (one, two))
    assert first.read_bytes() == second.read_bytes()


def test_what_a_reader_does_to_curves_no_other_reader_sees(store):
    written = store.write(record(), CURVES)
    mine = store.curves(written)
    mine.loc[0, "loss"] = -1.0
    mine["step"] *= 2
    mine.insert(0, "name", "mine")
    pd.testing.assert_frame_equal(store.curves(written), CURVES, check_exact=True)
    other = CURVES.assign(loss=[0.5, 0.25])
    assert store.curves(store.write(record(), other))["loss"].tolist() == [0.5, 0.25]


def test_a_run_without_a_record_or_with_that_of_a_crash_is_still_to_be_run(store):
    with pytest.raises(ValueError, match="JSON"):
        store.write(record(metrics={"click/auc": math.nan}))
    assert list(store.runs.iterdir()) == []
    assert store.read(RUN) is None
    store.write(record(), CURVES)
    (store.runs / f"{RUN}.json").unlink()  # as if cut off between the two files
    assert store.read(RUN) is None
    store.write(record(status="crashed"))
    assert store.read(RUN) is None
    assert store.write(record(), CURVES) == store.read(RUN)


def edited(content, **fields):
    """A record or sidecar with other fields and, as of before version 0.5.0, no own checksum."""
    return json.dumps(json.loads(content) | {"own_sha256": None} | fields).encode()


# Functions of the content of a file and of the same file of another run.
DAMAGE = {
    "truncated": lambda content, other: content[: len(content) // 2],
    "empty": lambda content, other: b"",
    "foreign": lambda content, other: other,
    "flipped": lambda content, other: content[:-60] + bytes([content[-60] ^ 4]) + content[-59:],
    "a list": lambda content, other: b"[]",
    "without fields": lambda content, other: b"{}",
    "another schema": lambda content, other: edited(content, schema=99),
    "renamed": lambda content, other: edited(other, run_id=RUN),
    "configuration": lambda content, other: edited(content, config=record(rate=0.2).config),
    "events": lambda content, other: content.replace(b'"events": []', b'"events": [1]'),
    "rows": lambda content, other: gzip.compress(gzip.decompress(content)[:-20]),
}
ANY = ("truncated", "empty", "foreign")
JSON = (*ANY, "a list", "without fields", "another schema")
OF_ENDING = {
    ".json": (*JSON, "flipped", "renamed", "configuration"),
    ".csv.gz": (*ANY, "flipped", "rows"),
    ".telemetry.json": (*JSON, "events"),
    ".telemetry.csv.gz": (*ANY, "flipped", "rows"),
}


@pytest.mark.parametrize("ending, how", [(end, how) for end in OF_ENDING for how in OF_ENDING[end]])
def test_every_damage_is_noticed_and_named(store, ending, how):
    telemetry = TelemetryStore(store.root)

    def look():
        return store.whole(RUN) and telemetry.has(RUN)

    for one in (record(rate=0.3, metrics={"click/auc": 0.6, "rating/rmse": None}), record()):
        auc = one.metrics["click/auc"]
        digest = store.write(one, CURVES.assign(**{"click/auc": auc})).curves_sha256
        said = {"config": telemetry_config(), "curves_sha256": digest, "events": []}
        telemetry.write(one.run_id, TELEMETRY.assign(loss=auc), **said)
    assert look()
    path, other = (store.runs / f"{run_id}{ending}" for run_id in (RUN, OTHER))
    path.write_bytes(DAMAGE[how](path.read_bytes(), other.read_bytes()))
    with pytest.raises(Damaged, match=f"^{path}: "):
        look()


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 11},
        {"metrics": {"click/auc": 0.7, "rating/rmse": 1.5}},
        {"first_bad_day": 2},
        {"status": "diverged", "first_bad_step": 10, "first_bad_day": 2},
        {"status": "diverged", "first_bad_step": 9, "first_bad_day": 1},
    ],
    ids=str,
)
def test_an_old_record_that_is_not_what_its_curves_end_with_is_damaged(store, change):
    store.write(record(), CURVES)
    path = store.runs / f"{RUN}.json"
    written = path.read_bytes()
    path.write_bytes(edited(written))
    assert store.whole(RUN).steps == 10
    stopped = {"status": "diverged", "first_bad_step": 9, "first_bad_day": 2}
    path.write_bytes(edited(written, **stopped))
    assert store.whole(RUN).status == "diverged"
    path.write_bytes(edited(written, **change))
    with pytest.raises(Damaged, match=f"{path}: .* is not what its curves end with") as caught:
        store.whole(RUN)
    assert caught.value.reason.split()[0] in (*change, "first_bad_step")
    assert {path.suffix for path in caught.value.files} == {".json", ".gz"}


def test_no_digit_of_a_record_can_change(store):
    store.write(record(), CURVES)
    path = store.runs / f"{RUN}.json"
    text = path.read_text()
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    assert len(digits) > 80
    for place in digits:
        path.write_text(f"{text[:place]}{(int(text[place]) + 1) % 10}{text[place + 1 :]}")
        with pytest.raises(Damaged):
            store.whole(RUN)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_what_cannot_be_written_is_named_and_no_draft_is_left(tmp_path, monkeypatch, number):
    whole = tmp_path / "whole"
    files.write_whole(whole, b"before")
    monkeypatch.setattr("os.fsync", mock.Mock(side_effect=OSError(number, "no room here")))
    with pytest.raises(CannotWrite, match=f"^{whole}: cannot be written .no room here.: finished"):
        files.write_whole(whole, b"after")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


@pytest.mark.parametrize("call", ["fcntl.flock", "os.fsync"])
def test_a_draft_is_written_whole_whenever_it_is_swept(tmp_path, monkeypatch, call):
    """One that is not locked yet goes and is written again; one that is locked stays."""
    module, _, name = call.partition(".")
    own, swept = getattr(getattr(files, module), name), []

    def sweep_first(*arguments):
        if not swept:
            swept.append(True)
            files.sweep_drafts(tmp_path)
        return own(*arguments)

    monkeypatch.setattr(call, sweep_first)
    files.write_whole(tmp_path / "table2.md", b"table")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"table"]


def test_drafts_are_swept_where_only_a_file_open_for_writing_can_be_locked(tmp_path, monkeypatch):
    """As over NFS, where flock is a lock of the server's."""

    def flock(file, operation):
        if not file.writable():
            raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(files.fcntl, "flock", flock)
    (tmp_path / ".table2.md.0123.draft").write_text("half")
    files.sweep_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_record_of_other_code_is_not_done_and_makes_way_for_a_new_one(store, monkeypatch):
    monkeypatch.setattr(code, "code_digest", lambda: "ours")
    store.write(record(code="theirs"), CURVES)
    store.write(record(rate=0.3, code="ours"), CURVES)
    measured = TelemetryStore(store.root)
    said = {"config": telemetry_config(), "curves_sha256": "", "events": []}
    measured.write(RUN, TELEMETRY, **said)
    assert store.whole(RUN) is not None and store.done(RUN) is None
    assert store.done(OTHER) == store.whole(OTHER) is not None
    files_of = sorted(path.name for path in store.runs.glob(f"{RUN}.*"))
    assert len(files_of) == 4
    for run_id in (RUN, OTHER):
        store.keep_other(run_id)
    kept = store.root / "other_code" / "theirs"
    assert sorted(path.name for path in kept.iterdir()) == files_of
    assert store.read(RUN) is None and not measured.has(RUN)
    assert store.done(OTHER) is not None
    store.keep_other(RUN)  # nothing is left to move
    store.write(record(), CURVES)
    store.keep_other(RUN)
    assert store.done(RUN).code is None  # a record of before version 0.7.0 is taken as it is

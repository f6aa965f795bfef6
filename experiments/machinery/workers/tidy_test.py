"""What the dead have left goes, what the living are on stays."""

import fcntl

import pytest

from experiments.machinery.records.checkpoint import CheckpointStore
from experiments.machinery.records.checkpoint_test import checkpoint
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import Store
from experiments.machinery.records.record_test import CURVES, RUN, record
from experiments.machinery.workers.tidy import tidy


@pytest.fixture
def progress(tmp_path):
    folder = tmp_path / "progress"
    folder.mkdir()
    return folder


def test_progress_files_of_runs_that_nobody_is_on_are_deleted(tmp_path, progress):
    for name in ("small-gc-1.json", "small-gc-2.json", ".small-gc-2.json.12.draft"):
        (progress / name).write_text("{}")
    with Claims(tmp_path).of("small-gc-1"):
        tidy(Store(tmp_path), progress)
    assert [path.name for path in progress.iterdir()] == ["small-gc-1.json"]


def test_checkpoints_go_where_there_is_a_record(tmp_path, progress):
    store, checkpoints = Store(tmp_path), CheckpointStore(tmp_path)
    store.write(record(), CURVES)
    for run_id in (RUN, "small-gc-under-way"):
        checkpoints.write(run_id, checkpoint())
    tidy(store, progress)
    assert checkpoints.run_ids() == ["small-gc-under-way"]


def test_the_checkpoint_of_a_crashed_run_stays(tmp_path, progress):
    store, checkpoints = Store(tmp_path), CheckpointStore(tmp_path)
    store.write(record(status="crashed"))
    checkpoints.write(RUN, checkpoint())
    tidy(store, progress)
    assert checkpoints.run_ids() == [RUN]


def test_drafts_of_the_dead_are_deleted_and_those_being_written_stay(tmp_path, progress):
    store = Store(tmp_path)
    write_whole(tmp_path / "table2.md", b"table")
    dead, alive = tmp_path / ".table2.md.0123.draft", store.runs / ".small-gc-1.json.4567.draft"
    for draft in (dead, alive):
        draft.write_text("half")
    with alive.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        tidy(store, progress)
        assert alive.exists() and not dead.exists()
    tidy(store, progress)
    assert not alive.exists()
    assert (tmp_path / "table2.md").read_bytes() == b"table"

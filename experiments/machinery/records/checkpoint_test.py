"""Checkpoints: an interrupted run goes on with the same bits; a strange file is set aside."""

import logging
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from experiments.machinery.records import checkpoint as module
from experiments.machinery.records.checkpoint import Checkpoint, CheckpointStore, Keeper
from experiments.machinery.records.record import Store
from experiments.machinery.workers.runner import Runner
from experiments.studies.testing import smoke
from experiments.training.flight_recorder import Snapshot
from experiments.training.trainer import Run

RUN_ID = "small-gc-0123456789ab"
ROW = {"step": 6, "day": 0, "learning_rate": 0.1, "loss": 1 / 3, "worst_loss": float("nan")}


def checkpoint():
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array([], np.float32)]
    accumulators = [np.full((2, 3), 0.1, np.float32), np.array(5.0, np.float32)]
    return Checkpoint(Snapshot(8, weights, accumulators), [ROW], [0.1 + 0.2, 2e-45], 1.5, 9.25)


def interrupted_at(step):
    """Has a keeper write every three steps, and the run end when it has taken `step` of them."""
    after = Keeper.after

    def interrupted(self, run):
        self._pause_s = 0 if run.step % 3 == 0 else np.inf
        after(self, run)
        if run.step == step:
            raise InterruptedError

    return mock.patch.object(Keeper, "after", interrupted)


@pytest.mark.parametrize(
    "method, model",
    [("clippy_adam", "small"), pytest.param("clippy", "large_dcn", marks=pytest.mark.slow)],
)
def test_an_interrupted_run_goes_on_with_the_same_bits(tmp_path, day_cache, method, model):
    """Between two rows, right after a row, and one step before the end."""
    config = smoke(method, model, rate=0.3, seed=4)
    first = Runner(Store(tmp_path / "whole"), day_cache)
    whole, programs = first.run(config), {}
    for step in (20, 6, 41):
        store, rows = Store(tmp_path / str(step)), []
        begun, resumed = Runner(store, day_cache), Runner(store, day_cache)
        begun._programs, resumed._programs = first._programs, programs  # traced once each
        with interrupted_at(step), pytest.raises(InterruptedError):
            begun.run(config)
        program = resumed._program(config, None)
        with mock.patch.object(program, "step", wraps=program.step) as counted:
            record = resumed.run(config, rows.append)
        kept = step // 3 * 3
        assert counted.call_count == 42 - kept  # those before the checkpoint are not taken again
        assert record.curves_sha256 == whole.curves_sha256
        assert (record.metrics, record.steps) == (whole.metrics, whole.steps)
        pd.testing.assert_frame_equal(pd.DataFrame(rows), store.curves(record), check_exact=True)
        assert record.provenance["resumed_at_step"] == kept
        assert list((store.root / "checkpoints").iterdir()) == []
    assert "resumed_at_step" not in whole.provenance


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path):
    store, written = CheckpointStore(tmp_path), checkpoint()
    assert store.read(RUN_ID) is None
    store.write(RUN_ID, written)
    found = store.read(RUN_ID)
    with np.load(tmp_path / "checkpoints" / f"{RUN_ID}.npz") as file:  # in spite of the checksum
        np.testing.assert_array_equal(file["weight_0"], written.snapshot.weights[0])
    for name, array in written.snapshot.arrays().items():
        np.testing.assert_array_equal(found.snapshot.arrays()[name], array, strict=True)
    assert (found.snapshot.step, found.losses, found.wall_s) == (8, written.losses, 9.25)
    np.testing.assert_equal(found.rows, written.rows)
    assert CheckpointStore(tmp_path, placed={"replicas": 2}).read(RUN_ID) is None


@pytest.mark.parametrize("how", ["flipped", "truncated", "empty"])
def test_a_damaged_checkpoint_is_set_aside_with_a_word(tmp_path, caplog, how):
    store, path = CheckpointStore(tmp_path), tmp_path / "checkpoints" / f"{RUN_ID}.npz"
    store.write(RUN_ID, checkpoint())
    whole = path.read_bytes()
    flipped = whole[:500] + bytes([whole[500] ^ 1]) + whole[501:]
    content = {"flipped": flipped, "truncated": whole[:-9], "empty": b""}[how]
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert store.read(RUN_ID) is None
    assert f"{path}: not what was written" in caplog.text
    assert (tmp_path / "damaged" / path.name).read_bytes() == content
    assert not path.exists()


@pytest.mark.parametrize("what", ["run_id", "code", "tensorflow", "placed"])
def test_a_checkpoint_of_another_run_or_version_is_set_aside(tmp_path, caplog, what):
    other = module._identity(RUN_ID, {}) | {what: "other"}
    with mock.patch.object(module, "_identity", return_value=other):
        CheckpointStore(tmp_path).write(RUN_ID, checkpoint())
    with caplog.at_level(logging.WARNING):
        assert CheckpointStore(tmp_path).read(RUN_ID) is None
    assert f"{what} other: expected " in caplog.text


class Time:
    """A program and a store of which writing takes 7 seconds; a clock."""

    def __init__(self):
        self.now_s, self.steps = 0, []
        self.read, self.snapshot = mock.Mock(return_value=None), lambda step: Snapshot(step, [], [])

    def write(self, run_id, kept):
        self.now_s += 7
        self.steps.append(kept.snapshot.step)


def test_a_short_run_writes_no_checkpoint_and_a_long_one_spends_little_on_them():
    time = Time()
    keeper = Keeper(time, RUN_ID, every_s=60, clock=lambda: time.now_s)
    run = Run(time, last=401)
    keeper.begins(run)
    for run.step in range(1, 401):
        time.now_s += 1
        keeper.after(run)
        if run.step == 59:
            assert time.steps == []
    # The first after 60 s; the next only when the 7 s it took are a twentieth of the time.
    assert time.steps == [60, 200, 340]
    assert keeper.wall_s() == time.now_s == 421
    time.now_s, run.first_bad_step = 9999, 400
    keeper.after(run)  # a run that is not finite any more is not kept
    assert time.steps == [60, 200, 340]

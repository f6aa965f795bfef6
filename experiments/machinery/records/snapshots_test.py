"""Snapshots and telemetry on disk: they come back; what is not what was written is refused."""

import numpy as np
import pandas as pd
import pytest

from experiments.errors import BadInput, Damaged
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import telemetry_config
from experiments.studies.testing import smoke
from experiments.training.detector import Event
from experiments.training.flight_recorder import Snapshot

CONFIG = smoke(seed=3)
SNAPSHOT = Snapshot(10, [np.arange(6, dtype=np.float32) / 7], [np.full(6, 0.1, np.float32)] * 2)


def test_a_snapshot_comes_back_as_it_was_written_or_is_refused(tmp_path):
    """record_test.py has each damage of telemetry, which is kept by the same class."""
    store = SnapshotStore(tmp_path)
    store.write(CONFIG, SNAPSHOT, Event("full", 40, 31, "loss"))
    found, said = store.read(CONFIG.run_id)
    assert (found.step, said["run_seed"], said["event"]["onset"]) == (10, 3, 31)
    np.testing.assert_equal(found.arrays(), SNAPSHOT.arrays())
    assert list(found.arrays()) == ["weight_0", "accumulator_0", "accumulator_1"]
    file, sidecar = store.file(CONFIG.run_id), store.sidecar(CONFIG.run_id)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(Damaged, match=f"^{file}: not the snapshot of its sidecar"):
        store.read(CONFIG.run_id)
    sidecar.unlink()
    with pytest.raises(BadInput, match=f"^{sidecar}: cannot be read: No such file"):
        store.read(CONFIG.run_id)


def test_telemetry_comes_back_in_float32_but_for_step_day_and_rate(tmp_path):
    frame = pd.DataFrame({"step": [1, 2], "day": 0, "learning_rate": 0.1, "loss": [1 / 3, np.inf]})
    store = TelemetryStore(tmp_path)
    store.folder.mkdir()
    store.write(CONFIG.run_id, frame, config=telemetry_config(), curves_sha256="0", events=[])
    found = frame.assign(loss=frame["loss"].astype(np.float32).astype(np.float64))
    pd.testing.assert_frame_equal(store.read(CONFIG.run_id), found, check_exact=True)

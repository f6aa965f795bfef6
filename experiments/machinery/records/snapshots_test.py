"""Snapshots and telemetry on disk: what is not what was written is refused, with its reason."""

import json

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
FRAME = pd.DataFrame({"step": [1, 2], "day": 0, "learning_rate": 0.1, "loss": [1 / 3, np.inf]})


def snapshots(root):
    store = SnapshotStore(root)
    store.write(CONFIG, SNAPSHOT, Event("full", 40, 31))
    return store, *(store.folder / f"{CONFIG.run_id}.{end}" for end in ("npz", "json"))


def telemetry(root):
    store = TelemetryStore(root)
    store.runs.mkdir()
    store.write(CONFIG.run_id, FRAME, config=telemetry_config(), curves_sha256="0", events=[])
    ends = ("telemetry.csv.gz", "telemetry.json")
    return store, *(store.runs / f"{CONFIG.run_id}.{end}" for end in ends)


def test_a_snapshot_comes_back_as_it_was_written(tmp_path):
    store, _, _ = snapshots(tmp_path)
    found, said = store.read(CONFIG.run_id)
    assert (found.step, said["run_seed"], said["event"]["onset"]) == (10, 3, 31)
    np.testing.assert_equal(found.arrays(), SNAPSHOT.arrays())
    assert list(found.arrays()) == ["weight_0", "accumulator_0", "accumulator_1"]


def test_telemetry_comes_back_in_float32_but_for_step_day_and_rate(tmp_path):
    store, _, _ = telemetry(tmp_path)
    found = store.read(CONFIG.run_id)
    assert found["learning_rate"].tolist() == [0.1, 0.1]
    assert found["loss"].tolist() == [float(np.float32(1 / 3)), np.inf]


SPOILED = {
    "truncated": (Damaged, lambda file, sidecar: file.write_bytes(file.read_bytes()[:-20])),
    "another": (Damaged, lambda file, sidecar: file.write_bytes(b"step,day,learning_rate,loss\n")),
    "missing": (Damaged, lambda file, sidecar: file.unlink()),
    "without sidecar": (BadInput, lambda file, sidecar: sidecar.unlink()),
    "of another run": (Damaged, lambda file, sidecar: change(sidecar, run_id="other")),
    "of another schema": (Damaged, lambda file, sidecar: change(sidecar, schema=99)),
    "not a sidecar": (Damaged, lambda file, sidecar: sidecar.write_text("[1]\n")),
    "empty sidecar": (Damaged, lambda file, sidecar: sidecar.write_text("{}")),
}


def change(sidecar, **fields):
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | fields))


@pytest.mark.parametrize("written", [snapshots, telemetry])
@pytest.mark.parametrize("error, spoil", SPOILED.values(), ids=SPOILED)
def test_what_is_spoiled_is_refused_in_one_line(tmp_path, written, error, spoil):
    store, file, sidecar = written(tmp_path)
    spoil(file, sidecar)
    with pytest.raises(error, match=f"{CONFIG.run_id}.[a-z.]*: ") as caught:
        store.read(CONFIG.run_id)
    assert "\n" not in str(caught.value)

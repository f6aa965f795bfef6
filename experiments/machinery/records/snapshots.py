"""The snapshots of runs on disk."""

import io

import numpy as np

from experiments.machinery.records.files import check_folder
from experiments.machinery.records.sealed import SealedFiles
from experiments.training.flight_recorder import Snapshot


class SnapshotStore(SealedFiles):
    """The snapshots of one results folder, `<root>/snapshots/<run_id>.{npz,json}`."""

    what, subfolder = "snapshot", "snapshots"
    ending, sidecar_ending = ".npz", ".json"
    schema, fields = 1, ("step", "event", "data_seed", "run_seed")

    def write(self, config, snapshot, event):
        """Writes a Snapshot, and a sidecar that says what it is and the Event it is kept for."""
        check_folder(self.folder, "folder of snapshots")
        buffer = io.BytesIO()
        np.savez(buffer, **snapshot.arrays())
        said = {
            "step": snapshot.step,
            "event": event._asdict(),
            "data_seed": config.data_seed,
            "run_seed": config.run_seed,
        }
        self.write_pair(config.run_id, buffer.getvalue(), said)

    def read(self, run_id):
        """The snapshot of a run and what its sidecar says: (Snapshot, dict); as `read_pair`."""
        said, content = self.read_pair(run_id)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Snapshot.of(said["step"], arrays), said

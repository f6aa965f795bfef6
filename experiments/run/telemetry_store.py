"""Telemetry on disk: one gzipped CSV and one JSON sidecar a run."""

import hashlib
import io
import json
import pathlib
import zlib

import numpy as np
import pandas as pd

from experiments.errors import BadInput
from experiments.run.record import write_whole

TELEMETRY_SCHEMA = 1
EXACT = ("step", "day", "learning_rate")  # the other columns are float32


class TelemetryStore:
    """The telemetry of one results folder, `<root>/runs/<run_id>.telemetry.{csv.gz,json}`.

    Args:
      root: folder of the profile's results; it need not be there.
    """

    def __init__(self, root):
        self.runs = pathlib.Path(root) / "runs"

    def has(self, run_id, config=None):
        """Whether a run has telemetry with the columns that a TelemetryConfig asks for.

        Raises: BadInput if its sidecar is not one.
        """
        if not self._sidecar(run_id).exists():
            return False
        return config is None or self.read_sidecar(run_id)["measures"] == config.measures

    def read(self, run_id):
        """The telemetry of a run: DataFrame, one row a step that was kept.

        Raises: BadInput if it is missing, truncated or another run's.
        """
        sidecar, path = self.read_sidecar(run_id), self._file(run_id)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != sidecar["sha256"]:
            raise BadInput(
                f"{path}: not the telemetry of its sidecar (truncated or changed): "
                "delete both to record it again"
            )
        try:
            frame = pd.read_csv(
                io.BytesIO(content), compression="gzip", float_precision="round_trip"
            )
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise BadInput(f"{path}: not a gzipped CSV: delete it to record it again") from error
        narrow = [name for name in frame.columns if name not in EXACT]
        return frame.astype(dict.fromkeys(narrow, np.float32)).astype(
            dict.fromkeys(narrow, np.float64)
        )

    def read_sidecar(self, run_id):
        """What the sidecar of a run says: dict as `write` makes it.

        Raises: BadInput if it is missing or is not one of this run and schema.
        """
        path = self._sidecar(run_id)
        try:
            found = json.loads(path.read_text())
        except OSError as error:
            raise BadInput(
                f"{path}: cannot be read: {error.strerror}: TELEMETRY=1 records it"
            ) from error
        except ValueError as error:
            raise BadInput(f"{path}: not JSON ({error}): delete it to record it again") from error
        needed = {"schema", "run_id", "measures", "sha256", "curves_sha256", "events"}
        if not isinstance(found, dict) or not needed <= set(found):
            raise BadInput(f"{path}: not a telemetry sidecar: delete it to record it again")
        if (found["schema"], found["run_id"]) != (TELEMETRY_SCHEMA, run_id):
            raise BadInput(
                f"{path}: schema {found['schema']}, run {found['run_id']}: allowed is schema "
                f"{TELEMETRY_SCHEMA}, run {run_id}; delete it to record it again"
            )
        return found

    def write(self, run_id, frame, *, config, curves_sha256, events):
        """Writes the rows, then the sidecar: a sidecar on disk is of whole rows.

        Args:
          run_id: RunConfig.run_id.
          frame: DataFrame, as Ledger.frame.
          config: TelemetryConfig.
          curves_sha256: checksum of the curves of the run that was measured; where it is not that
            of the run's record, the run gave other bits on the machine that measured it.
          events: what the detector found, list of dicts.
        """
        buffer = io.BytesIO()
        narrow = [name for name in frame.columns if name not in EXACT]
        frame = frame.astype(dict.fromkeys(narrow, np.float32))  # shorter, and no digit is lost
        frame.to_csv(buffer, index=False, compression={"method": "gzip", "mtime": 0})
        write_whole(self._file(run_id), buffer.getvalue())
        sidecar = {
            "schema": TELEMETRY_SCHEMA,
            "run_id": run_id,
            "measures": config.measures,
            "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
            "curves_sha256": curves_sha256,
            "events": events,
        }
        text = json.dumps(sidecar, allow_nan=False, sort_keys=True, indent=1)
        write_whole(self._sidecar(run_id), (text + "\n").encode())

    def _file(self, run_id):
        return self.runs / f"{run_id}.telemetry.csv.gz"

    def _sidecar(self, run_id):
        return self.runs / f"{run_id}.telemetry.json"

"""Telemetry on disk: one gzipped CSV and one JSON sidecar a run."""

import hashlib
import io
import json
import pathlib
import zlib

import numpy as np
import pandas as pd

from experiments.errors import BadInput, Damaged
from experiments.run import seal
from experiments.run.record import write_json, write_whole

TELEMETRY_SCHEMA = 1
FIELDS = frozenset(("schema", "run_id", "measures", "sha256", "curves_sha256", "events"))
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

        Raises: Damaged if what is there is not whole.
        """
        if not self._sidecar(run_id).exists():
            return False
        sidecar, _ = self._whole(run_id)
        return config is None or sidecar["measures"] == config.measures

    def read(self, run_id):
        """The telemetry of a run: DataFrame, one row a step that was kept.

        Raises: BadInput if it is missing; Damaged if it is truncated, changed or another run's.
        """
        _, content = self._whole(run_id)
        try:
            frame = pd.read_csv(
                io.BytesIO(content), compression="gzip", float_precision="round_trip"
            )
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise self._damaged(self._file(run_id), f"not a gzipped CSV ({error})") from error
        narrow = [name for name in frame.columns if name not in EXACT]
        return frame.astype(dict.fromkeys(narrow, np.float32)).astype(
            dict.fromkeys(narrow, np.float64)
        )

    def _whole(self, run_id):
        """What the sidecar says, and the bytes of the rows."""
        sidecar, path = self.read_sidecar(run_id), self._file(run_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise self._damaged(path, f"cannot be read: {error.strerror}") from error
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != sidecar["sha256"]:
            reason = "not the telemetry of its sidecar (truncated or changed)"
            raise self._damaged(path, reason)
        return sidecar, content

    def read_sidecar(self, run_id):
        """What the sidecar of a run says: dict as `write` makes it.

        Raises: BadInput if it is missing; Damaged if it is not one of this run and schema.
        """
        path = self._sidecar(run_id)
        try:
            found = json.loads(path.read_text())
        except OSError as error:
            raise BadInput(
                f"{path}: cannot be read: {error.strerror}: TELEMETRY=1 records it"
            ) from error
        except ValueError as error:
            raise self._damaged(path, f"not JSON ({error})") from error
        if not isinstance(found, dict) or set(found) - {seal.KEY} != FIELDS:
            raise self._damaged(path, "not a telemetry sidecar")
        if (found["schema"], found["run_id"]) != (TELEMETRY_SCHEMA, run_id):
            raise self._damaged(
                path,
                f"schema {found['schema']}, run {found['run_id']}, not schema {TELEMETRY_SCHEMA}, "
                f"run {run_id}",
            )
        if not seal.is_intact(found):
            raise self._damaged(path, "changed since it was written")
        return found

    def _damaged(self, path, reason):
        run_id = path.name.split(".")[0]
        both = (self._sidecar(run_id), self._file(run_id))
        return Damaged(path, reason, "delete both files to record it again", both)

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
        write_json(self._sidecar(run_id), seal.sealed(sidecar))

    def _file(self, run_id):
        return self.runs / f"{run_id}.telemetry.csv.gz"

    def _sidecar(self, run_id):
        return self.runs / f"{run_id}.telemetry.json"

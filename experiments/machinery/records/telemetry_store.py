"""Telemetry on disk: one gzipped CSV and one JSON sidecar a run."""

import io
import pathlib
import zlib

import numpy as np
import pandas as pd

from experiments.machinery.records.sealed import SealedFiles

TELEMETRY_SCHEMA = 1
EXACT = ("step", "day", "learning_rate")  # the other columns are float32


class TelemetryStore:
    """The telemetry of one results folder, `<root>/runs/<run_id>.telemetry.{csv.gz,json}`.

    Args:
      root: folder of the profile's results; it need not be there.
    """

    what = "telemetry"

    def __init__(self, root):
        self.runs = pathlib.Path(root) / "runs"
        self._pairs = SealedFiles(
            what=self.what,
            folder=self.runs,
            ending=".telemetry.csv.gz",
            sidecar_ending=".telemetry.json",
            schema=TELEMETRY_SCHEMA,
            fields=("measures", "curves_sha256", "events"),
            remedy=": TELEMETRY=1 records it",
        )

    def has(self, run_id, config=None):
        """Whether a run has telemetry with the columns that a TelemetryConfig asks for.

        Raises: Damaged if what is there is not whole.
        """
        if not self._pairs.sidecar(run_id).exists():
            return False
        sidecar, _ = self._pairs.read(run_id)
        return config is None or sidecar["measures"] == config.measures

    def read(self, run_id):
        """The telemetry of a run: DataFrame, one row a step that was kept.

        Raises: BadInput if it is missing; Damaged if it is truncated, changed or another run's.
        """
        _, content = self._pairs.read(run_id)
        try:
            frame = pd.read_csv(
                io.BytesIO(content), compression="gzip", float_precision="round_trip"
            )
        except (ValueError, OSError, EOFError, zlib.error) as error:
            path = self._pairs.file(run_id)
            raise self._pairs.damaged(run_id, path, f"not a gzipped CSV ({error})") from error
        narrow = [name for name in frame.columns if name not in EXACT]
        return frame.astype(dict.fromkeys(narrow, np.float32)).astype(
            dict.fromkeys(narrow, np.float64)
        )

    def read_sidecar(self, run_id):
        """What the sidecar of a run says: dict as `write` makes it.

        Raises: BadInput if it is missing; Damaged if it is not one of this run and schema.
        """
        return self._pairs.read_sidecar(run_id)

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
        said = {"measures": config.measures, "curves_sha256": curves_sha256, "events": events}
        self._pairs.write(run_id, buffer.getvalue(), said)

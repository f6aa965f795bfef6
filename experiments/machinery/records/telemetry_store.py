"""Telemetry on disk: one gzipped CSV and one JSON sidecar a run."""

import zlib

import numpy as np

from experiments.machinery.records.files import csv_bytes, csv_frame
from experiments.machinery.records.sealed import SealedFiles

EXACT = ("step", "day", "learning_rate")  # the other columns are float32


class TelemetryStore(SealedFiles):
    """The telemetry of one results folder, `<root>/runs/<run_id>.telemetry.{csv.gz,json}`."""

    what, subfolder = "telemetry", "runs"
    ending, sidecar_ending = ".telemetry.csv.gz", ".telemetry.json"
    schema, fields = 1, ("measures", "curves_sha256", "events")
    remedy = ": TELEMETRY=1 records it"

    def has(self, run_id, config=None):
        """Whether a run has telemetry, as a TelemetryConfig asks for. Raises: Damaged."""
        if not super().has(run_id):
            return False
        sidecar, _ = self.read_pair(run_id)
        return config is None or sidecar["measures"] == config.measures

    def read(self, run_id):
        """The telemetry of a run: DataFrame, one row a step that was kept; as `read_pair`."""
        _, content = self.read_pair(run_id)
        try:
            frame = csv_frame(content)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise self.damaged(self.file(run_id), f"not a gzipped CSV ({error})") from error
        return _narrow(frame).astype(dict.fromkeys(frame.columns.difference(EXACT), np.float64))

    def write(self, run_id, frame, *, config, curves_sha256, events):
        """Writes the rows, then the sidecar: a sidecar on disk is of whole rows.

        `frame` is as Ledger.frame; `events` are what the detector found, a list of dicts. Where
        `curves_sha256`, of the run that was measured, is not that of the run's record, the run gave
        other bits on the machine that measured it.
        """
        said = {"measures": config.measures, "curves_sha256": curves_sha256, "events": events}
        self.write_pair(run_id, csv_bytes(_narrow(frame)), said)


def _narrow(frame):
    """All columns but EXACT in float32: shorter as text, and no digit of a measure is lost."""
    return frame.astype(dict.fromkeys(frame.columns.difference(EXACT), np.float32))

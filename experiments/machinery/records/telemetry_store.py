"""Telemetry on disk: one gzipped CSV and one JSON sidecar a run."""

import numpy as np

from experiments.machinery.records.files import csv_bytes
from experiments.machinery.records.measured import MeasuredFiles

EXACT = ("step", "day", "learning_rate")  # the other columns are float32


class TelemetryStore(MeasuredFiles):
    """The telemetry of one results folder, `<root>/runs/<run_id>.telemetry.{csv.gz,json}`."""

    what = "telemetry"
    ending, sidecar_ending = ".telemetry.csv.gz", ".telemetry.json"
    schema, fields = 1, ("measures", "curves_sha256", "events")
    remedy = ": TELEMETRY=1 records it"

    def read(self, run_id):
        """The telemetry of a run: DataFrame, one row a step that was kept; as `read_pair`."""
        frame = _narrow(super().read(run_id))
        return frame.astype(dict.fromkeys(frame.columns.difference(EXACT), np.float64))

    def write(self, run_id, frame, *, config, curves_sha256, events):
        """Writes the rows, then the sidecar: a sidecar on disk is of whole rows.

        `frame` is as Ledger.frame; `events` are what the detector found, a list of dicts. Where
        `curves_sha256`, of the run that was measured, is not that of the run's record, the run gave
        other bits on the machine that measured it.
        """
        said = {"measures": config.measures, "curves_sha256": curves_sha256, "events": events}
        self.write_pair(run_id, csv_bytes(_narrow(frame)), said)

    def is_of(self, record):
        """Whether the run that was measured had the curves of a RunRecord, bit for bit."""
        return self.read_sidecar(record.run_id)["curves_sha256"] == record.curves_sha256


def _narrow(frame):
    """All columns but EXACT in float32: shorter as text, and no digit of a measure is lost."""
    return frame.astype(dict.fromkeys(frame.columns.difference(EXACT), np.float32))

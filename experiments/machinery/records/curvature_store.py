"""Curvature on disk, and where anything that is measured of a run lies."""

from experiments.machinery.records.files import csv_bytes
from experiments.machinery.records.measured import MeasuredFiles
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.curvature import CurvatureConfig


class CurvatureStore(MeasuredFiles):
    """The curvature of one results folder, `<root>/runs/<run_id>.curvature.{csv.gz,json}`."""

    what = "curvature"
    ending, sidecar_ending = ".curvature.csv.gz", ".curvature.json"
    schema, fields = 1, ("measures", "curves_sha256")
    remedy = ": a study with CasesConfig.curvature records it"

    def read(self, run_id):
        """The curvature of a run: DataFrame as Curvature.frame; as `read_pair`."""
        frame = super().read(run_id)
        return frame.fillna(dict.fromkeys(frame.filter(regex="_why$"), ""))

    def write(self, run_id, frame, *, config, curves_sha256):
        """Writes the rows of Curvature.frame, then the sidecar.

        `config` is the CurvatureConfig, `curves_sha256` is of the run that was measured.
        """
        said = {"measures": config.measures, "curves_sha256": curves_sha256}
        self.write_pair(run_id, csv_bytes(frame), said)


def store_of(how, root):
    """The store of what a TelemetryConfig or a CurvatureConfig measures, in a results folder."""
    return (CurvatureStore if isinstance(how, CurvatureConfig) else TelemetryStore)(root)

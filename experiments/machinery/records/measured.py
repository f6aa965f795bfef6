"""What was measured of a run beside its record: one gzipped CSV and one JSON sidecar a run."""

import zlib

from experiments.machinery.records.files import csv_frame
from experiments.machinery.records.sealed import SealedFiles


class MeasuredFiles(SealedFiles):
    """Sealed files of rows, beside the records in `<root>/runs`.

    `measures` is among the fields of a sidecar: what decided the rows, as the configuration that
    asks for them has it under that name.
    """

    subfolder = "runs"

    def has(self, run_id, config=None):
        """Whether a run has rows of all that a configuration asks for. Raises: Damaged."""
        if not super().has(run_id):
            return False
        sidecar, _ = self.read_pair(run_id)
        return config is None or _covers(sidecar["measures"], config.measures)

    def read(self, run_id):
        """The rows of a run: DataFrame; as `read_pair`."""
        _, content = self.read_pair(run_id)
        try:
            return csv_frame(content)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise self.damaged(self.file(run_id), f"not a gzipped CSV ({error})") from error


def _covers(found, asked):
    """Whether what was measured is what is asked for, but for layers and rules beside these."""
    for field, wanted in asked.items():
        there = found.get(field)  # None in a file of before the field
        if isinstance(wanted, dict) and isinstance(there, dict):
            there = {name: there[name] for name in wanted if name in there}
        if there != wanted:
            return False
    return True


def is_record(path):
    """Whether a JSON file of `<root>/runs` is a record, and no sidecar: an id has no dot."""
    return path.name.count(".") == 1

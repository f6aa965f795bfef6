"""A recorded run by its id: its record, its configuration, where it lies."""

import pathlib
from typing import NamedTuple

from experiments.errors import BadInput
from experiments.run.config import RunConfig
from experiments.run.record import RunRecord, Store
from experiments.run.telemetry_store import TelemetryStore


class Recorded(NamedTuple):
    """A run with a record."""

    store: Store
    record: RunRecord
    config: RunConfig

    @property
    def same_bits(self):
        """Whether the telemetry on disk is of a run with the curves of the record, bit for bit."""
        sidecar = TelemetryStore(self.store.root).read_sidecar(self.config.run_id)
        return sidecar["curves_sha256"] == self.record.curves_sha256


def find(results, run_id):
    """The recorded run of an id.

    Args:
      results: folder of all results.
      run_id: as a record's file name has it.
    Raises: BadInput if there is no such record, or one whose configuration is of another version.
    """
    if not run_id or pathlib.Path(run_id).name != run_id:
        raise BadInput(
            f"RUN = {run_id!r}: allowed is the name of a record, <model>-<method>-<hash>"
        )
    found = sorted(pathlib.Path(results).glob(f"*/runs/{run_id}.json"))
    if not found:
        raise BadInput(f"RUN = {run_id!r}: no record in {results}/*/runs: make run leaves one")
    store = Store(found[0].parent.parent)
    record = store.read(run_id)
    if record is None:
        raise BadInput(f"{found[0]}: the run crashed: allowed is one that ended")
    try:
        config = RunConfig.from_dict(record.config)
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{found[0]}: not a configuration of this version ({error})") from error
    if config.run_id != run_id:
        raise BadInput(f"{found[0]}: of another version: allowed is one that this version ran")
    return Recorded(store, record, config)

"""What a run leaves behind: one JSON record and one columnar file of curves, each written once."""

import contextlib
import dataclasses
import fcntl
import hashlib
import io
import json
import os
import pathlib
import tempfile
import uuid
from typing import Any, Literal

import pandas as pd

from experiments.errors import BadInput
from experiments.run.config import DEFAULT_DATA_SEED

SCHEMA = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One finished run. Strict JSON: None where a number is undefined, never NaN.

    Args:
      run_id: RunConfig.run_id.
      status: "finished" reached the last step (its AUC may still have fallen to chance: see
        divergence.py); "diverged" met a loss or prediction that is not finite, and stopped;
        "crashed" failed for another reason and will be tried again.
      config: RunConfig.to_dict().
      steps: steps taken.
      first_bad_step, first_bad_day: where a number first was not finite, or None.
      metrics: `<task>/<metric>` at the last evaluation.
      optimal: the same for the Bayes-optimal prediction.
      curves_sha256: checksum of the curves file, or None without one.
      provenance: commit, versions, machine, wall_s, step_s, peak_memory_mib.
      schema: version of this layout.
    """

    run_id: str
    status: Literal["finished", "diverged", "crashed"]
    config: dict[str, Any]
    steps: int
    first_bad_step: int | None
    first_bad_day: int | None
    metrics: dict[str, float | None]
    optimal: dict[str, float | None]
    curves_sha256: str | None
    provenance: dict[str, Any]
    schema: int = SCHEMA


class Store:
    """The records of one results folder, `<root>/runs`.

    Args:
      root: folder of the profile's results.
      writable: False for records that are only read: the folder is then neither made nor checked.
    Raises: BadInput if the folder cannot be written.
    """

    def __init__(self, root, writable=True):
        self.root = pathlib.Path(root)
        self.runs = self.root / "runs"
        if writable:
            check_folder(self.runs, "results folder")

    def read(self, run_id):
        """The record of a run, or None if it has not ended (or crashed, and is to be tried again).

        Raises: BadInput if the file is not a record of this schema.
        """
        path = self.runs / f"{run_id}.json"
        try:
            record = _record_of(path)
        except FileNotFoundError:
            return None
        return None if record.status == "crashed" else record

    def records(self):
        """Yields every record, those of crashed runs too, in the order of their ids.

        Raises: BadInput as `read`.
        """
        for path in sorted(self.runs.glob("*.json")):
            if not path.name.endswith(".telemetry.json"):
                yield _record_of(path)

    def curves(self, record):
        """The curves of a record: DataFrame, one row an evaluation.

        Raises: BadInput if the file is missing or is not the one the record was written with.
        """
        path = self.runs / f"{record.run_id}.csv.gz"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadInput(
                f"{path}: cannot be read ({error.strerror}): delete its record to run again"
            ) from error
        if hashlib.sha256(content).hexdigest() != record.curves_sha256:
            raise BadInput(f"{path}: not the curves of its record: delete both to run again")
        return pd.read_csv(io.BytesIO(content), compression="gzip", float_precision="round_trip")

    def write(self, record, curves=None):
        """Writes curves, then the record: a record on disk is always whole.

        Args:
          record: RunRecord; its `curves_sha256` is filled in here.
          curves: DataFrame or None.
        Returns: the record as written.
        """
        if curves is not None:
            content, digest = curves_file(curves)
            record = dataclasses.replace(record, curves_sha256=digest)
            write_whole(self.runs / f"{record.run_id}.csv.gz", content)
        text = json.dumps(dataclasses.asdict(record), allow_nan=False, sort_keys=True, indent=1)
        write_whole(self.runs / f"{record.run_id}.json", (text + "\n").encode())
        return record


def _record_of(path):
    """The record in a file.

    Raises: FileNotFoundError; BadInput if it is not a record of this schema.
    """
    try:
        fields = json.loads(path.read_text())
        schema = fields["schema"]
        record = RunRecord(**fields) if schema == SCHEMA else None
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: not a record ({error}): delete it to run again") from error
    if record is None or record.run_id != path.stem:
        found = f"schema {schema}" + ("" if record is None else f", run {record.run_id}")
        raise BadInput(
            f"{path}: {found}: allowed is schema {SCHEMA}, run {path.stem}; delete it to run again"
        )
    return record


def curves_file(curves):
    """The file of some curves, a DataFrame: (its bytes, their checksum)."""
    buffer = io.BytesIO()
    # CSV in gzip and not Parquet: pyarrow is 165 MB to install, these files are 5 KB.
    curves.to_csv(buffer, index=False, compression={"method": "gzip", "mtime": 0})
    return buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest()


def results_folder(results, profile, data_seed):
    """results/<profile>, or results/<profile>-data<seed> for a data seed other than the default."""
    suffix = "" if data_seed == DEFAULT_DATA_SEED else f"-data{data_seed}"
    return pathlib.Path(results) / f"{profile}{suffix}"


def check_folder(folder, what):
    """Makes a folder and checks that it can be written.

    Raises: BadInput if not, naming the folder and the reason.
    """
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # has no name that could be left behind
    except OSError as error:
        raise BadInput(
            f"{folder}: the {what} cannot be written ({error.strerror}): "
            "allowed is a folder that can"
        ) from error


def write_whole(path, content):
    """Writes bytes so that the file is there whole or not at all."""
    while True:
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.draft")
        try:
            with draft.open("xb") as file:
                _lock(file)
                if draft.exists():  # or else it was swept between the two lines above
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    draft.replace(path)
                    return
        finally:
            draft.unlink(missing_ok=True)


def sweep_drafts(folder):
    """Deletes drafts of `write_whole` that died; one that is being written is locked and stays.

    Args:
      folder: pathlib.Path, or one that is not there.
    """
    for draft in folder.glob(".*.draft"):
        # Locked, or it has just become the file it was to be.
        with contextlib.suppress(OSError), draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()


def _lock(file):
    """Locks a file until it is closed, or its process dies, where the file system has locks."""
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)

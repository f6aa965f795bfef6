"""What a run leaves behind: one JSON record and one columnar file of curves, each written once."""

import dataclasses
import functools
import hashlib
import json
import math
import pathlib
import re
from typing import Any, Literal, get_args

from experiments.errors import Damaged
from experiments.machinery.records.code import is_of_this_code
from experiments.machinery.records.files import (
    check_folder,
    csv_bytes,
    csv_frame,
    write_json,
    write_whole,
)
from experiments.machinery.records.measured import is_record
from experiments.machinery.records.sealed import SEAL, content_of, is_intact, sealed
from experiments.training.config import DEFAULT_DATA_SEED, run_id_of

SCHEMA = 1
OTHER_CODE = "other_code"  # folder of the records that runs of this code have replaced
KEPT = 4096  # ours: curves kept parsed, 0.1 GB; claims and figures read the same runs many times
Status = Literal["finished", "diverged", "crashed"]


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
      first_losses: training losses of the first steps, for a comparison on another processor; None
        if the run went on from a checkpoint, and in records of before version 0.7.0.
      code: code.code_digest() of the process that ran it; None in records of before version 0.7.0.
      schema: version of this layout.
    """

    run_id: str
    status: Status
    config: dict[str, Any]
    steps: int
    first_bad_step: int | None
    first_bad_day: int | None
    metrics: dict[str, float | None]
    optimal: dict[str, float | None]
    curves_sha256: str | None
    provenance: dict[str, Any]
    first_losses: list[float | None] | None = None
    code: str | None = None
    schema: int = SCHEMA


class Store:
    """The records of one results folder, `<root>/runs`.

    One that is not `writable` is only read: the folder is then neither made nor checked.
    Raises: CannotWrite if the folder cannot be written.
    """

    def __init__(self, root, writable=True):
        self.root = pathlib.Path(root)
        self.runs = self.root / "runs"
        if writable:
            check_folder(self.runs, "results folder")

    def read(self, run_id):
        """The record of a run, or None if it has not ended (or crashed, and is to be tried again).

        Raises: Damaged if the file is not the record of this run, in this schema.
        """
        path = self.runs / f"{run_id}.json"
        # A client of a network folder may remember that a file was not there, until it lists it.
        if not path.exists() and path not in self.runs.glob("*.json"):
            return None
        try:
            record = _record_of(path)
        except FileNotFoundError:  # set aside meanwhile
            return None
        return None if record.status == "crashed" else record

    def whole(self, run_id):
        """As `read`, once `curves` has found the curves whole too."""
        record = self.read(run_id)
        if record is not None:
            self.curves(record)
        return record

    def done(self, run_id):
        """As `whole`, but None for a record of other code, whose run is to be trained again.

        A record of before version 0.7.0 does not say of which code it is, and is taken as it is.
        """
        record = self.whole(run_id)
        return None if record is None or _is_of_other_code(record) else record

    def keep_other(self, run_id):
        """Moves what `runs` has of a run of other code to `<root>/other_code/<its code>`."""
        record = self.read(run_id)
        if record is None or not _is_of_other_code(record):
            return
        folder = self.root / OTHER_CODE / record.code
        folder.mkdir(parents=True, exist_ok=True)
        # The record comes last: while it is there, the others are still to be moved.
        for path in sorted(self.runs.glob(f"{run_id}.*"), key=lambda path: path.suffix == ".json"):
            path.replace(folder / path.name)

    def records(self, of_any_version=False):
        """Yields every record, those of crashed runs too, in the order of their ids.

        Only a list of what there is wants those whose ids another version gave to their
        configurations (`of_any_version`). Raises: Damaged as `read`.
        """
        for path in sorted(self.runs.glob("*.json")):
            if is_record(path):
                yield _record_of(path, of_any_version)

    def curves(self, record):
        """The curves of a record: DataFrame, one row for each evaluation.

        Raises: Damaged if the file is missing, is another, or does not end as the record says.
        """
        path = self.runs / f"{record.run_id}.csv.gz"
        what = "curves of its record"
        content = content_of(path, record.curves_sha256, what, _damaged)
        curves = _parsed(content).copy(deep=False)  # pandas copies what is then written to
        wrong = _unlike(record, curves.iloc[-1])
        if wrong:
            path = self.runs / f"{record.run_id}.json"
            raise _damaged(path, f"{wrong} is not what its curves end with")
        return curves

    def write(self, record, curves=None):
        """Writes curves, then the record with their checksum: a record on disk is always whole.

        Returns: the record as written. Raises: CannotWrite.
        """
        if curves is not None:
            content, digest = curves_file(curves)
            record = dataclasses.replace(record, curves_sha256=digest)
            write_whole(self.runs / f"{record.run_id}.csv.gz", content)
        write_json(self.runs / f"{record.run_id}.json", sealed(dataclasses.asdict(record)))
        return record


_parsed = functools.lru_cache(maxsize=KEPT)(csv_frame)


def _is_of_other_code(record):
    return record.code is not None and not is_of_this_code(record)


def _record_of(path, of_any_version=False):
    """The record in a file, of this version: old and new numbers never share a table.

    Raises: FileNotFoundError; Damaged if it is not that of the run it is named after.
    """
    try:
        fields = json.loads(path.read_text())
        found = f"schema {fields['schema']}, run {fields.get('run_id')}"
        expected = f"schema {SCHEMA}, run {path.stem}"
        if found != expected:
            raise _damaged(path, f"{found}: expected {expected}")
        named = path.stem if of_any_version else run_id_of(fields["config"])
        if named != path.stem:
            reason = f"the configuration of {named}, or of another version"
            raise _damaged(path, f"{reason}: expected that of its run")
        if not is_intact(fields) or fields["status"] not in get_args(Status):
            raise _damaged(path, "changed since it was written")
        fields.pop(SEAL, None)
        return RunRecord(**fields)
    except Damaged:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, f"not a record ({error})") from error


def _damaged(path, reason):
    """The error of a record or of its curves, which are set aside together."""
    record = path.with_name(f"{path.name.partition('.')[0]}.json")
    both = (record, record.with_suffix(".csv.gz"))
    return Damaged(path, reason, "delete both files to run again", both)


def _unlike(record, last):
    """The first field of a record that is not what its curves end with, or "".

    Records of before version 0.5.0 have no checksum of their own. Their curves guard them instead,
    all but `optimal` and the provenance: `make verify` compares `optimal` within a stream.
    """
    step, day = int(last["step"]), int(last["day"])
    # A run that stopped did so after the bad step, which counts from 0.
    bad = (None, None) if record.status == "finished" else (step - 1, day)
    metrics = {name: value for name, value in last.items() if "/" in name}
    expected = {
        "steps": step,
        "first_bad_step": bad[0],
        "first_bad_day": bad[1],
        "metrics": {k: value if math.isfinite(value) else None for k, value in metrics.items()},
    }
    return next((name for name in expected if getattr(record, name) != expected[name]), "")


def curves_file(curves):
    """The file of some curves, a DataFrame: (its bytes, their checksum)."""
    content = csv_bytes(curves)
    return content, hashlib.sha256(content).hexdigest()


def results_folder(results, profile, data_seed):
    """results/<profile>, or results/<profile>-data<seed> for a data seed other than the default."""
    suffix = "" if data_seed == DEFAULT_DATA_SEED else f"-data{data_seed}"
    return pathlib.Path(results) / f"{profile}{suffix}"


def seeds_on_disk(results, profile):
    """Data seeds of a profile that have a results folder, ascending."""
    pattern = re.compile(rf"{re.escape(profile)}(?:-data(\d+))?")
    matches = [pattern.fullmatch(path.name) for path in pathlib.Path(results).glob(f"{profile}*")]
    return sorted(int(found[1] or DEFAULT_DATA_SEED) for found in matches if found)

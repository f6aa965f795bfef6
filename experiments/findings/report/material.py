"""What a report is made of: everything that was read from disk, and nothing else."""

from typing import Any, NamedTuple

import pandas as pd

from experiments.machinery.records.record import RunRecord


class Run(NamedTuple):
    """One recorded run.

    record: RunRecord; curves: DataFrame, one row an evaluation.
    row: what frames.run_row says of it.
    words: the doctor's, or "" where nobody asked the doctor.
    """

    record: RunRecord
    curves: pd.DataFrame
    row: dict[str, Any]
    words: str


class Material(NamedTuple):
    """The contents of one results folder.

    profile, data_seed: whose it is.
    variables: what `make` must be given for this folder, as " PROFILE=smoke DATA_SEED=2", or "".
    files: relative paths of all files in it, so that only what exists is linked.
    tables, texts: <name>.csv as DataFrame and <name>.md as text, by name.
    figures: figures/<stem>.csv as DataFrame by stem; pictures: bytes of figures/<stem>.png by stem.
    claims: claims.json of each data seed on disk, by data seed; pooled: claims_pooled.json or None.
    calibration: calibration.json or None.
    runs: by id, in the order of ids; crashed: ids of runs that crashed and were not repeated.
    """

    profile: str
    data_seed: int
    variables: str
    files: frozenset[str]
    tables: dict[str, pd.DataFrame]
    texts: dict[str, str]
    figures: dict[str, pd.DataFrame]
    pictures: dict[str, bytes]
    claims: dict[int, list]
    pooled: list | None
    calibration: dict | None
    runs: dict[str, Run]
    crashed: tuple[str, ...]

    def links(self, stem, endings):
        """Paths of those of <stem>.<ending> that exist."""
        return [path for end in endings if (path := f"{stem}.{end}") in self.files]

"""What a report is made of: everything that is read from a results folder, and nothing else."""

import json
from typing import Any, NamedTuple

import pandas as pd

from experiments.errors import BadInput
from experiments.findings.doctor import words_path
from experiments.findings.evidence import data_seeds_on_disk
from experiments.findings.report.tables import columns_of
from experiments.findings.runs import run_row
from experiments.machinery.records.record import RunRecord, Store, results_folder
from experiments.studies.registry import divergence_config
from experiments.training.config import DEFAULT_DATA_SEED
from experiments.training.divergence import label

DEFAULT_PROFILE = "laptop"  # the one that commands need not be given
PICTURES = ("figure2",)  # figures that are shown as they are


class Run(NamedTuple):
    """One recorded run.

    record: RunRecord; curves: DataFrame, one row an evaluation.
    row: what runs.run_row says of it. label_step: the step that dates its label, or None.
    words: the doctor's, or "" where nobody asked the doctor.
    """

    record: RunRecord
    curves: pd.DataFrame
    row: dict[str, Any]
    label_step: int | None = None
    words: str = ""


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
    variables: str = ""
    files: frozenset[str] = frozenset()
    tables: dict[str, pd.DataFrame] = {}
    texts: dict[str, str] = {}
    figures: dict[str, pd.DataFrame] = {}
    pictures: dict[str, bytes] = {}
    claims: dict[int, list] = {}
    pooled: list | None = None
    calibration: dict | None = None
    runs: dict[str, Run] = {}
    crashed: tuple[str, ...] = ()

    def links(self, stem, endings):
        """Paths of those of <stem>.<ending> that exist."""
        return [path for end in endings if (path := f"{stem}.{end}") in self.files]


def gather(options):
    """Everything the page shows, read from disk: Material.

    Args:
      options: session.Options.
    Raises: BadInput if there is no results folder, or for a file in it that cannot be read or is
      of another version.
    """
    profile, data_seed = options.profile, options.data_seed
    folder = results_folder(options.results, profile, data_seed)
    if not folder.is_dir():
        raise BadInput(
            f"{folder}: no results to report: expected a profile and DATA_SEED with some; "
            "make smoke leaves the smallest"
        )
    home = results_folder(options.results, profile, DEFAULT_DATA_SEED)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.stem for path in folder.glob("*.csv")}
    drawn = [path for path in paths if path.parent == folder / "figures"]
    calibration = _json(home / "calibration.json")
    runs, crashed = _runs(folder, calibration["base_rate"] if calibration else None)
    return Material(
        profile=profile,
        data_seed=data_seed,
        variables=_variables(profile, data_seed),
        files=frozenset(path.relative_to(folder).as_posix() for path in paths),
        tables={
            name: _csv(folder / f"{name}.csv", columns_of(name, names)) for name in sorted(names)
        },
        texts={path.stem: path.read_text() for path in sorted(folder.glob("*.md"))},
        figures={path.stem: _csv(path) for path in drawn if path.suffix == ".csv"},
        pictures={
            path.stem: path.read_bytes()
            for path in drawn
            if path.suffix == ".png" and path.stem in PICTURES
        },
        claims=_claims(options),
        pooled=_json(home / "claims_pooled.json"),
        calibration=calibration,
        runs=runs,
        crashed=crashed,
    )


def _variables(profile, data_seed):
    """What `make` must be given for this folder."""
    found = "" if profile == DEFAULT_PROFILE else f" PROFILE={profile}"
    return found + ("" if data_seed == DEFAULT_DATA_SEED else f" DATA_SEED={data_seed}")


def _claims(options):
    """The scorecard of every data seed that has one: dict from data seed to claims."""
    seeds = sorted({*data_seeds_on_disk(options), options.data_seed})
    folders = {seed: results_folder(options.results, options.profile, seed) for seed in seeds}
    found = {seed: _json(folder / "claims.json") for seed, folder in folders.items()}
    return {seed: claims for seed, claims in found.items() if claims}


def _runs(folder, base_rate):
    """(runs by id, ids of those that crashed) of a results folder."""
    if not (folder / "runs").is_dir():
        return {}, ()
    store, divergence = Store(folder, writable=False), divergence_config()
    found, crashed = {}, []
    for record in store.records():
        if record.status == "crashed":
            crashed.append(record.run_id)
            continue
        curves, words = store.curves(record), words_path(store, record.run_id)
        row = run_row(record, curves, divergence, base_rate)
        said = words.read_text() if words.exists() else ""
        step = label(curves, divergence).step
        found[record.run_id] = Run(record, curves, row, step, said)
    return found, tuple(crashed)


def _csv(path, columns=()):
    """A table that must have some columns."""
    try:
        # A case may be called NA: only what is empty is missing.
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except ValueError as error:
        raise BadInput(f"{path}: not a table ({error}): delete it and make it again") from error
    missing = [name for name in columns if name not in frame]
    if missing:
        raise BadInput(f"{path}: no column {missing[0]!r}: expected a file of this version")
    return frame


def _json(path):
    """The contents of a JSON file, or None without one."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BadInput(f"{path}: not JSON ({error}): delete it and make it again") from error

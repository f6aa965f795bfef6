"""What a report is made of: everything that is read from a results folder, and nothing else."""

import json
from typing import Any, NamedTuple

import pandas as pd

from experiments.errors import BadInput
from experiments.findings.doctor import words_path
from experiments.findings.evidence import data_seeds_on_disk
from experiments.findings.report.tables import columns_of
from experiments.findings.runs import run_row
from experiments.findings.seeds import remembered
from experiments.machinery.records.record import RunRecord, Store, results_folder
from experiments.studies.registry import divergence_config
from experiments.training.config import DEFAULT_DATA_SEED
from experiments.training.divergence import label

TEXTS = dict.fromkeys(("case", "against", "model", "method", "run_id", "label"), str)
DEFAULT_PROFILE = "laptop"  # the one that commands need not be given


class Run(NamedTuple):
    """One recorded run."""

    record: RunRecord
    curves: pd.DataFrame  # one row an evaluation
    row: dict[str, Any]  # what runs.run_row says of it
    label_step: int | None = None  # the step that dates its label
    words: str = ""  # the doctor's, or "" where nobody asked the doctor


class Material(NamedTuple):
    """The contents of one results folder."""

    profile: str
    data_seed: int
    variables: str = ""  # what `make` must be given for it, as " PROFILE=smoke DATA_SEED=2"
    files: frozenset[str] = frozenset()  # relative paths, so that only what exists is linked
    tables: dict[str, pd.DataFrame] = {}  # <name>.csv by name
    texts: dict[str, str] = {}  # <name>.md by name
    figures: dict[str, pd.DataFrame] = {}  # figures/<stem>.csv by stem
    drawing: bytes = b""  # figures/figure2.png, which is shown as it is
    claims: dict[int, list] = {}  # claims.json of each data seed on disk
    pooled: list | None = None  # claims_pooled.json
    calibration: dict | None = None  # calibration.json
    runs: dict[str, Run] = {}  # by id, in the order of ids
    crashed: tuple[str, ...] = ()  # ids of runs that crashed and were not repeated
    seeds: dict[str, int] = {}  # SEEDS of the artefacts that were made with them, by name

    def links(self, stem, endings):
        """Paths of those of <stem>.<ending> that exist."""
        return [path for end in endings if (path := f"{stem}.{end}") in self.files]


def gather(options):
    """Everything the page shows, read from disk by session.Options: Material.

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
    calibration = _json(home / "calibration.json")
    runs, crashed = _runs(folder, calibration["base_rate"] if calibration else None)
    tables = sorted(path.stem for path in folder.glob("*.csv"))
    variables = "" if profile == DEFAULT_PROFILE else f" PROFILE={profile}"
    variables += "" if data_seed == DEFAULT_DATA_SEED else f" DATA_SEED={data_seed}"
    drawing = folder / "figures" / "figure2.png"
    return Material(
        profile=profile,
        data_seed=data_seed,
        variables=variables,
        files=frozenset(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        ),
        tables={name: _csv(folder / f"{name}.csv", columns_of(name, tables)) for name in tables},
        texts={path.stem: _text(path) for path in folder.glob("*.md")},
        figures={path.stem: _csv(path) for path in folder.glob("figures/*.csv")},
        drawing=drawing.read_bytes() if drawing.exists() else b"",
        claims={
            seed: found
            for seed in sorted({*data_seeds_on_disk(options), data_seed})
            if (found := _json(results_folder(options.results, profile, seed) / "claims.json"))
        },
        pooled=_json(home / "claims_pooled.json"),
        calibration=calibration,
        runs=runs,
        crashed=crashed,
        seeds=remembered(folder),
    )


def _runs(folder, base_rate):
    """(runs by id, ids of those that crashed) of a results folder."""
    store, divergence = Store(folder, writable=False), divergence_config()
    found, crashed = {}, []
    for record in store.records():
        if record.status == "crashed":
            crashed.append(record.run_id)
            continue
        curves, words = store.curves(record), words_path(store, record.run_id)
        row, step = run_row(record, curves, divergence, base_rate), label(curves, divergence).step
        said = _text(words) if words.exists() else ""
        found[record.run_id] = Run(record, curves, row, step, said)
    return found, tuple(crashed)


def _text(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        expected = "expected what its command wrote; delete it and run that command again"
        raise BadInput(f"{path}: not a text in UTF-8: {expected}") from None


def _csv(path, columns=()):
    """A table that must have some columns."""
    try:
        # A case may be called NA or 1: only what is empty is missing, and names are texts.
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=TEXTS)
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

"""`make report`: from a results folder to one HTML page. Nothing is run here."""

import json

import pandas as pd

from experiments.errors import BadInput
from experiments.findings import report
from experiments.findings.doctor import words_path
from experiments.findings.evidence import data_seeds_on_disk
from experiments.findings.report import figures, study_curves
from experiments.findings.report.tables import columns_of
from experiments.machinery.records.files import write_whole
from experiments.machinery.records.record import Store, results_folder
from experiments.studies.registry import divergence_config
from experiments.studies.rows import run_row
from experiments.training.config import DEFAULT_DATA_SEED

DEFAULT_PROFILE = "laptop"  # the one that commands need not be given
PICTURES = ("figure2",)  # figures that are shown as they are


def write_report(options):
    """Writes results/<profile>/report.html.

    Args:
      options: session.Options.
    Returns: its path, as text.
    Raises: BadInput if there is no results folder, or something in it cannot be read.
    """
    folder = results_folder(options.results, options.profile, options.data_seed)
    if not folder.is_dir():
        raise BadInput(
            f"{folder}: no results to report: allowed is a profile and DATA_SEED with some; "
            "make smoke leaves the smallest"
        )
    text = report.render(gather(options, folder))
    write_whole(folder / "report.html", text.encode())
    return str(folder / "report.html")


def gather(options, folder):
    """Everything the page shows, read from disk: report.Material.

    Args:
      options: session.Options.
      folder: the results folder, which exists.
    Raises: BadInput for a file that cannot be read, or is of another version.
    """
    home = results_folder(options.results, options.profile, DEFAULT_DATA_SEED)
    runs, crashed = _runs(folder)
    return report.Material(
        profile=options.profile,
        data_seed=options.data_seed,
        variables=_variables(options),
        files=frozenset(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        ),
        tables=_tables(folder),
        texts={path.stem: path.read_text() for path in sorted(folder.glob("*.md"))},
        figures=_figures(folder / "figures"),
        pictures={
            path.stem: path.read_bytes()
            for path in sorted(folder.glob("figures/*.png"))
            if path.stem in PICTURES
        },
        claims=_claims(options),
        pooled=_json(home / "claims_pooled.json"),
        calibration=_json(home / "calibration.json"),
        runs=runs,
        crashed=crashed,
    )


def _variables(options):
    """What `make` must be given for this folder."""
    found = "" if options.profile == DEFAULT_PROFILE else f" PROFILE={options.profile}"
    own = options.data_seed == DEFAULT_DATA_SEED
    return found + ("" if own else f" DATA_SEED={options.data_seed}")


def _claims(options):
    """The scorecard of every data seed that has one: dict from data seed to claims."""
    seeds = {*data_seeds_on_disk(options), options.data_seed}
    found = {
        seed: _json(results_folder(options.results, options.profile, seed) / "claims.json")
        for seed in sorted(seeds)
    }
    return {seed: claims for seed, claims in found.items() if claims}


def _runs(folder):
    """(runs by id, ids of those that crashed) of a results folder."""
    if not (folder / "runs").is_dir():
        return {}, ()
    store = Store(folder)
    divergence = divergence_config()
    found, crashed = {}, []
    for record in store.records():
        run_id = record.run_id
        if record.status == "crashed":
            crashed.append(run_id)
            continue
        curves, words = store.curves(record), words_path(store, run_id)
        said = words.read_text() if words.exists() else ""
        found[run_id] = report.Run(record, curves, run_row(record, curves, divergence), said)
    return found, tuple(crashed)


def _tables(folder):
    paths = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    return {name: _csv(path, columns_of(name, paths)) for name, path in paths.items()}


def _figures(folder):
    """The points of every figure that the report can show, by the stem of their file."""
    columns = {f"figure{name}": columns for name, columns in figures.COLUMNS.items()}
    for path in folder.glob(f"{study_curves.BEGINNING}*.csv"):
        columns[path.stem] = study_curves.COLUMNS
    return {
        stem: _csv(path, needed)
        for stem, needed in sorted(columns.items())
        if (path := folder / f"{stem}.csv").exists()
    }


def _csv(path, columns):
    """A table that must have some columns."""
    try:
        # A case may be called NA: only what is empty is missing.
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except ValueError as error:
        raise BadInput(f"{path}: not a table ({error}): delete it and make it again") from error
    missing = [name for name in columns if name not in frame]
    if missing:
        raise BadInput(f"{path}: no column {missing[0]!r}: of another version, make it again")
    return frame


def _json(path):
    """The contents of a JSON file, or None without one."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BadInput(f"{path}: not JSON ({error}): delete it and make it again") from error

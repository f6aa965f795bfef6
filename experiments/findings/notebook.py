"""What a notebook needs: `from experiments import load_curves, load_runs, run`.

Recorded runs and their curves as DataFrames, and the commands `make run` and `make study` as one
function, which alone in this folder trains something and imports TensorFlow. The results, the cache
and the gin files of the project are found from any folder.
"""

import functools
import io
import os
import sys

import numpy as np
import pandas as pd
from rich.console import Console

from experiments.errors import BadInput
from experiments.findings.comparison import flat
from experiments.findings.runs import (
    RUN_COLUMNS,
    Wanted,
    chosen,
    order,
    recorded,
    run_row,
    study_tables,
)
from experiments.machinery.gin_files import ROOT, bound, given_file, named_file
from experiments.machinery.gin_text import split_bindings
from experiments.machinery.records.files import check_folder
from experiments.machinery.records.find import ended, locate, named
from experiments.machinery.records.record import Store, results_folder, seeds_on_disk
from experiments.studies.calibration import recorded_base_rate
from experiments.studies.known import own_name
from experiments.studies.registry import resolve
from experiments.studies.single import run_single, single_config
from experiments.training.config import DEFAULT_DATA_SEED
from experiments.training.divergence import reported

PROFILE = "laptop"  # unless a person or a study names another
RESULTS, CACHE = ROOT / "results", ROOT / ".cache"
COLUMNS = {"id": "run_id", "rate": "learning_rate", "multiple": "rate_multiple"}
NUMBERS = ["learning_rate", "rate_multiple", "auc", "rmse", "wall_s"]
CURVES = ["run_id", "step", "day", "learning_rate", "loss", "worst_loss", "auc", "rmse"]
STUDY = "CasesConfig"


def load_runs(
    profile=PROFILE,
    data_seed=None,
    *,
    model="",
    method="",
    status="",
    study="",
    settings=False,
    results=RESULTS,
):
    """The recorded runs of a profile as a DataFrame, one row a run, in the order of `make list`.

    Args:
      profile: name of a file in configs/profiles, as "laptop".
      data_seed: seed of the stream, or None for every one that is on disk.
      model, method: names between commas or blanks, as "small, large"; "" wants all.
      status: the same of statuses and labels, as "healthy" or "crashed".
      study: the name or the gin file of a study that was run, or "" for all runs.
      settings: adds each parameter of the configurations as a column, `trainer.window_days` for
        instance; missing in a run whose configuration does not have it.
      results: folder of all results, by default that of the project.
    Returns: DataFrame with the columns
      run_id: str, the name of the record;
      model, method: str;
      threshold: str, as tables show it ("0.01", "abs_=0.01 rel=0.5"), missing without one;
      learning_rate: eta; rate_multiple: the same in units of 1x, NaN without a calibration;
      data_seed, seed: seed of the stream; of the initial weights and the order of the data;
      status: "finished", "diverged" (a number was not finite) or "crashed";
      label: "healthy", "micro", "damaged", "untrained" or "full" (divergence.Label), missing for a
        crashed run;
      auc: AUC of the reported task on the last day, in [0, 1]; rmse: RMSE of the reported
        regression, in units of the label; both NaN where undefined;
      wall_s: seconds that the run took;
      `<task>/<metric>`: every metric at the last evaluation, NaN where undefined or not trained.
      The frame has no rows if no run is of all that is wanted.
    Raises: BadInput for a profile, model, method, status or study that is not there, for a results
      folder without runs, and for a record that is damaged.
    """
    named_file("profiles", profile)
    seeds = seeds_on_disk(results, profile) if data_seed is None else [data_seed]
    folders = [results_folder(results, profile, seed) for seed in seeds]
    stores = [Store(folder, writable=False) for folder in folders]
    found = list(recorded(stores, recorded_base_rate(results, profile)))
    if not found:
        folder = folders[0] if folders else results_folder(results, profile, DEFAULT_DATA_SEED)
        raise BadInput(f"{folder}: no run: expected a results folder with some, as run leaves")
    tables = [pair for folder in folders for pair in study_tables(folder).items()]
    rows = chosen([row for _, row in found], Wanted(model, method, status, study), tables)
    wanted = {row["id"] for row in rows}
    return _frame([(one, row) for one, row in found if row["id"] in wanted], settings)


def load_curves(runs, *, results=RESULTS):
    """The curves of recorded runs as one DataFrame in long form: one row an evaluation of a run.

    Args:
      runs: the id of a run, or several: a list, a column, or a DataFrame with the column `run_id`,
        as `load_runs` and `run` return. An id may be cut short as long as no other run begins so.
        The crashed runs of a DataFrame, which have no curves, are left out.
      results: folder of all results, by default that of the project.
    Returns: DataFrame, the runs in the order given, each once, their rows by step. Its columns are
      run_id; step: steps taken; day: newest day in the training window; learning_rate: eta of that
      step, warmup included; loss: mean training loss since the last row; worst_loss: the largest;
      auc: AUC of the reported task on the last day, in [0, 1]; rmse: RMSE of the reported
      regression, in units of the label; and `<task>/<metric>` for every metric. An undefined
      number, and a metric of a task that a run does not have, is NaN.
    Raises: BadInput for an id that no record or more than one has, for a run that crashed, and for
      curves that are damaged.
    """
    if isinstance(runs, pd.DataFrame):
        if "run_id" not in runs:
            raise BadInput("runs: a DataFrame without run_id: expected one of load_runs")
        whole = runs[runs["status"] != "crashed"] if "status" in runs else runs
        runs = whole["run_id"]
    given, known = [runs] if isinstance(runs, str) else list(runs), named(results)
    for run_id in given:
        if not isinstance(run_id, str):
            raise BadInput(f"runs = {run_id!r}: expected the id of a run, a text")
    paths = dict.fromkeys(locate(results, run_id, "runs", known) for run_id in given)
    if not paths:
        return pd.DataFrame(columns=CURVES)
    frame = pd.concat(map(_curves, paths), ignore_index=True)
    return frame.reindex(columns=[*CURVES, *(name for name in frame if name not in CURVES)])


def run(
    files,
    overrides=(),
    *,
    profile=None,
    data_seed=None,
    workers=None,
    quiet=False,
    results=RESULTS,
    cache=CACHE,
):
    """Runs gin files in a profile, as `make run` and `make study` do, and returns the runs.

    What this code has a record of is not trained again. Files that bind CasesConfig are a study:
    its runs are trained by worker processes, after a calibration if the profile has none, and its
    tables and curves are written as `make study` writes them. Other files are one run, which is
    trained in this process; TensorFlow has one thread from then on. Progress goes to standard
    error.

    Args:
      files: the path of a gin file, or a list of paths, of which a later one may override an
        earlier one; each from the present folder, else from the project. Those of a run bind model,
        method and learning rate, those of a study CasesConfig.
      overrides: bindings that override the files: a dict from name to value, or text as of SET,
        "learning_rate=0.4 run_seed=3", or a list of such bindings. A name without a dot is a
        parameter of the run. A study reads those of CasesConfig alone.
      profile: name of a file in configs/profiles; None for the one that a study names, or "laptop".
      data_seed: seed of the stream; None leaves it to the files, and is 11 for a study.
      workers: worker processes of a study; by default one for each core. In a script, as opposed to
        a notebook, a study is run below `if __name__ == "__main__":`, since they import the script.
      quiet: whether to write no progress.
      results, cache: folders of all results and of the generated days, by default the project's.
    Returns: DataFrame as of `load_runs`: one row for a run; for a study one row for each run, with
      its case in a first column `case`. A run that two cases share has a row in both.
    Raises: BadInput for whatever a person can mend; RunsCrashed after the last run of a study.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
    files = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    files = [given_file("studies", os.fspath(file)) for file in files]
    if not files:
        raise BadInput("files = []: expected a gin file, as configs/studies/one_*.gin")
    bindings, values = _bindings(overrides)
    names = [*(name for file in files for name in bound(file)), *bindings, *values]
    given = files, bindings, values, profile, _plain(data_seed), str(results), str(cache)
    progress = io.StringIO() if quiet else sys.stderr
    if any(name.startswith(f"{STUDY}.") for name in names):
        return _run_study(*given, progress, workers)
    if workers is not None:
        raise BadInput(f"workers = {workers!r}: expected none, since a run takes this process")
    return _run_single(*given, progress)


def _run_single(files, bindings, values, profile, data_seed, results, cache, progress):
    profile = profile or PROFILE
    config, divergence = single_config(files, profile, data_seed, bindings, values)
    store = Store(results_folder(results, profile, config.data_seed))
    check_folder(cache, "cache folder")
    base_rate = recorded_base_rate(results, profile)
    say = functools.partial(print, file=progress)
    record = run_single(config, store, cache, say, base_rate=base_rate)
    return _frame([(record, run_row(record, store.curves(record), divergence, base_rate))])


def _run_study(files, bindings, values, profile, data_seed, results, cache, progress, workers):
    # Late: what only reads records needs neither workers nor pictures.
    from experiments.findings.make import make_study
    from experiments.findings.seeds import remember
    from experiments.studies.cases import check_cases
    from experiments.studies.session import Options, opened

    (config,) = resolve(files, bindings, (STUDY,), values)
    profile = profile or config.profile or PROFILE
    check_cases(config, profile, files[-1])
    name = own_name(files[-1])
    for given, value, least in (("workers", workers, 1), ("data_seed", data_seed, 0)):
        if value is not None and (type(value) is not int or value < least):
            raise BadInput(f"{given} = {value!r}: expected a whole number of at least {least}")
    where = {"profile": profile, "data_seed": data_seed, "results": results, "cache": cache}
    options = Options(**where, workers=workers or len(os.sched_getaffinity(0)))
    # In a notebook plain lines: rich would show each as a box of its own.
    console = Console(file=progress, force_jupyter=False)
    with opened(options, console) as session:
        runs, _ = make_study(session, name, config)
        remember(session.folder, [name], config.runs)  # which `overrides` may have bound
        store, base_rate = session.study.store, session.found.base_rate
    rows = _frame(list(recorded([store], base_rate, set(runs["run_id"]))))
    return runs[["case", "run_id"]].merge(rows, on="run_id", how="left")


def _bindings(given):
    """Overrides as the `bindings` and the `values` of gin_files.resolve."""
    if isinstance(given, str):
        return split_bindings(given), {}
    names = list(given)
    for name in names:
        if not isinstance(name, str):
            raise BadInput(
                f"overrides: {name!r}: expected the name of a parameter, or name = value"
            )
    if not isinstance(given, dict):
        return names, {}
    return [], {name: _plain(value) for name, value in given.items()}


def _plain(value):
    """A number of numpy as one of Python, which configurations want; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _frame(found, settings=False):
    """(RunRecord, `run_row`) of some runs as the DataFrame of `load_runs`."""
    found = sorted(found, key=lambda pair: order(pair[1]))
    rows = []
    for record, row in found:
        more = flat(record.config) if settings else {}
        rows.append(row | dict(sorted(record.metrics.items())) | more)
    frame = pd.DataFrame(rows, columns=None if rows else [*RUN_COLUMNS]).rename(columns=COLUMNS)
    numbers = [*NUMBERS, *(name for name in frame if "/" in name)]
    return frame.astype(dict.fromkeys(numbers, float))


def _curves(path):
    """The curves of a record's file, with its id and the columns of the reported tasks."""
    store = Store(path.parent.parent, writable=False)
    record = ended(store, path)
    curves = store.curves(record).assign(run_id=record.run_id)
    for metric in ("auc", "rmse"):
        name = reported(curves, metric)
        curves[metric] = np.nan if name is None else curves[name]
    return curves

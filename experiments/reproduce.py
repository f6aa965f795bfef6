"""`make reproduce-table2`: from a profile to the table on disk."""

import contextlib

from experiments.artefacts import table2, tables
from experiments.gin_files import named_file, resolve
from experiments.run.config import DEFAULT_DATA_SEED
from experiments.run.cost import seconds_of
from experiments.run.record import Store, check_folder, results_folder, write_whole
from experiments.study import calibration
from experiments.study.execution import Study
from experiments.study.progress import Display
from experiments.study.table2 import Protocol

STUDY = ("Table2Config", "CalibrationConfig", "DivergenceConfig")


def reproduce(*, profile, data_seed, repeats, results, cache, workers):
    """Runs what is missing of Table 2 and writes its artefacts.

    Args:
      profile: name of a profile.
      data_seed: seed of the stream, or None for the default.
      repeats: run seeds of each chosen setting, or None for the study's own number.
      results: folder of all results.
      cache: folder of the generated days.
      workers: worker processes.
    Returns: the table as text.
    Raises: BadInput, RunsCrashed.
    """
    named_file("profiles", profile)
    bindings = [] if repeats is None else [f"Table2Config.repeats = {repeats}"]
    table, edge, divergence = resolve([named_file("studies", "table2")], bindings, STUDY)
    data_seed = DEFAULT_DATA_SEED if data_seed is None else data_seed
    check_folder(cache, "cache folder")
    display = Display(divergence, workers)

    def study_of(seed):
        return Study.open(Store(results_folder(results, profile, seed)), cache, workers, display)

    with display, study_of(data_seed) as study:
        protocol = Protocol(table, profile, data_seed, study)
        # The calibration is of the profile, whichever data seed is judged: one for all of them.
        own = data_seed == DEFAULT_DATA_SEED
        with contextlib.nullcontext(study) if own else study_of(DEFAULT_DATA_SEED) as design:
            _announce(protocol, design, edge, profile, divergence, display)
            found = calibration.calibrate(edge, profile, design, divergence)
        runs, optimal = protocol.run(found.base_rate, divergence, display)
        return write(study.store.root, table, runs, optimal, found)


def _announce(protocol, study, edge, profile, divergence, display):
    """Says what the whole study may take, as far as its records tell."""
    configs, found = calibration.planned(edge, profile, study, divergence)
    missing = [config for config in configs if not study.is_done(config)]
    at_most = "" if found else "at most "
    base_rate = found.base_rate if found else edge.first_rate
    runs, done, seconds = protocol.plan(base_rate, divergence)
    display.begin(
        f"Table 2, profile {profile}, calibration of {at_most}{len(configs)} runs and {runs} more",
        len(configs) + runs,
        len(configs) - len(missing) + (done if found else 0),
        sum(map(seconds_of, missing)) + seconds,
    )


def write(folder, table, runs, optimal, found):
    """Writes table2.{csv,md,tex} and table2_runs.csv.

    Args:
      folder: results folder.
      table: Table2Config.
      runs, optimal: from Protocol.run.
      found: calibration.Calibration.
    Returns: table2.md as text.
    """
    frame = table2.table_frame(runs, table.untreated)
    optimal = {metric: value * table2.SCALE[metric] for metric, value in optimal.items()}
    untreated = table2.untreated_counts(runs, table.untreated)
    text = tables.markdown(frame, optimal) + tables.notes(untreated, table, found)
    parts = {
        "table2.csv": frame.to_csv(index=False, lineterminator="\n"),
        "table2_runs.csv": runs.to_csv(index=False, lineterminator="\n"),
        "table2.md": text,
        "table2.tex": tables.latex(frame, optimal),
    }
    for name, content in parts.items():
        write_whole(folder / name, content.encode())
    return text

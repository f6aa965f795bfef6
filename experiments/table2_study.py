"""`make reproduce-table2`: from a profile to the table on disk."""

from experiments import calibration, table2, tables
from experiments.config import DEFAULT_DATA_SEED
from experiments.cost import seconds_of
from experiments.gin_files import named_file, resolve
from experiments.grid import run_config
from experiments.progress import Display
from experiments.record import Store, results_folder, write_whole
from experiments.study import Study

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
    store = Store(results_folder(results, profile, data_seed))
    display = Display(store, divergence, workers)
    with Study.open(store, cache, workers, display) as study:
        protocol = Protocol(table, profile, data_seed, study)
        _announce(protocol, study, edge, profile, divergence, display)
        found = calibration.calibrate(edge, profile, study, divergence)
        runs, optimal = protocol.run(found.base_rate, divergence, display)
    return write(store.root, table, runs, optimal, found)


class Protocol:
    """Search, choice and repeats of Table 2 (sections 5.1.2, 5.1.3 and 5.2).

    Args:
      table: Table2Config.
      profile: name of the profile.
      data_seed: seed of the stream.
      study: Study.
    """

    def __init__(self, table, profile, data_seed, study):
        self._table, self._profile, self._data_seed = table, profile, data_seed
        self._study = study

    def plan(self, base_rate, divergence):
        """(runs, done, predicted seconds of the others), as far as known.

        Until the search has ended, what it will choose is not known; its number of repeats and
        their cost are.

        Args:
          base_rate: the learning rate called 1x.
          divergence: DivergenceConfig.
        """
        search = table2.search_jobs(self._table)
        configs = self._configs(search, base_rate)
        if all(map(self._study.is_done, configs)):
            repeats = self._repeats(search, base_rate, divergence)
        else:
            repeats = table2.likely_repeats(self._table)
        configs += self._configs(repeats, base_rate)
        missing = [config for config in configs if not self._study.is_done(config)]
        return len(configs), len(configs) - len(missing), sum(map(seconds_of, missing))

    def run(self, base_rate, divergence, display):
        """Runs the protocol.

        Args:
          base_rate: the learning rate called 1x.
          divergence: DivergenceConfig.
          display: progress.Display.
        Returns: (runs, optimal): table2.runs_frame of all jobs, and the Bayes-optimal value of
          each metric in the units of the table.
        """
        display.begin("Table 2: search and repeats", *self.plan(base_rate, divergence))
        search = table2.search_jobs(self._table)
        repeats = self._repeats(search, base_rate, divergence)
        return self._frame(search + repeats, base_rate, divergence)

    def _repeats(self, search, base_rate, divergence):
        searched, _ = self._frame(search, base_rate, divergence)
        return table2.repeat_jobs(self._table, table2.choose(searched))

    def _configs(self, jobs, base_rate):
        return [
            run_config(
                self._profile,
                job.setting.model,
                job.setting.method,
                learning_rate=job.setting.rate_multiple * base_rate,
                data_seed=self._data_seed,
                run_seed=job.seed,
                threshold=job.setting.threshold,
            )
            for job in jobs
        ]

    def _frame(self, jobs, base_rate, divergence):
        records = self._study.execute(self._configs(jobs, base_rate))
        runs = table2.runs_frame(jobs, records, self._study.store, divergence)
        optimal = {
            metric: records[0].optimal[key] * table2.SCALE[metric]
            for metric, key in table2.METRICS.items()
        }
        return runs, optimal


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

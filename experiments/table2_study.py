"""`make reproduce-table2`: from a profile to the table on disk."""

from experiments import calibration, table2, tables
from experiments.cost import seconds_of
from experiments.gin_files import named_file, resolve
from experiments.grid import run_config
from experiments.progress import Display
from experiments.record import Store, write_whole
from experiments.study import Study

STUDY = ("Table2Config", "CalibrationConfig", "DivergenceConfig")


def reproduce(*, profile, data_seed, repeats, folder, cache, workers):
    """Runs what is missing of Table 2 and writes its artefacts.

    Args:
      profile: name of a profile.
      data_seed: seed of the stream.
      repeats: run seeds of each chosen setting, or None for the study's own number.
      folder: results folder of this profile and data seed.
      cache: folder of the generated days.
      workers: worker processes.
    Returns: the table as text.
    Raises: BadInput, RunsCrashed.
    """
    named_file("profiles", profile)
    bindings = [] if repeats is None else [f"Table2Config.repeats = {repeats}"]
    table, edge, divergence = resolve([named_file("studies", "table2")], bindings, STUDY)
    store = Store(folder)
    display = Display(store, divergence, workers)
    with Study.open(store, cache, workers, display) as study:
        protocol = Protocol(table, profile, data_seed, study)
        _announce(protocol, study, edge, profile, display)
        found = calibration.calibrate(edge, profile, study, divergence)
        runs, optimal = protocol.run(found.base_rate, divergence, display)
    return write(folder, table, runs, optimal, found)


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

    def predicted(self, base_rate=1.0):
        """(runs, done, predicted seconds of the others), as far as known before the search.

        What the search will choose is not known yet, but a repeat costs what its model costs.

        Args:
          base_rate: the learning rate called 1x; any number will do for the cost alone.
        """
        search = self._configs(table2.search_jobs(self._table), base_rate)
        likely = self._configs(table2.likely_repeats(self._table), base_rate)
        configs = search + likely
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
        display.begin("Table 2: search and repeats", *self.predicted(base_rate))
        search = table2.search_jobs(self._table)
        chosen = table2.choose(self._frame(search, base_rate, divergence)[0])
        repeats = table2.repeat_jobs(self._table, chosen)
        return self._frame(search + repeats, base_rate, divergence)

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


def _announce(protocol, study, edge, profile, display):
    """Says what the whole study may take; the calibration usually stops long before its end."""
    configs = [
        config for rate in edge.grid() for config in calibration.configs_at(edge, profile, rate)
    ]
    runs, _, table_s = protocol.predicted()
    missing = [config for config in configs if not study.is_done(config)]
    display.begin(
        f"Table 2, profile {profile}: calibration (at most {len(configs)} runs), then {runs} more",
        len(configs) + runs,
        len(configs) - len(missing),
        sum(map(seconds_of, missing)) + table_s,
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

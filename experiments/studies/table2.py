"""The protocol of Table 2: search, choice, repeats."""

from experiments.machinery.cost.cost import seconds_of
from experiments.studies import selection
from experiments.studies.grid import run_config
from experiments.studies.rows import METRICS


class Table2Study:
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
        search = selection.search_jobs(self._table)
        configs = self._configs(search, base_rate)
        if all(map(self._study.is_done, configs)):
            repeats = self._repeats(search, base_rate, divergence)
        else:
            repeats = selection.likely_repeats(self._table)
        configs += self._configs(repeats, base_rate)
        missing = [config for config in configs if not self._study.is_done(config)]
        return len(configs), len(configs) - len(missing), sum(map(seconds_of, missing))

    def run(self, base_rate, divergence, display):
        """Runs the protocol.

        Args:
          base_rate: the learning rate called 1x.
          divergence: DivergenceConfig.
          display: progress.Display.
        Returns: (runs, optimal): selection.runs_frame of all jobs with `chosen`, and the
          Bayes-optimal value of each metric.
        """
        display.begin("Table 2: search and repeats", *self.plan(base_rate, divergence))
        search = selection.search_jobs(self._table)
        repeats = self._repeats(search, base_rate, divergence)
        runs, optimal = self._frame(search + repeats, base_rate, divergence)
        return selection.mark_chosen(runs), optimal

    def recorded(self, base_rate, divergence, display):
        """The runs of `run` if every one of them has a record, else None; nothing is run."""
        runs, done, _ = self.plan(base_rate, divergence)
        return self.run(base_rate, divergence, display)[0] if done == runs else None

    def _repeats(self, search, base_rate, divergence):
        searched, _ = self._frame(search, base_rate, divergence)
        return selection.repeat_jobs(self._table, selection.choose(searched))

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
        runs = selection.runs_frame(jobs, records, self._study.store, divergence)
        optimal = {metric: records[0].optimal[key] for metric, key in METRICS.items()}
        return runs, optimal

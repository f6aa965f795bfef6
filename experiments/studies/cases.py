"""Studies of cases in one setting: Table 3, the fixes of section 3.2, what a person compares."""

import numpy as np

from experiments.errors import BadInput
from experiments.machinery.cost.cost import seconds_of
from experiments.studies.grid import joined, run_config
from experiments.studies.rows import frame_of, run_row


class CasesStudy:
    """Runs the cases of one study.

    Args:
      config: CasesConfig.
      profile: name of the profile.
      data_seed: seed of the stream.
      study: Study.
    """

    def __init__(self, config, profile, data_seed, study):
        self._config, self._study = config, study
        self._profile, self._data_seed = profile, data_seed

    def plan(self, base_rate):
        """(runs, done, predicted seconds of the others)."""
        jobs = self.jobs(base_rate)
        missing = {
            config.run_id: config
            for _, case, config in jobs
            if not self._study.is_done(config, self._config.telemetry if case.measured else None)
        }
        done = sum(config.run_id not in missing for _, _, config in jobs)
        return len(jobs), done, sum(map(seconds_of, missing.values()))

    def run(self, base_rate, divergence, display):
        """Runs what is missing.

        Args:
          base_rate: the learning rate called 1x.
          divergence: DivergenceConfig.
          display: progress.Display.
        Returns: DataFrame, one row a run: case, model, method, threshold, rate_multiple and the
          columns of rows.run_row.
        """
        display.begin(self._config.title, *self.plan(base_rate))
        jobs = self.jobs(base_rate)
        records = self._execute(jobs)
        rows = [
            {
                "case": name,
                "model": case.model,
                "method": case.method,
                "threshold": case.threshold,
                "rate_multiple": case.rate_multiple,
            }
            | run_row(record, self._study.store.curves(record), divergence)
            for (name, case, config) in jobs
            for record in [records[config.run_id]]
        ]
        return frame_of(rows)

    def recorded(self, base_rate, divergence, display):
        """What `run` returns if every run has a record, else None. Nothing is run."""
        runs, done, _ = self.plan(base_rate)
        return self.run(base_rate, divergence, display) if done == runs else None

    def jobs(self, base_rate):
        """Every run as (name of the case, Case, RunConfig), in a list.

        Args:
          base_rate: the learning rate called 1x.
        """
        return [
            (name, case, case_run(case, self._profile, self._data_seed, base_rate, seed))
            for name, case in self._config.cases.items()
            for seed in range(case.runs or self._config.runs)
        ]

    def _execute(self, jobs):
        """The records of all jobs by run id; those that are measured have their telemetry."""
        records = []
        for measured in (True, False):
            configs = [config for _, case, config in jobs if case.measured == measured]
            telemetry = self._config.telemetry if measured else None
            records += self._study.execute(configs, telemetry)
        return {record.run_id: record for record in records}


def check_cases(config, profile, where):
    """Resolves every case once, so that a mistake is reported before anything runs.

    Args:
      config: CasesConfig.
      profile: name of the profile.
      where: the file of the study.
    Raises: BadInput naming the file and the case.
    """
    for name, case in config.cases.items():
        try:
            case_run(case, profile, data_seed=0, base_rate=1.0, run_seed=0)
        except BadInput as error:
            said = str(error).removeprefix("command line: ")
            raise BadInput(f"{where}: CasesConfig.cases[{name!r}]: {said}") from error


def case_run(case, profile, data_seed, base_rate, run_seed):
    """The RunConfig of one run of a case.

    Args:
      case: Case.
      profile: name of the profile.
      data_seed, run_seed: see RunConfig.
      base_rate: the learning rate called 1x.
    Raises: BadInput as `run_config`.
    """

    def build(values):
        return run_config(
            profile,
            case.model,
            case.method,
            learning_rate=case.rate_multiple * base_rate,
            data_seed=data_seed,
            run_seed=run_seed,
            threshold=case.threshold,
            values=values,
        )

    return build(case_values(case, build(case.values).stream, run_seed))


def case_values(case, stream, run_seed):
    """What one run of a case binds: dict from a gin parameter or a macro to its value.

    Args:
      case: Case.
      stream: StreamConfig of the profile under the case's own values.
      run_seed: the k-th run has the k-th of `case.shock_at`, in turn.
    """
    own = {}
    if case.features == "not_heavy":
        own["ModelConfig.dense_kept"] = tuple(np.flatnonzero(~stream.heavy).tolist())
    if case.shock_at:
        share = case.shock_at[run_seed % len(case.shock_at)]
        day = min(int(share * (stream.days - 1)), stream.days - 2)
        own |= {"Shocks.days": (day,), "LabelShocks.days": (day,)}
    return joined(case.values, own)

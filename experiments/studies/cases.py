"""Studies that compare cases of one setting: Table 3, the fixes of section 3.2, any ablation."""

import functools

import numpy as np

from experiments.errors import BadInput
from experiments.machinery.cost.cost import seconds_of
from experiments.studies.grid import run_config
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
        jobs = self._jobs(base_rate)
        missing = {
            config.run_id: config
            for _, case, config in jobs
            if not self._study.is_done(config, self._telemetry(case))
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
          columns of frames.run_row.
        """
        display.begin(self._config.title, *self.plan(base_rate))
        jobs = self._jobs(base_rate)
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
        """What `run` returns if every run has a record, else None; nothing is run."""
        runs, done, _ = self.plan(base_rate)
        return self.run(base_rate, divergence, display) if done == runs else None

    def _telemetry(self, case):
        return self._config.telemetry if case.measured else None

    def _execute(self, jobs):
        """The records of all jobs by run id; those that are measured have their telemetry."""
        records = []
        for measured in (True, False):
            configs = [config for _, case, config in jobs if case.measured == measured]
            telemetry = self._config.telemetry if measured else None
            records += self._study.execute(configs, telemetry)
        return {record.run_id: record for record in records}

    def _jobs(self, base_rate):
        return [
            (name, case, self._run_config(case, base_rate, seed))
            for name, case in self._config.cases.items()
            for seed in range(case.runs or self._config.runs)
        ]

    def _run_config(self, case, base_rate, seed):
        build = functools.partial(
            run_config,
            self._profile,
            case.model,
            case.method,
            learning_rate=case.rate_multiple * base_rate,
            data_seed=self._data_seed,
            run_seed=seed,
            threshold=case.threshold,
        )
        stream = build(bindings=case.set).stream
        return build(bindings=case_bindings(case, stream, seed))


def check_cases(config, profile, where):
    """Resolves every case once, so that a mistake is reported before anything runs.

    Args:
      config: CasesConfig.
      profile: name of the profile.
      where: the file of the study.
    Raises: BadInput naming the file and the case.
    """
    study = CasesStudy(config, profile, data_seed=0, study=None)
    for name, case in config.cases.items():
        try:
            study._run_config(case, base_rate=1.0, seed=0)
        except BadInput as error:
            said = str(error).removeprefix("command line: ")
            raise BadInput(f"{where}: CasesConfig.cases[{name!r}]: {said}") from error


def case_bindings(case, stream, seed):
    """The gin bindings of one run of a case, as a tuple of text.

    Args:
      case: protocol.Case.
      stream: StreamConfig of the profile under the case's own bindings.
      seed: run seed.
    """
    bindings = case.set
    if case.features == "not_heavy":
        kept = tuple(np.flatnonzero(~stream.heavy).tolist())
        bindings += (f"ModelConfig.dense_kept = {kept}",)
    if case.shock_at:
        share = case.shock_at[seed % len(case.shock_at)]
        day = min(int(share * (stream.days - 1)), stream.days - 2)
        bindings += (f"Shocks.days = ({day},)", f"LabelShocks.days = ({day},)")
    return bindings

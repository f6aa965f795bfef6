"""Studies of cases in one setting: Table 3, the fixes of section 3.2, what a person compares."""

import re

import numpy as np

from experiments.errors import BadInput
from experiments.machinery.gin_files import place_of
from experiments.studies.rows import runs_frame
from experiments.studies.settings import joined, outlook, setting_config
from experiments.training.curvature import check_curvature


def plan_cases(config, session):
    """(runs, done, predicted seconds of the others) of a CasesConfig in a session.Session."""
    jobs = case_jobs(config, session)
    asked = [(run, config.telemetry if case.measured else None) for _, case, run in jobs]
    return outlook(session.study, asked)


def run_cases(config, session):
    """Runs what is missing of a study; cases that are measured get telemetry.

    Where a CasesConfig has a CurvatureConfig the curvature of every run is measured as well.

    Returns: DataFrame, one row a run: case, model, method, threshold, rate_multiple and the
      columns of rows.run_row.
    """
    session.display.begin(config.title, *plan_cases(config, session))
    jobs, records = case_jobs(config, session), {}
    for measured, telemetry in ((True, config.telemetry), (False, None)):
        runs = [run for _, case, run in jobs if case.measured == measured]
        records |= {record.run_id: record for record in session.study.execute(runs, telemetry)}
    if config.curvature is not None:
        runs = [run for *_, run in jobs]
        left = outlook(session.study, [(run, config.curvature) for run in runs])
        session.display.begin(f"{config.title}: curvature", *left, config.curvature)
        session.study.execute(runs, config.curvature)
    shown = ("model", "method", "threshold", "rate_multiple")
    heads = [{"case": name} | {one: getattr(case, one) for one in shown} for name, case, _ in jobs]
    return runs_frame(heads, [records[run.run_id] for *_, run in jobs], session)


def case_jobs(config, session):
    """Every run of a CasesConfig as (name of the case, Case, RunConfig), in a list."""
    rate = session.found.base_rate
    return [
        (name, case, case_run(case, session.profile, session.data_seed, rate, seed))
        for name, case in config.cases.items()
        for seed in range(case.runs or config.runs)
    ]


def check_cases(config, profile, file):
    """Resolves every case once: BadInput, with its place in `file`, before anything runs."""
    for name, case in config.cases.items():
        try:
            run = case_run(case, profile, data_seed=0, base_rate=1.0, run_seed=0)
            if config.curvature is not None:
                check_curvature(run.method)
        except ValueError as error:
            said = str(error).removeprefix("command line: ")
            about = said.split()[0]
            words = {about, about.lower(), *re.findall("'([^']*)'", said)}
            place = place_of(file, "CasesConfig", words, {name, *config.crossed, *config.zipped})
            raise BadInput(f"{place}: case {name!r}: {said}") from error


def case_run(case, profile, data_seed, base_rate, run_seed):
    """The RunConfig of one run of a Case; the other arguments are those of setting_config."""
    where = profile, data_seed, base_rate, run_seed
    stream = setting_config(case, *where, case.values).stream
    return setting_config(case, *where, case_values(case, stream, run_seed))


def case_values(case, stream, run_seed):
    """What one run of a case binds: dict from a gin parameter or a macro to its value.

    `stream` is that of the profile under the case's own values. The k-th run seed has the k-th of
    `case.shock_at`, in turn.
    """
    own = {}
    if case.features == "not_heavy" and stream.heavy is None:
        expected = "'all' on a log, which does not say which features have heavy tails"
        raise BadInput(f"features = 'not_heavy': expected {expected}")
    if case.features == "not_heavy":
        own["ModelConfig.dense_kept"] = tuple(np.flatnonzero(~stream.heavy).tolist())
    if case.shock_at:
        share = case.shock_at[run_seed % len(case.shock_at)]
        day = min(int(share * (stream.days - 1)), stream.days - 2)
        own |= {f"{type(part).__name__}.days": (day,) for part in stream.known_shocks.values()}
    return joined(case.values, own)

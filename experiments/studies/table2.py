"""The protocol of Table 2: search, choice, repeats (sections 5.1.2, 5.1.3 and 5.2)."""

from experiments.studies import selection
from experiments.studies.rows import reported_of, runs_frame
from experiments.studies.settings import outlook, setting_config


def plan_table2(table, session):
    """(runs, done, predicted seconds of the others) of a Table2Config, as far as known.

    Until the search has ended, what it will choose is not known; its number of repeats and their
    cost are.
    """
    search = selection.search_jobs(table)
    configs = _configs(search, session)
    if all(map(session.study.is_done, configs)):
        repeats = _repeats(table, search, session)
    else:
        repeats = selection.likely_repeats(table)
    configs += _configs(repeats, session)
    return outlook(session.study, [(config, None) for config in configs])


def run_table2(table, session):
    """Runs what is missing of the protocol.

    Returns: (runs, optimal): a DataFrame, one row a run, with model, method, threshold,
      rate_multiple, role ("search" or "repeat"), the columns of rows.run_row and `chosen`; and the
      Bayes-optimal value of each metric.
    """
    session.display.begin("Table 2: search and repeats", *plan_table2(table, session))
    search = selection.search_jobs(table)
    repeats = _repeats(table, search, session)
    runs, records = _runs(search + repeats, session)
    optimal = reported_of(records[0].optimal, records[0].config)
    return selection.mark_chosen(runs), optimal


def _repeats(table, search, session):
    searched, _ = _runs(search, session)
    return selection.repeat_jobs(table, selection.choose(searched))


def _configs(jobs, session):
    where = session.profile, session.data_seed, session.found.base_rate
    return [setting_config(job.setting, *where, job.seed) for job in jobs]


def _runs(jobs, session):
    records = session.study.execute(_configs(jobs, session))
    heads = [job.setting._asdict() | {"role": job.role} for job in jobs]
    return runs_frame(heads, records, session), records

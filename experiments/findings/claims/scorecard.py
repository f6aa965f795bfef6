"""The scorecard: every claim decided on a table of runs, for one data seed or over several."""

from functools import partial

from experiments.findings import dynamics as telemetry
from experiments.findings.claims import (
    adam,
    curvature,
    dynamics,
    quality,
    rates,
    ratios,
    shocks,
    spread,
)
from experiments.findings.claims.catalogue import CLAIMS
from experiments.findings.claims.outcome import INCONCLUSIVE, NOT_RUN, not_run
from experiments.findings.claims.quantities import MissingRuns

LEAST_DATA_SEEDS = 3  # for a pooled verdict
COLUMNS = [  # those that are read; others may be there
    "data_seed", "study", "case", "role", "model", "method", "rate_multiple", "chosen", "seed",
    "auc", "rmse", "early_auc", "label", "onset_day", "shock_day", "x", "window_days", "run_id",
    *telemetry.COLUMNS,
]  # fmt: skip
WITHOUT_RUNS = ("C28",)  # decided by a simulation of its own, once for all data seeds
LABELS = ("healthy", "micro", "damaged", "untrained", "full")  # kinds of divergence.Label

_TABLE3 = partial(ratios.is_below, study="table3")
RULES = {  # by id; a claim without a rule has no records yet
    "C01": rates.naive_diverges,
    "C02": partial(rates.best_at, method="gc", models=("small", "large"), best=2.0, other=1.0),
    "C03": rates.gc_needs_1x,
    "C04": rates.agc_loses_at_2x,
    "C05": spread.agc_varies,
    "C06": partial(rates.best_at, method="lamb", models=rates.MODELS, best=1.0, other=2.0),
    "C07": quality.lamb_is_worst,
    "C08": partial(rates.best_at, method="clippy", models=rates.MODELS, best=2.0, other=1.0),
    "C09": quality.clippy_is_comparable,
    "C10": quality.clippy_beats_gc,
    "C11": quality.clippy_has_best_auc,
    "C12": quality.clippy_has_best_rmse,
    "C13": quality.gap_grows,
    "C14": quality.quality_rises,
    "C15": spread.clippy_varies_least,
    "C16": ratios.clean_diverges,
    "C17": ratios.changes_help,
    "C18": partial(_TABLE3, lower="two_tasks_removed", higher="one_task_removed"),
    "C19": partial(_TABLE3, lower="smaller_model", higher="no_dcn"),
    "C20": dynamics.found_in_a_run,
    "C21": dynamics.gradient_rises_and_vanishes,
    "C22": dynamics.update_is_most_sensitive,
    "C23": dynamics.clippy_is_far_below,
    "C24": dynamics.only_clippy_clips_classification,
    "C25": partial(dynamics.clippy_is_far_below, layers=(dynamics.BOTTOM, dynamics.REGRESSION)),
    "C26": dynamics.lower_layers_are_clipped_more,
    "C27": dynamics.micro_recovers_full_does_not,
    "C28": curvature.descent_has_an_edge,
    "C29": ratios.warmup_stops_sufficing,
    "C30": ratios.window_helps,
    "C31": shocks.shocks_bring_divergence,
    "C32": partial(ratios.is_below, study="objectives", lower="one_task", higher="six_tasks"),
    "C34": adam.clippy_helps_adam,
}


def evaluate(runs):
    """Decides every claim on the runs of one data seed.

    Args:
      runs: DataFrame, one row a run, with COLUMNS. AUC from 0 to 1, NaN where undefined; `chosen`
        marks the rate that Table 2 prints; `x` is the swept length of a warmup or a
        window, in days. Only rows of role "repeat" are read: what has chosen must not judge.
    Returns: list of dicts in the order of the claims: id, text, source, verdict, statistic,
      interval, n, paper, data_seed, run_ids, reason; fit for strict JSON. See outcome.Outcome.
    Raises: ValueError if a column is missing, a label is unknown, a cell has a seed twice, or there
      is more than one data seed.
    """
    repeats = _repeats(runs)
    data_seeds = _data_seeds(repeats)
    if len(data_seeds) > 1:
        raise ValueError(f"runs: one data seed is allowed, got {data_seeds}")
    data_seed = data_seeds[0] if data_seeds else None
    return [_entry(claim, _outcome(claim, repeats), data_seed) for claim in CLAIMS]


def evaluate_pooled(runs):
    """Decides every claim over all data seeds, each beside its own verdict.

    Args:
      runs: as for evaluate, of any number of data seeds.
    Returns: as evaluate, with `data_seed` the list of those that have the runs of the claim, and
      `per_data_seed`, a dict from every data seed, as text, to its own verdict. With fewer than
      LEAST_DATA_SEEDS the figures are given and the verdict is "inconclusive".
    """
    repeats = _repeats(runs)
    rows = {seed: repeats[repeats["data_seed"] == seed] for seed in _data_seeds(repeats)}
    return [_pooled_entry(claim, rows, repeats) for claim in CLAIMS]


def _pooled_entry(claim, rows, repeats):
    per_data_seed = {seed: _outcome(claim, rows[seed]).verdict for seed in rows}
    if claim.id in WITHOUT_RUNS:
        return _with_seeds(_entry(claim, _outcome(claim, repeats), []), per_data_seed)
    used = [seed for seed, verdict in per_data_seed.items() if verdict != NOT_RUN]
    if not used:
        outcome = not_run(_outcome(claim, repeats).reason)
    else:
        outcome = _outcome(claim, repeats[repeats["data_seed"].isin(used)])
        if len(used) < LEAST_DATA_SEEDS and outcome.verdict != NOT_RUN:
            few = f"{len(used)} of {LEAST_DATA_SEEDS} data seeds needed"
            outcome = outcome._replace(verdict=INCONCLUSIVE, reason=f"{few}; {outcome.reason}")
    return _with_seeds(_entry(claim, outcome, used), per_data_seed)


def _with_seeds(entry, per_data_seed):
    return {**entry, "per_data_seed": {str(seed): kind for seed, kind in per_data_seed.items()}}


def _outcome(claim, repeats):
    if claim.id not in RULES:
        return not_run("no records of it exist yet")
    try:
        return RULES[claim.id](repeats)
    except MissingRuns as missing:
        return not_run(str(missing))


def _entry(claim, outcome, data_seed):
    return {
        "id": claim.id,
        "text": claim.text,
        "source": claim.source,
        "verdict": outcome.verdict,
        "statistic": outcome.statistic,
        "interval": outcome.interval,
        "n": outcome.n,
        "paper": claim.paper,
        "data_seed": data_seed,
        "run_ids": outcome.run_ids,
        "reason": outcome.reason,
    }


def _data_seeds(repeats):
    return sorted(int(seed) for seed in repeats["data_seed"].unique())


def _repeats(runs):
    """The rows that may decide, checked."""
    missing = [column for column in COLUMNS if column not in runs.columns]
    if missing:
        raise ValueError(f"runs: columns {', '.join(missing)} are missing")
    repeats = runs[runs["role"] == "repeat"]
    strange = repeats.loc[~repeats["label"].isin(LABELS), "label"]
    if len(strange):
        raise ValueError(f"runs: label {strange.iloc[0]!r}; allowed are {', '.join(LABELS)}")
    return repeats

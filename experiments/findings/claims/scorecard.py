"""The scorecard: every claim decided on a table of runs, for one data seed or over several."""

from experiments.findings import curvature as steepness
from experiments.findings import dynamics as telemetry
from experiments.findings.claims import (  # noqa: F401  each enters its claims in CLAIMS
    curvature,
    dynamics,
    quality,
    rates,
    ratios,
    translation,
)
from experiments.findings.claims.catalogue import CLAIMS
from experiments.findings.claims.outcome import INCONCLUSIVE, NOT_RUN, Outcome
from experiments.findings.claims.quantities import LEAST_DATA_SEEDS, MissingRuns

COLUMNS = [  # those that are read; others may be there
    "data_seed", "study", "case", "role", "model", "method", "rate_multiple", "chosen", "seed",
    "auc", "rmse", "early_auc", "label", "onset_day", "shock_day", "x", "window_days", "run_id",
    "error_rate",
    *telemetry.COLUMNS, *steepness.COLUMNS,
]  # fmt: skip
KEYS = ("id", "text", "source", "verdict", "statistic", "interval", "n", "paper", "data_seed")
KEYS += ("run_ids", "reason")  # of an entry of the scorecard
# Decided once for all data seeds: by a simulation of its own, and on a corpus, which has no seed.
WITHOUT_DATA_SEEDS = ("C28", "C35")
LABELS = ("healthy", "micro", "damaged", "untrained", "full")  # kinds of divergence.Label


def evaluate(runs):
    """Decides every claim on the runs of one data seed.

    Args:
      runs: DataFrame, one row a run, with COLUMNS. AUC from 0 to 1, NaN where undefined; `chosen`
        marks the rate that Table 2 prints; `x` is the swept length of a warmup or a window, in
        days. Only rows of role "repeat" are read: the runs that chose a setting do not judge it.
    Returns: list of dicts with KEYS in the order of the claims, fit for strict JSON.
    Raises: ValueError if a column is missing, a label is unknown, a cell has a seed twice, or there
      is more than one data seed.
    """
    repeats = _repeats(runs)
    data_seeds = _data_seeds(repeats)
    if len(data_seeds) > 1:
        raise ValueError(f"runs: data seeds {data_seeds}: expected one data seed")
    data_seed = data_seeds[0] if data_seeds else None
    return [
        _entry(claim, _outcome(claim, repeats), data_seed) for _, claim in sorted(CLAIMS.items())
    ]


def evaluate_pooled(runs):
    """Decides every claim over all data seeds, each beside its own verdict.

    With fewer than LEAST_DATA_SEEDS the figures are given and the verdict is "inconclusive". Where
    all data seeds reproduce a claim, or all contradict it, that is the verdict.

    Returns: as evaluate, with `data_seed` the list of those that have the runs of the claim, and
      `per_data_seed`, a dict from every data seed, as text, to its own verdict.
    """
    repeats = _repeats(runs)
    rows = {seed: repeats[repeats["data_seed"] == seed] for seed in _data_seeds(repeats)}
    entries = []
    for _, claim in sorted(CLAIMS.items()):
        own = {seed: _outcome(claim, mine).verdict for seed, mine in rows.items()}
        used = [seed for seed, verdict in own.items() if verdict != NOT_RUN]
        used = [] if claim.id in WITHOUT_DATA_SEEDS else used
        outcome = _outcome(claim, repeats[repeats["data_seed"].isin(used)] if used else repeats)
        if used and outcome.verdict != NOT_RUN:
            outcome = _beside(outcome, [own[seed] for seed in used])
        each = {str(seed): verdict for seed, verdict in own.items()}
        entries.append(_entry(claim, outcome, used) | {"per_data_seed": each})
    return entries


def _beside(outcome, own):
    """The pooled outcome of a claim, held against the verdicts of its data seeds."""
    if len(own) < LEAST_DATA_SEEDS:
        verdict, why = INCONCLUSIVE, f"{len(own)} of {LEAST_DATA_SEEDS} data seeds needed"
    elif len(set(own)) == 1 and own[0] != INCONCLUSIVE:
        verdict, why = own[0], f"{own[0]} on every data seed"
    else:
        return outcome
    return outcome._replace(verdict=verdict, reason=f"{why}; {outcome.reason}")


def _outcome(claim, repeats):
    try:
        return claim.rule(repeats)
    except MissingRuns as missing:
        return Outcome(NOT_RUN, None, None, 0, [], str(missing))


def _entry(claim, outcome, data_seed):
    known = claim._asdict() | outcome._asdict() | {"data_seed": data_seed}
    return {key: known[key] for key in KEYS}


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
        expected = ", ".join(LABELS)
        raise ValueError(f"runs: label {strange.iloc[0]!r}: expected one of {expected}")
    return repeats

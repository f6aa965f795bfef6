"""The scorecard as people read it, in Markdown."""

from collections import Counter

from experiments.findings.claims.outcome import NOT_RUN, VERDICTS
from experiments.findings.names import markdown_table

HEADER = (
    "Claim", "What the paper says", "Paper", "Verdict", "Per data seed", "Statistic [95 %]", "n",
)  # fmt: skip
NOTE = (
    "Verdicts are pooled over data seeds. AUC from 0 to 1. Intervals are at 95 %: of differences, "
    "of typical ratios and of ratios of spreads by Student's t over the means of the data seeds, "
    "of shares of runs by Wilson's formula, of differences of such shares by Newcombe's. Where "
    "several intervals decide a claim they are corrected by Holm's method, so that some are wider "
    "than at 95 %; - stands for what is undefined or unbounded. n: runs that decided."
)


def markdown(claims, pooled):
    """The table of what evaluate_pooled returns, with its counts and those of evaluate above it."""
    return (
        f"All data seeds: {_tally(pooled)}.\n\n"
        f"Data seed {claims[0]['data_seed']}: {_tally(claims)}.\n\n"
        f"{markdown_table(HEADER, map(_cells, pooled))}\n{NOTE}\n"
    )


def summary(pooled):
    """The claims that have runs, a row each, with the counts of all verdicts above."""
    run = [claim for claim in pooled if claim["verdict"] != NOT_RUN]
    seeds = sorted({seed for claim in run for seed in claim["per_data_seed"]}, key=int)
    header = ["Claim", "What the paper says", "Pooled", *(f"Data seed {seed}" for seed in seeds)]
    rows = []
    for claim in run:
        each = [claim["per_data_seed"].get(seed, NOT_RUN) for seed in seeds]
        rows.append([claim["id"], _words(claim), f"**{claim['verdict']}**", *each])
    return f"Of {len(pooled)} claims: {_tally(pooled)}.\n\n{markdown_table(header, rows)}"


def _words(claim):
    return f"{claim['text']} ({claim['source']})"


def _tally(claims):
    found = Counter(claim["verdict"] for claim in claims)
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in VERDICTS)


def _cells(claim):
    seeds = (f"{seed}: {verdict}" for seed, verdict in claim["per_data_seed"].items())
    return [
        claim["id"],
        _words(claim),
        "-" if claim["paper"] is None else str(claim["paper"]),
        f"**{claim['verdict']}**",
        "<br>".join(seeds),
        "<br>".join(statistic_lines(claim)),
        str(claim["n"]),
    ]


def statistic_lines(claim):
    """The statistic of a claim with its interval: one text, or one for each of its parts."""
    statistic, interval = claim["statistic"], claim["interval"]
    if isinstance(statistic, dict):
        return [f"{name} {_shown(value, interval[name])}" for name, value in statistic.items()]
    return [_shown(statistic, interval)]


def _shown(value, interval):
    """A value with its interval; "-" stands for what is undefined or unbounded."""
    if interval is None:
        return _number(value)
    return f"{_number(value)} [{_number(interval[0])}, {_number(interval[1])}]"


def _number(value):
    return "-" if value is None else f"{value:.3g}"

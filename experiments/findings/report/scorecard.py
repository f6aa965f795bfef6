"""The claims as the page shows them."""

from collections import Counter
from typing import NamedTuple

from experiments.findings.claims.outcome import NOT_RUN, VERDICTS
from experiments.findings.claims.table import statistic_lines


class Judged(NamedTuple):
    """What one data seed says of a claim; `lines` are its statistic with its interval."""

    data_seed: int
    verdict: str
    lines: list
    n: int
    reason: str


class Row(NamedTuple):
    """One claim; verdict, lines, n and reason are pooled where there is a pooled scorecard."""

    id: str
    text: str
    source: str
    paper: str
    verdict: str
    lines: list
    n: int
    reason: str
    each: list


def scorecard(material):
    """The scorecard: dict of pooled (bool), seeds, rows and counts (by verdict), or None.

    Args:
      material: Material.
    """
    shown = material.pooled or material.claims.get(material.data_seed)
    if not shown:
        return None
    seeds = sorted(material.claims)
    by_seed = {seed: {c["id"]: c for c in found} for seed, found in material.claims.items()}
    rows = [_row(claim, by_seed) for claim in shown]
    found = Counter(row.verdict for row in rows)
    counts = {verdict: found[verdict] for verdict in VERDICTS}
    return {"pooled": bool(material.pooled), "seeds": seeds, "rows": rows, "counts": counts}


def _row(claim, by_seed):
    each = [_judged(seed, claims.get(claim["id"])) for seed, claims in sorted(by_seed.items())]
    return Row(
        id=claim["id"],
        text=claim["text"],
        source=claim["source"],
        paper="-" if claim["paper"] is None else str(claim["paper"]),
        verdict=claim["verdict"],
        lines=statistic_lines(claim),
        n=claim["n"],
        reason=claim["reason"],
        each=each,
    )


def _judged(seed, claim):
    if claim is None:
        return Judged(seed, NOT_RUN, ["-"], 0, "not in the scorecard of this data seed")
    lines = statistic_lines(claim)
    return Judged(seed, claim["verdict"], lines, claim["n"], claim["reason"])

"""The claims as the page shows them."""

from collections import Counter

from experiments.findings.claims.outcome import NOT_RUN, VERDICTS
from experiments.findings.claims.table import statistic_lines

MISSING = {"verdict": NOT_RUN, "n": 0, "statistic": None, "interval": None}
MISSING |= {"reason": "not in the scorecard of this data seed"}


def scorecard(material):
    """The scorecard of a Material, or None without one.

    Returns: dict of pooled (whether the verdicts are over all data seeds), seeds, counts (by
      verdict) and rows: the claims, each with its statistic as `lines` of text, and under `each`
      the same claim in the scorecard of each data seed, which may not have it.
    """
    shown = material.pooled or material.claims.get(material.data_seed)
    if not shown:
        return None
    rows = [claim | {"lines": statistic_lines(claim), "each": []} for claim in shown]
    for data_seed, claims in sorted(material.claims.items()):
        found = {claim["id"]: claim for claim in claims}
        for row in rows:
            claim = found.get(row["id"], MISSING)
            lines = statistic_lines(claim)
            row["each"].append(claim | {"data_seed": data_seed, "lines": lines})
    verdicts = Counter(claim["verdict"] for claim in shown)
    return {
        "pooled": bool(material.pooled),
        "seeds": sorted(material.claims),
        "counts": {verdict: verdicts[verdict] for verdict in VERDICTS},
        "rows": rows,
    }

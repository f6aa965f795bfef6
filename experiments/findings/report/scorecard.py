"""The claims as the page shows them."""

from collections import Counter

from experiments.findings.claims.outcome import NOT_RUN, VERDICTS
from experiments.findings.claims.table import statistic_lines

MISSING = {"verdict": NOT_RUN, "n": 0, "statistic": None, "interval": None}
MISSING |= {"reason": "not in the scorecard of this data seed"}


def scorecard(material):
    """The scorecard of the page, or None without one.

    Args:
      material: Material.
    Returns: dict of pooled (whether the verdicts are over all data seeds), seeds, counts (by
      verdict) and rows: the claims, each with its statistic as `lines` of text, and under `each`
      the same claim in the scorecard of each data seed.
    """
    shown = material.pooled or material.claims.get(material.data_seed)
    if not shown:
        return None
    rows = []
    for claim in shown:
        each = [_of_seed(claim["id"], *judged) for judged in sorted(material.claims.items())]
        rows.append(claim | {"lines": statistic_lines(claim), "each": each})
    found = Counter(claim["verdict"] for claim in shown)
    return {
        "pooled": bool(material.pooled),
        "seeds": sorted(material.claims),
        "counts": {verdict: found[verdict] for verdict in VERDICTS},
        "rows": rows,
    }


def _of_seed(name, data_seed, claims):
    """The claim of this id in the scorecard of a data seed, which may not have it."""
    claim = next((claim for claim in claims if claim["id"] == name), MISSING)
    return claim | {"data_seed": data_seed, "lines": statistic_lines(claim)}

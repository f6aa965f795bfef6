"""The claim on curvature (C33): recorded divergences, and the same runs undisturbed."""

from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import INCONCLUSIVE, by_sides, decided
from experiments.findings.claims.quantities import Figure, MissingRuns, cell, share, typical
from experiments.findings.curvature import EDGE, SHOCKED, STUDY, UNDISTURBED
from experiments.training.curvature import BATCHES

LEAST_DIVERGENCES = 2  # of a data seed: ten over five of them


@claim("C33", "Divergence happens where curvature exceeds 2/rate", "3.2", "2/rate")
def steep_where_it_diverges(runs):
    """Up to step-b the peak of alpha_* times the rate is above 2, and below 2 undisturbed.

    It is on the geometric mean of the peak over divergences, and over the same run seeds without
    shocks, at the same steps, on the batch of the step and on the probe alike. Only pairs count
    whose undisturbed run is healthy. Up to the shock the two runs of a pair are the same. What the
    shocked run reaches from the shock on, whether it is steeper than the other at b, and what
    comes after b are shown and decide nothing.
    """
    pairs = _pairs(runs)
    n, needed = len(pairs), LEAST_DIVERGENCES * runs["data_seed"].nunique()
    if n < needed:
        few = f"{n} divergences with a healthy undisturbed pair; {needed} are needed"
        ids = frozenset(pairs["run_id"]) | frozenset(pairs["run_id_calm"])
        return decided(INCONCLUSIVE, Figure(n, run_ids=ids), few)
    calm = pairs.assign(run_id=pairs["run_id_calm"])
    comparisons, shown = {}, {}
    for name in BATCHES:
        peak, calm_peak = pairs[f"{name}/peak"], pairs[f"{name}/peak_calm"]
        comparisons[f"diverging, {name}"] = typical(peak, pairs).above(EDGE)
        comparisons[f"undisturbed, {name}"] = typical(calm_peak, calm).below(EDGE)
        shown[f"diverging from the shock to b, {name}"] = typical(pairs[f"{name}/struck"], pairs)
        at_b = pairs[f"{name}/at_b"] / pairs[f"{name}/at_b_calm"]
        shown[f"diverging over undisturbed at b, {name}"] = typical(at_b, pairs)
        shown[f"diverging after b, {name}"] = typical(pairs[f"{name}/after"], pairs)
        shown[f"share undisturbed below, {name}"] = share(calm_peak < EDGE, calm[calm_peak.notna()])
    return by_sides(comparisons, shown=shown)


def _pairs(runs):
    """The diverged runs with a b, and of the undisturbed ones of their seeds the same columns."""
    shocked, calm = (cell(runs, STUDY, case=case) for case in (SHOCKED, UNDISTURBED))
    for rows in (shocked, calm):
        if rows[[f"{name}/usual" for name in BATCHES]].isna().all(axis=None):
            raise MissingRuns(f"{STUDY}, case={rows['case'].iloc[0]}: no run has its curvature")
    rows = shocked.join(calm, rsuffix="_calm", how="inner")
    full = (rows["label"] == "full") & rows["curvature_b"].notna()
    return rows[full & (rows["label_calm"] == "healthy")]

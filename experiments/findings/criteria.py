"""What a stream must show on the naive model alone before any method is run on it."""

from typing import NamedTuple

import pandas as pd

from experiments.findings.statistics import described


class Found(NamedTuple):
    """What one criterion found, as text, and whether it is met."""

    text: str
    met: bool


def criteria(runs, limits):
    """Every criterion of every candidate.

    Args:
      runs: DataFrame as `search.search` gives it.
      limits: search.CriteriaConfig.
    Returns: DataFrame, one row a candidate and criterion: candidate, edge (the learning rate called
      0.4x; NaN where no rate made all runs diverge, and then nothing else is known), id, criterion,
      found, met. A candidate that was only looked at has N6 alone, and no edge.
    """
    rows = []
    for candidate, own in runs.groupby("candidate", sort=False):
        looked_at = own["role"].eq("size").all()
        known = (own["role"] != "edge").any()
        edge = own.loc[own["role"] == "edge", "learning_rate"].max() if known else None
        for name, criterion in ({"N6": size_pays} if looked_at else CRITERIA).items():
            found = criterion(own, limits) if known else Found("no edge", False)
            said = criterion.__doc__.strip()
            rows.append([candidate, edge, name, said, *found])
    return pd.DataFrame(rows, columns=["candidate", "edge", "id", "criterion", "found", "met"])


def healthy_until_hit(runs, limits):
    """At 0.4x naive Large+DCN is healthy until its first shock, and fully diverges after it."""
    clean = runs[runs["role"] == "clean"]
    met = (clean["label"] == "full") & (clean["label_step"] > clean["shock_step"])
    return _count(met & (clean["dip"] <= limits.noise))


def calm_is_stable(runs, limits):
    """Without shocks naive Large+DCN is healthy at 0.4x."""
    return _count(runs.loc[runs["role"] == "calm", "label"] == "healthy")


def guards_are_idle(runs, limits):
    """GC and AGC at their largest published thresholds are idle in healthy steps."""
    factors = runs.filter(regex="^factor_").min()
    text = ", ".join(f"{name.partition('_')[2]} {value:.2f}" for name, value in factors.items())
    return Found(text, bool((factors >= limits.least_factor).all()))


def a_higher_rate_pays(runs, limits):
    """Without shocks the AUC of naive Small is higher at 1x than at 0.4x."""
    runs = runs[runs["role"] == "rate"]
    auc = runs.pivot(index="data_seed", columns="rate_multiple", values="auc")
    return _gain(auc[auc.columns.max()] - auc[auc.columns.min()])


def table3_is_spread(runs, limits):
    """The divergence ratios of the changes of Table 3 are not all 0 and 1."""
    ratios = divergence_ratios(runs)
    changes = ratios.drop("clean")
    between = ((changes > 0) & (changes < 1)).sum()
    text = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return Found(text, bool(between >= limits.between and changes.nunique() >= limits.distinct))


def size_pays(runs, limits):
    """At a low rate without shocks the AUC rises from Small to Large and to Large+DCN."""
    auc = runs[runs["role"] == "size"].pivot(index="data_seed", columns="model", values="auc")
    steps = _gain(auc["large"] - auc["small"]), _gain(auc["large_dcn"] - auc["large"])
    return Found("; ".join(step.text for step in steps), all(step.met for step in steps))


def ends_healthy(runs, limits):
    """The last shock leaves the window of days at least a week before the last day."""
    days = int(runs["days_after"].min())
    return Found(f"{days} days", days >= limits.days_after)


CRITERIA = {
    "N1": healthy_until_hit,
    "N2": calm_is_stable,
    "N3": guards_are_idle,
    "N4": a_higher_rate_pays,
    "N5": table3_is_spread,
    "N6": size_pays,
    "N7": ends_healthy,
}


def divergence_ratios(runs):
    """Share of fully diverged runs of each case, "clean" first: Series."""
    cases = runs[~runs["role"].isin(["edge", "calm", "rate", "size"])]
    return (cases["label"] == "full").groupby(cases["role"], sort=False).mean()


def _count(met):
    return Found(f"{met.sum()} of {len(met)}", bool(met.all()))


def _gain(differences):
    """Met where the 95 % interval of the mean difference lies above 0 (Student's t)."""
    found = described(differences)
    text = f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
    return Found(text, bool(found.low > 0))

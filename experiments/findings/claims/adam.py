"""The claim on Clippy with another optimizer, Adam (C34)."""

import pandas as pd

from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import decided, listed, verdict
from experiments.findings.claims.quantities import PAIR, MissingRuns, cell, difference, full
from experiments.training.divergence import CHANCE

STUDY, PLAIN, CLIPPED = "adam", "adam", "clippy_adam"


@claim("C34", "Clippy on Adam also improves stability without hurting convergence", "4.3.3")
def clippy_helps_adam(runs):
    """Clippy on Adam survives more of the rates, and is not clearly worse at Adam's best one.

    A run seed survives a rate of the grid if it diverges fully neither there nor at a lower one.
    Adam's best rate is that of its highest mean AUC, over all data seeds; chosen and judged on the
    same runs, which favours Adam.
    """
    study = runs[runs["study"].eq(STUDY)]
    rates = sorted(study["rate_multiple"].unique())
    if len(rates) < 2:
        raise MissingRuns(f"{STUDY} needs two rates, has {len(rates)}")
    plain, clipped = (
        {rate: cell(runs, STUDY, method=method, rate_multiple=rate) for rate in rates}
        for method in (PLAIN, CLIPPED)
    )
    survived = difference(_survived(clipped), _survived(plain), "survived")
    survived = survived._replace(run_ids=frozenset(study["run_id"]))
    best = max(rates, key=lambda rate: _mean_auc(plain[rate]))
    gap = difference(clipped[best], plain[best], "auc")
    figures = {"rates survived": survived, f"AUC at {best:g}x": gap}
    fails = survived.side() < 0 or gap.side() < 0
    reason = f"Clippy on Adam - Adam: {listed(figures)}; full, of {len(rates)} rates: "
    reason += f"{_dead(plain, PLAIN)}; {_dead(clipped, CLIPPED)}"
    return decided(verdict(survived.side() > 0 and not fails, fails), figures, reason)


def _survived(cells):
    """One row a run seed of a method, with the number of rates that it survived."""
    alive = pd.concat([rows["label"].ne("full") for rows in cells.values()], axis=1, join="inner")
    rows = next(iter(cells.values())).loc[alive.index].copy()
    return rows.assign(survived=alive.astype(int).cumprod(axis=1).sum(axis=1).astype(float))


def _mean_auc(rows):
    """The mean over data seeds of the mean within each; an AUC that is undefined is chance."""
    return rows["auc"].fillna(CHANCE).groupby(level=PAIR[0]).mean().mean()


def _dead(cells, name):
    each = (f"{rate:g}x {full(rows)}/{len(rows)}" for rate, rows in cells.items())
    return f"{name} {', '.join(each)}"

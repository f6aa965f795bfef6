"""Claims on who survives which rate, and which one is better (C01 to C04, C06, C08, C34)."""

import pandas as pd

from experiments.findings import statistics
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import (
    REPRODUCED,
    by_sides,
    counts,
    decided,
    listed,
    verdict,
)
from experiments.findings.claims.quantities import (
    PAIR,
    TIE,
    Figure,
    MissingRuns,
    at_rate,
    cell,
    chosen,
    corrected,
    difference,
    full,
)
from experiments.findings.published import MODELS, RATES, WITHOUT_DCN
from experiments.training.divergence import CHANCE

HURT = ("micro", "damaged")  # kinds that count for C01 if they cost quality
HARMED = ["full", "damaged", "untrained"]  # kinds of lasting harm
ADAM, CLIPPED = "adam", "clippy_adam"  # methods of the study "adam"


@claim(
    "C01",
    "Naive diverges on Small, Large and Large+DCN at 1x and at 2x",
    "Table 2, 5.2",
    "diverged on all three",
)
def naive_diverges(runs):
    """Every naive run diverges fully, or is hurt in a cell that is clearly worse than GC.

    A run that is neither contradicts, and so does a cell with hurt runs that is clearly better. A
    run is hurt if it is one of HURT and ends below GC's run of its seed.
    """
    cells = {
        f"{model} {rate:g}x": at_rate(runs, model, "naive", rate)
        for model in MODELS
        for rate in RATES
    }
    back = {name: rows["label"].isin(HURT) for name, rows in cells.items()}
    treated = {
        name: chosen(runs, rows["model"].iloc[0], "gc")
        for name, rows in cells.items()
        if back[name].any()
    }
    gaps, sides = corrected(
        {name: difference(cells[name], rows, "auc").below() for name, rows in treated.items()}
    )
    hurt = {
        name: int((back[name] & (cells[name]["auc"] < rows["auc"])).sum())
        for name, rows in treated.items()
    }
    n, dead = sum(map(len, cells.values())), sum(map(full, cells.values()))
    counting = dead + sum(hurt[name] for name, side in sides.items() if side > 0)
    came_back = sum(int(rows.sum()) for rows in back.values())
    fails = dead + came_back < n or -1 in sides.values()
    reason = f"{counting} of {n} runs count; full: {counts(cells)}"
    if gaps:
        reason += f"; AUC minus GC's where runs came back: {listed(gaps)}"
    run_ids = frozenset().union(
        *(rows["run_id"] for rows in cells.values()), *(gap.run_ids for gap in gaps.values())
    )
    share = Figure(*statistics.proportion(counting, n), run_ids)
    return decided(verdict(counting == n, fails), share, reason)


@claim(
    "C02",
    "GC survives 2x on Small and on Large, and 2x is its best rate there",
    "Table 2",
    "Small 2x, Large 2x",
    method="gc",
    best=2.0,
    other=1.0,
    models=WITHOUT_DCN,
)
@claim(
    "C06",
    "LAMB trains without divergence at 1x on every model, and 1x is its best rate",
    "Table 2",
    "Small 1x, Large 1x, Large+DCN 1x",
    method="lamb",
    best=1.0,
    other=2.0,
)
@claim(
    "C08",
    "Clippy handles every model at 2x, and 2x is its best rate",
    "Table 2",
    "Small 2x, Large 2x, Large+DCN 2x",
    method="clippy",
    best=2.0,
    other=1.0,
)
def best_at(runs, *, method, best, other, models=MODELS):
    """A method survives the rate `best` on each model, and does better there than at `other`."""
    cells = {model: at_rate(runs, model, method, best) for model in models}
    gains = {
        model: difference(rows, at_rate(runs, model, method, other), "auc").above()
        for model, rows in cells.items()
    }
    words = f"full at {best:g}x: {counts(cells)}; AUC({best:g}x) - AUC({other:g}x): "
    return by_sides(gains, words, more=[-1 if any(map(full, cells.values())) else 1])


@claim("C03", "GC on Large+DCN can only use 1x", "Table 2, Fig. 5a", "Large+DCN 1x")
def gc_needs_1x(runs):
    """GC on Large+DCN diverges at 2x, or loses quality there."""
    fast, slow = (at_rate(runs, "large_dcn", "gc", rate) for rate in (2.0, 1.0))
    words = f"full at 2x: {counts({'large_dcn': fast})}; "
    found = by_sides({"AUC(2x) - AUC(1x)": difference(fast, slow, "auc").below()}, words)
    return found._replace(verdict=REPRODUCED) if full(fast) else found


@claim(
    "C04", "AGC is good at 1x on Small and Large and becomes bad at 2x", "5.2", "Small 1x, Large 1x"
)
def agc_loses_at_2x(runs):
    """AGC is clearly worse at 2x than at 1x, on Small and on Large."""
    losses = {}
    for model in WITHOUT_DCN:
        fast, slow = (at_rate(runs, model, "agc", rate) for rate in (2.0, 1.0))
        losses[model] = difference(fast, slow, "auc").below()
    return by_sides(losses, "AUC(2x) - AUC(1x): ")


@claim("C34", "Clippy on Adam also improves stability without hurting convergence", "4.3.3")
def clippy_helps_adam(runs):
    """Clippy on Adam survives more of the rates, and is no worse or tied at Adam's best one.

    A run seed survives a rate if it diverges fully neither there nor at a lower one. Adam's best
    rate has its highest mean AUC over all data seeds; chosen and judged on the same runs. How many
    rates are survived if lasting harm ends a run seed, too, and the gap of both at the best rate
    of each are shown and decide nothing.
    """
    study = runs[runs["study"].eq(ADAM)]
    rates = sorted(study["rate_multiple"].unique())
    if len(rates) < 2:
        raise MissingRuns(f"{ADAM} needs two rates, has {len(rates)}")
    plain, clipped = (
        {rate: cell(runs, ADAM, method=method, rate_multiple=rate) for rate in rates}
        for method in (ADAM, CLIPPED)
    )
    survived, unharmed = (
        difference(_survived(clipped, lost), _survived(plain, lost), "survived")
        for lost in (["full"], HARMED)
    )
    survived = survived._replace(run_ids=frozenset(study["run_id"]))
    best, own = _best_rate(plain), _best_rate(clipped)
    gap = difference(clipped[best], plain[best], "auc")
    words = "".join(
        f"{name} " + counts({f"{rate:g}x": rows for rate, rows in cells.items()}) + "; "
        for name, cells in ((ADAM, plain), (CLIPPED, clipped))
    )
    words = f"full, of {len(rates)} rates: {words}Clippy on Adam - Adam: "
    comparisons = {
        "rates survived": survived.above(),
        f"AUC at {best:g}x": gap.above_or_tied(TIE["auc"]),
    }
    shown = {
        "rates survived unharmed": unharmed,
        f"AUC at {own:g}x - {best:g}x": difference(clipped[own], plain[best], "auc"),
    }
    return by_sides(comparisons, words, shown=shown)


def _best_rate(cells):
    """The rate with the highest mean AUC; data seeds weigh the same, an undefined AUC is chance."""
    means = {
        rate: rows["auc"].fillna(CHANCE).groupby(level=PAIR[0]).mean().mean()
        for rate, rows in cells.items()
    }
    return max(means, key=means.get)


def _survived(cells, lost):
    """One row a run seed of a method, with the rates below the first with a label of `lost`."""
    alive = pd.concat([~rows["label"].isin(lost) for rows in cells.values()], axis=1, join="inner")
    rows = next(iter(cells.values())).loc[alive.index].copy()
    return rows.assign(survived=alive.astype(int).cumprod(axis=1).sum(axis=1).astype(float))

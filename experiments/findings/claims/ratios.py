"""Claims on the share of runs that fully diverge (C16 to C19, C29 to C32), and on descent (C28)."""

from itertools import pairwise

import numpy as np

from experiments.findings import quadratic, statistics
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import INCONCLUSIVE, counts, decided, verdict
from experiments.findings.claims.quantities import (
    Figure,
    MissingRuns,
    blocks,
    cell,
    divergence,
    full,
)
from experiments.findings.published import TABLE3

COMPLEXITY = ("small", "small_dcn", "large", "large_dcn")  # simplest first
LEAST_ONSETS, SIGNIFICANT = 3, 0.05  # C31
BELOW, ABOVE = 0.9, 1.1  # C28: times 2 / alpha


@claim("C16", "Large+DCN at 0.4x, untreated: every run diverges", "Table 3", "clean 5/5")
def clean_diverges(runs):
    """Every untreated run of Large+DCN at 0.4x diverges."""
    rows = cell(runs, "table3", case="clean")
    holds = full(rows) == len(rows)
    return decided(verdict(holds), divergence(rows), f"full: {counts({'clean': rows})}")


@claim(
    "C17",
    "Every one of the five changes lowers the divergence ratio",
    "Table 3",
    "clean 5/5, smaller_model 1/3, no_dcn 2/3, fewer_features 2/3, one_task_removed 2/3, "
    "two_tasks_removed 0/3",
)
def changes_help(runs):
    """Each change of Table 3 lowers the ratio."""
    cells = {case: cell(runs, "table3", case=case) for case in TABLE3}
    figures, (clean, *changed) = _ratios(cells)
    holds = all(ratio < clean for ratio in changed)
    return decided(verdict(holds), figures, f"full: {counts(cells)}")


@claim(
    "C18",
    "Removing two tasks helps more than removing one",
    "Table 3",
    "two_tasks_removed 0/3, one_task_removed 2/3",
    study="table3",
    lower="two_tasks_removed",
    higher="one_task_removed",
)
@claim(
    "C19",
    "A smaller model helps more than removing DCN",
    "Table 3",
    "smaller_model 1/3, no_dcn 2/3",
    study="table3",
    lower="smaller_model",
    higher="no_dcn",
)
@claim(
    "C32",
    "A single objective is more stable than several",
    "3.2 RQ2",
    study="objectives",
    lower="one_task",
    higher="six_tasks",
)
def is_below(runs, *, study, lower, higher):
    """The ratio of one case of a study is below that of another."""
    cells = {case: cell(runs, study, case=case) for case in (lower, higher)}
    figures, (low, high) = _ratios(cells)
    return decided(verdict(low < high, low > high), figures, f"full: {counts(cells)}")


@claim("C29", "A slower warmup mitigates, and stops sufficing for a more complex model", "3.2")
def warmup_stops_sufficing(runs):
    """The longest warmup lowers the ratio on the simpler model, not on the more complex."""
    study = runs[runs["study"] == "warmup"]
    shortest, *_, longest = _swept(study, "warmup")
    models = [model for model in COMPLEXITY if study["model"].eq(model).any()]
    if len(models) != 2:
        raise MissingRuns(f"warmup needs two of {', '.join(COMPLEXITY)}, has {', '.join(models)}")
    cells = {
        f"{model} {days:g} days": cell(runs, "warmup", model=model, x=days)
        for model in models
        for days in (shortest, longest)
    }
    figures, (simple_short, simple_long, complex_short, complex_long) = _ratios(cells)
    # What never diverges cannot be mitigated.
    can_tell = simple_short > 0 and complex_short > 0
    holds = can_tell and simple_long < simple_short and complex_long >= complex_short
    return decided(verdict(holds, can_tell), figures, f"full: {counts(cells)}")


@claim("C30", "A larger moving window mitigates", "3.2")
def window_helps(runs):
    """The ratio falls as the moving window grows."""
    days = _swept(runs[runs["study"] == "window"], "window")
    cells = {f"{length:g} days": cell(runs, "window", x=length) for length in days}
    figures, ratios = _ratios(cells)
    rises = any(after > before for before, after in pairwise(ratios))
    holds = ratios[-1] < ratios[0] and not rises
    fails = ratios[0] > 0 and ratios[-1] >= ratios[0]
    return decided(verdict(holds, fails), figures, f"full: {counts(cells)}")


def _ratios(cells):
    """The divergence ratio of each cell: (figures by name, their values in order)."""
    figures = {name: divergence(rows) for name, rows in cells.items()}
    return figures, [figure.value for figure in figures.values()]


def _swept(study, name):
    """The swept values, ascending; MissingRuns if there are fewer than two."""
    swept = sorted(study["x"].unique())
    if len(swept) < 2:
        raise MissingRuns(f"{name} needs two values of x, has {len(swept)}")
    return swept


@claim("C31", "Sudden changes of the data bring divergence", "3.2 RQ1")
def shocks_bring_divergence(runs):
    """Onsets follow the shock of their run, and runs with a shock diverge more often.

    Where exchanging the shock days changes nothing, only the ratios can contradict.
    """
    cells = {case: cell(runs, "shocks", case=case) for case in ("on", "off")}
    figures = {f"ratio {case}": divergence(rows) for case, rows in cells.items()}
    reason = f"full: {counts(cells)}"
    onsets = cells["on"][cells["on"]["label"] == "full"]
    if len(onsets) < LEAST_ONSETS:
        return decided(INCONCLUSIVE, figures, f"fewer than {LEAST_ONSETS} onsets; {reason}")
    found = statistics.onsets_after_shocks(
        blocks(onsets[["onset_day", "shock_day", "window_days"]])
    )
    more = figures["ratio on"].value > figures["ratio off"].value
    follow = found.followed > found.expected
    holds = more and found.varied and follow and found.p < SIGNIFICANT
    fails = not more or (found.varied and not follow)
    run_ids = frozenset(onsets["run_id"])
    for name in ("followed", "expected", "p"):
        figures[name] = Figure(getattr(found, name), np.nan, np.nan, run_ids)
    reason += (
        f"; {found.followed:.3g} of {len(onsets)} onsets follow a shock, "
        f"{found.expected:.3g} by chance, p = {found.p:.2g}"
    )
    return decided(verdict(holds, fails), figures, reason)


@claim("C28", "GD on a quadratic is unstable exactly when rate > 2/alpha", "Fig. 3", "2/alpha")
def descent_has_an_edge(runs):
    """On the quadratic of Figure 3 the loss falls at 0.9 times 2 / alpha, and grows at 1.1."""
    del runs
    growth = {
        f"{multiple:g} * 2/alpha": quadratic.growth(multiple * quadratic.edge())
        for multiple in (BELOW, ABOVE)
    }
    below, above = growth.values()
    # Not `above > 1` alone: a loss that is no longer a number has grown.
    holds = below < 1 and not above <= 1
    figures = {name: Figure(value, np.nan, np.nan, frozenset()) for name, value in growth.items()}
    reason = "loss after the last step over loss at the start: " + ", ".join(
        f"{value:.3g} at {name}" for name, value in growth.items()
    )
    return decided(verdict(holds), figures, reason)

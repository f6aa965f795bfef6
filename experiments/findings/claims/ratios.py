"""Claims on the share of runs that fully diverge (C16 to C19, C29 to C32), and on descent (C28)."""

from functools import partial
from itertools import pairwise

from experiments.findings import quadratic, statistics
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import INCONCLUSIVE, by_sides, counts, decided, verdict
from experiments.findings.claims.quantities import (
    Figure,
    MissingRuns,
    Quantity,
    blocks,
    cell,
    divergence,
    full,
    ratios,
)
from experiments.findings.published import TABLE3

COMPLEXITY = ("small", "small_dcn", "large", "large_dcn")  # simplest first
LEAST_ONSETS = 3  # C31
BELOW, ABOVE = 0.9, 1.1  # C28: times 2 / alpha


@claim("C16", "Large+DCN at 0.4x, untreated: every run diverges", "Table 3", "clean 5/5")
def clean_diverges(runs):
    """Every untreated run of Large+DCN at 0.4x diverges."""
    rows = cell(runs, "table3", case="clean")
    holds = full(rows) == len(rows)
    return decided(verdict(holds), divergence(rows).figure(), f"full: {counts({'clean': rows})}")


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
    clean, *changes = cells
    return _falls(cells, {f"{clean} - {case}": ([clean], [case]) for case in changes})


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
    return _falls(cells, {f"{higher} - {lower}": ([higher], [lower])})


@claim("C29", "A slower warmup mitigates, and stops sufficing for a more complex model", "3.2")
def warmup_stops_sufficing(runs):
    """The longest warmup lowers the ratio on the simpler model, and less on the more complex.

    "Stops sufficing" means a fall that is smaller; on the more complex model a clear one
    contradicts.
    """
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
    simple_short, simple_long, complex_short, complex_long = cells
    simple, complex_ = models
    rise = f"rise on {complex_}"
    falls = {
        f"fall on {simple}": ([simple_short], [simple_long]),
        f"fall on {simple} - on {complex_}": (
            [simple_short, complex_long],
            [simple_long, complex_short],
        ),
        rise: ([complex_long], [complex_short]),
    }
    return _falls(cells, falls, vetoes=[rise])


@claim("C30", "A larger moving window mitigates", "3.2")
def window_helps(runs):
    """The ratio falls from the smallest window to the largest, and clearly rises at no step."""
    days = _swept(runs[runs["study"] == "window"], "window")
    cells = {f"{length:g} days": cell(runs, "window", x=length) for length in days}
    steps = {f"{before} - {after}": ([before], [after]) for before, after in pairwise(cells)}
    first, *_, last = cells
    whole = {f"{first} - {last}": ([first], [last])}
    return _falls(cells, steps | whole, vetoes=steps.keys() - whole.keys())


def _falls(cells, falls, vetoes=()):
    """The outcome of a claim that ratios of some cells are above those of others.

    `falls` has by name two lists of names of `cells`, whose ratios are added up: the higher ones
    and the lower ones.
    """
    comparisons = {
        name: ratios(*([cells[it] for it in side] for side in sides)).above()
        for name, sides in falls.items()
    }
    shown = {name: divergence(rows) for name, rows in cells.items()}
    return by_sides(comparisons, f"full: {counts(cells)}; ", vetoes=vetoes, shown=shown)


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
    shown = {f"ratio {case}": divergence(rows) for case, rows in cells.items()}
    words = f"full: {counts(cells)}; "
    onsets = cells["on"][cells["on"]["label"] == "full"]
    if len(onsets) < LEAST_ONSETS:
        figures = {name: quantity.figure() for name, quantity in shown.items()}
        return decided(INCONCLUSIVE, figures, f"{words}fewer than {LEAST_ONSETS} onsets")
    days = blocks(onsets[["onset_day", "shock_day", "window_days"]])
    found, permuted = statistics.following(days)
    words += f"{found:.3g} of {len(onsets)} onsets follow a shock, "
    words += f"{permuted.mean():.3g} by chance; "
    excess = Quantity(partial(statistics.excess, found, permuted), frozenset(onsets["run_id"]))
    comparisons = {"on - off": ratios([cells["on"]], [cells["off"]]).above()}
    comparisons["followed - by chance"] = excess.above()
    return by_sides(comparisons, words, shown=shown)


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
    figures = {name: Figure(value) for name, value in growth.items()}
    reason = "loss after the last step over loss at the start: " + ", ".join(
        f"{value:.3g} at {name}" for name, value in growth.items()
    )
    return decided(verdict(holds), figures, reason)

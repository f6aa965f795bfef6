"""Claims on the share of runs that fully diverge (C16 to C19, C29, C30, C32)."""

from itertools import pairwise

from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    counts,
    decided,
)
from experiments.findings.claims.quantities import MissingRuns, cell, divergence, full

COMPLEXITY = ("small", "small_dcn", "large", "large_dcn")  # simplest first
CHANGES = (  # Table 3
    "smaller_model",
    "no_dcn",
    "fewer_features",
    "one_task_removed",
    "two_tasks_removed",
)


def clean_diverges(runs):
    """C16. Every untreated run of Large+DCN at 0.4x diverges."""
    rows = cell(runs, "table3", case="clean")
    verdict = REPRODUCED if full(rows) == len(rows) else CONTRADICTED
    return decided(verdict, divergence(rows), f"full: {counts({'clean': rows})}")


def changes_help(runs):
    """C17. Each change of Table 3 lowers the ratio."""
    cells = {case: cell(runs, "table3", case=case) for case in ("clean", *CHANGES)}
    figures = {case: divergence(rows) for case, rows in cells.items()}
    below = all(figures[case].value < figures["clean"].value for case in CHANGES)
    return decided(REPRODUCED if below else CONTRADICTED, figures, f"full: {counts(cells)}")


def is_below(runs, *, study, lower, higher):
    """C18, C19, C32. The ratio of one case of a study is below that of another."""
    cells = {case: cell(runs, study, case=case) for case in (lower, higher)}
    figures = {case: divergence(rows) for case, rows in cells.items()}
    gap = figures[lower].value - figures[higher].value
    verdict = INCONCLUSIVE
    if gap:
        verdict = REPRODUCED if gap < 0 else CONTRADICTED
    return decided(verdict, figures, f"full: {counts(cells)}")


def warmup_stops_sufficing(runs):
    """C29. The longest warmup lowers the ratio on the simpler model, not on the more complex."""
    study = runs[runs["study"] == "warmup"]
    shortest, longest = _ends(study, "warmup")
    models = [model for model in COMPLEXITY if study["model"].eq(model).any()]
    if len(models) != 2:
        raise MissingRuns(f"warmup needs two of {', '.join(COMPLEXITY)}, has {', '.join(models)}")
    keys = [(model, days) for model in models for days in (shortest, longest)]
    cells = {
        f"{model} {days:g} days": cell(runs, "warmup", model=model, x=days) for model, days in keys
    }
    figures = {name: divergence(rows) for name, rows in cells.items()}
    ratios = [figure.value for figure in figures.values()]
    simple_short, simple_long, complex_short, complex_long = ratios
    if simple_short == 0 or complex_short == 0:
        verdict = INCONCLUSIVE  # what never diverges cannot be mitigated
    elif simple_long < simple_short and complex_long >= complex_short:
        verdict = REPRODUCED
    else:
        verdict = CONTRADICTED
    return decided(verdict, figures, f"full: {counts(cells)}")


def window_helps(runs):
    """C30. The ratio falls as the moving window grows."""
    study = runs[runs["study"] == "window"]
    _ends(study, "window")
    cells = {f"{days:g} days": cell(runs, "window", x=days) for days in sorted(study["x"].unique())}
    figures = {name: divergence(rows) for name, rows in cells.items()}
    ratios = [figure.value for figure in figures.values()]
    if ratios[0] == 0:
        verdict = INCONCLUSIVE
    elif ratios[-1] >= ratios[0]:
        verdict = CONTRADICTED
    else:
        rises = any(after > before for before, after in pairwise(ratios))
        verdict = INCONCLUSIVE if rises else REPRODUCED
    return decided(verdict, figures, f"full: {counts(cells)}")


def _ends(study, name):
    """The least and the largest swept value."""
    swept = study["x"].unique()
    if len(swept) < 2:
        raise MissingRuns(f"{name} needs two values of x, has {len(swept)}")
    return swept.min(), swept.max()

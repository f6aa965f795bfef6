"""Claims on the spread over seeds (C05, C15)."""

from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    decided,
    listed,
)
from experiments.findings.claims.quality import TREATED
from experiments.findings.claims.quantities import at_rate, chosen, spread_ratio
from experiments.findings.claims.rates import MODELS, RATES

VERY_HIGH = 3  # times Clippy's; ours: the paper says "very high variance" and gives 8 at 2x


def agc_varies(runs):
    """C05. On Large+DCN, AGC's AUC varies at least VERY_HIGH times as much as Clippy's."""
    figures = {
        f"{rate:g}x": spread_ratio(
            [at_rate(runs, "large_dcn", "agc", rate)], [at_rate(runs, "large_dcn", "clippy", rate)]
        )
        for rate in RATES
    }
    if all(figure.value >= VERY_HIGH for figure in figures.values()):
        verdict = REPRODUCED
    elif any(figure.high < VERY_HIGH for figure in figures.values()):
        verdict = CONTRADICTED
    else:
        verdict = INCONCLUSIVE
    return decided(verdict, figures, f"std of AUC, AGC / Clippy: {listed(figures)}")


def clippy_varies_least(runs):
    """C15. Clippy has the smallest standard deviation of AUC, pooled over the models."""
    cells = {method: [chosen(runs, model, method) for model in MODELS] for method in TREATED}
    figures = {
        f"{method} / clippy": spread_ratio(cells[method], cells["clippy"])
        for method in TREATED
        if method != "clippy"
    }
    if all(figure.value > 1 for figure in figures.values()):
        verdict = REPRODUCED
    elif any(figure.high < 1 for figure in figures.values()):
        verdict = CONTRADICTED
    else:
        verdict = INCONCLUSIVE
    return decided(verdict, figures, f"pooled std of AUC: {listed(figures)}")

"""Claims on the spread over seeds (C05, C15)."""

from experiments.findings.claims import paper_figures
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import decided, listed, verdict
from experiments.findings.claims.quantities import at_rate, chosen, spread_ratio
from experiments.findings.published import MODELS, RATES, TREATED

VERY_HIGH = 3  # times Clippy's; ours: the paper says "very high variance" and gives 8 at 2x


@claim(
    "C05",
    "AGC on Large+DCN has very high variance at either rate",
    "5.2",
    paper_figures.agc_spread(),
)
def agc_varies(runs):
    """On Large+DCN, AGC's AUC varies at least VERY_HIGH times as much as Clippy's."""
    figures = {
        f"{rate:g}x": spread_ratio(
            [at_rate(runs, "large_dcn", "agc", rate)], [at_rate(runs, "large_dcn", "clippy", rate)]
        )
        for rate in RATES
    }
    holds = all(figure.value >= VERY_HIGH for figure in figures.values())
    fails = any(figure.high < VERY_HIGH for figure in figures.values())
    return decided(verdict(holds, fails), figures, f"std of AUC, AGC / Clippy: {listed(figures)}")


@claim(
    "C15",
    "Clippy's spread over seeds is the smallest",
    "Table 2",
    f"std, {paper_figures.spreads()}",
)
def clippy_varies_least(runs):
    """Clippy has the smallest standard deviation of AUC, pooled over the models."""
    cells = {method: [chosen(runs, model, method) for model in MODELS] for method in TREATED}
    figures = {
        f"{method} / clippy": spread_ratio(cells[method], cells["clippy"])
        for method in TREATED
        if method != "clippy"
    }
    holds = all(figure.value > 1 for figure in figures.values())
    fails = any(figure.high < 1 for figure in figures.values())
    return decided(verdict(holds, fails), figures, f"pooled std of AUC: {listed(figures)}")

"""Claims on who survives which rate, and which rate is the better one (C01 to C04, C06, C08)."""

from experiments.findings import statistics
from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    counts,
    decided,
    listed,
)
from experiments.findings.claims.quantities import Figure, at_rate, chosen, difference, full

MODELS = ("small", "large", "large_dcn")  # Table 2
RATES = (1.0, 2.0)  # Table 2, in multiples of 1x
HURT = ("micro", "damaged")  # kinds that count for C01 if they cost quality


def naive_diverges(runs):
    """C01. Every naive run diverges fully, or is hurt in a cell that is clearly worse than GC."""
    cells = {
        (model, rate): at_rate(runs, model, "naive", rate) for model in MODELS for rate in RATES
    }
    named = {f"{model} {rate:g}x": rows for (model, rate), rows in cells.items()}
    hurt = {key: int(rows["label"].isin(HURT).sum()) for key, rows in cells.items()}
    gaps = {
        key: difference(rows, chosen(runs, key[0], "gc"), "auc")
        for key, rows in cells.items()
        if hurt[key]
    }
    n = sum(map(len, cells.values()))
    dead = sum(map(full, cells.values()))
    counting = dead + sum(hurt[key] for key, gap in gaps.items() if gap.negative)
    if counting == n:
        verdict = REPRODUCED
    elif dead + sum(hurt.values()) < n or any(gap.value >= 0 for gap in gaps.values()):
        verdict = CONTRADICTED
    else:
        verdict = INCONCLUSIVE
    reason = f"{counting} of {n} runs count; full: {counts(named)}"
    if gaps:
        shown = {f"{model} {rate:g}x": gap for (model, rate), gap in gaps.items()}
        reason += f"; AUC minus GC's where runs came back: {listed(shown)}"
    run_ids = frozenset(run for rows in cells.values() for run in rows["run_id"])
    run_ids = run_ids.union(*(gap.run_ids for gap in gaps.values()))
    return decided(verdict, Figure(*statistics.proportion(counting, n), run_ids), reason)


def best_at(runs, *, method, models, best, other):
    """C02, C06, C08. A method survives a rate multiple on each model, and does better there.

    Args:
      best, other: the rate multiple of the claim, and the one it is held against.
    """
    cells = {model: at_rate(runs, model, method, best) for model in models}
    gains = {
        model: difference(rows, at_rate(runs, model, method, other), "auc")
        for model, rows in cells.items()
    }
    if any(map(full, cells.values())) or any(gain.negative for gain in gains.values()):
        verdict = CONTRADICTED
    elif all(gain.value > 0 for gain in gains.values()):
        verdict = REPRODUCED
    else:
        verdict = INCONCLUSIVE
    reason = (
        f"full at {best:g}x: {counts(cells)}; AUC({best:g}x) - AUC({other:g}x): {listed(gains)}"
    )
    return decided(verdict, gains, reason)


def gc_needs_1x(runs):
    """C03. GC on Large+DCN diverges at 2x, or loses quality there."""
    fast = at_rate(runs, "large_dcn", "gc", 2.0)
    gain = difference(fast, at_rate(runs, "large_dcn", "gc", 1.0), "auc")
    if full(fast) or gain.negative:
        verdict = REPRODUCED
    else:
        verdict = CONTRADICTED if gain.positive else INCONCLUSIVE
    name = "AUC(2x) - AUC(1x)"
    reason = f"full at 2x: {counts({'large_dcn': fast})}; {listed({name: gain})}"
    return decided(verdict, gain, reason)


def agc_loses_at_2x(runs):
    """C04. AGC is clearly worse at 2x than at 1x, on Small and on Large."""
    gains = {
        model: difference(at_rate(runs, model, "agc", 2.0), at_rate(runs, model, "agc", 1.0), "auc")
        for model in ("small", "large")
    }
    if all(gain.negative for gain in gains.values()):
        verdict = REPRODUCED
    elif any(gain.positive for gain in gains.values()):
        verdict = CONTRADICTED
    else:
        verdict = INCONCLUSIVE
    return decided(verdict, gains, f"AUC(2x) - AUC(1x): {listed(gains)}")

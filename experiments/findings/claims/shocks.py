"""The claim that sudden changes of the data bring divergence (C31)."""

import numpy as np

from experiments.findings import statistics
from experiments.findings.claims.outcome import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    counts,
    decided,
)
from experiments.findings.claims.quantities import Figure, blocks_of, cell, divergence

LEAST_ONSETS = 3
SIGNIFICANT = 0.05


def shocks_bring_divergence(runs):
    """C31. Onsets follow the shock of their run, and runs with a shock diverge more often."""
    cells = {case: cell(runs, "shocks", case=case) for case in ("on", "off")}
    figures = {f"ratio {case}": divergence(rows) for case, rows in cells.items()}
    reason = f"full: {counts(cells)}"
    onsets = cells["on"][cells["on"]["label"] == "full"]
    if len(onsets) < LEAST_ONSETS:
        return decided(INCONCLUSIVE, figures, f"fewer than {LEAST_ONSETS} onsets; {reason}")
    found = statistics.onsets_after_shocks(
        blocks_of(onsets, ["onset_day", "shock_day", "window_days"])
    )
    run_ids = frozenset(onsets["run_id"])
    for name in ("followed", "expected", "p"):
        figures[name] = Figure(getattr(found, name), np.nan, np.nan, run_ids)
    reason += (
        f"; {found.followed:.3g} of {len(onsets)} onsets follow a shock, "
        f"{found.expected:.3g} by chance, p = {found.p:.2g}"
    )
    return decided(_verdict(found, figures), figures, reason)


def _verdict(found, figures):
    if figures["ratio on"].value <= figures["ratio off"].value:
        return CONTRADICTED
    if not found.varied:
        return INCONCLUSIVE  # exchanging the shock days changes nothing: there was no test
    if found.followed <= found.expected:
        return CONTRADICTED
    return REPRODUCED if found.p < SIGNIFICANT else INCONCLUSIVE

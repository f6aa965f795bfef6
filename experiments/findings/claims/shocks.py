"""The claim that sudden changes of the data bring divergence (C31)."""

import numpy as np

from experiments.findings import statistics
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import INCONCLUSIVE, counts, decided, verdict
from experiments.findings.claims.quantities import Figure, blocks_of, cell, divergence

LEAST_ONSETS = 3
SIGNIFICANT = 0.05


@claim("C31", "Sudden changes of the data bring divergence", "3.2 RQ1")
def shocks_bring_divergence(runs):
    """Onsets follow the shock of their run, and runs with a shock diverge more often.

    Where exchanging the shock days changes nothing, there was no test: only the ratios can then
    contradict.
    """
    cells = {case: cell(runs, "shocks", case=case) for case in ("on", "off")}
    figures = {f"ratio {case}": divergence(rows) for case, rows in cells.items()}
    reason = f"full: {counts(cells)}"
    onsets = cells["on"][cells["on"]["label"] == "full"]
    if len(onsets) < LEAST_ONSETS:
        return decided(INCONCLUSIVE, figures, f"fewer than {LEAST_ONSETS} onsets; {reason}")
    found = statistics.onsets_after_shocks(
        blocks_of(onsets, ["onset_day", "shock_day", "window_days"])
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

"""The claim on gradient descent and curvature (C28).

It is decided by a simulation, so it needs no runs and is the same for every data seed.
"""

import numpy as np

from experiments.findings import quadratic
from experiments.findings.claims.catalogue import claim
from experiments.findings.claims.outcome import decided, verdict
from experiments.findings.claims.quantities import Figure

BELOW, ABOVE = 0.9, 1.1  # times 2 / alpha


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

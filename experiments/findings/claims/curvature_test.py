"""The rule on curvature, each way."""

import numpy as np
import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.curvature import SHOCKED, UNDISTURBED
from experiments.findings.testing import changed, curvature, decide, joined

RUNS = curvature(n=6)
DIVERGED = ["full"] * 4 + ["healthy"] * 2
WIDE = np.array([0.1, 10.0] * 3)  # of geometric mean 1


def having(case, **values):
    return changed(RUNS, {f"{name}/peak": value for name, value in values.items()}, case=case)


CASES = [
    (RUNS, "reproduced"),
    # A divergence below the edge on either batch, or an undisturbed run above it.
    (having(SHOCKED, own=[1.2, 1.4, 1.3, 1.5, 1.6, 1.1]), "contradicted"),
    (having(SHOCKED, probe=[1.2, 1.4, 1.3, 1.5, 1.6, 1.1]), "contradicted"),
    (having(UNDISTURBED, own=[2.5, 2.9, 3.5, 2.7, 3.1, 4.0]), "contradicted"),
    (having(UNDISTURBED, probe=[2.5, 2.9, 3.5, 2.7, 3.1, 4.0]), "contradicted"),
    # About the edge nothing is told.
    (having(SHOCKED, own=2.5 * WIDE), "inconclusive"),
    (having(UNDISTURBED, probe=1.5 * WIDE), "inconclusive"),
    (having(UNDISTURBED, own=np.nan), "inconclusive"),
    # A run that blew up before its b is above the edge, too.
    (having(SHOCKED, own=[np.inf] * 6), "reproduced"),
    # Runs that did not diverge, or whose undisturbed run is no control, do not count.
    (
        changed(having(SHOCKED, own=[5, 6, 5, 6, 1, 1]), {"label": DIVERGED}, case=SHOCKED),
        "reproduced",
    ),
    (changed(RUNS, {"label": ["full"] + ["healthy"] * 5}, case=SHOCKED), "inconclusive"),
    (changed(RUNS, {"label": ["healthy"] + ["full"] * 5}, case=UNDISTURBED), "inconclusive"),
    (changed(RUNS, {"curvature_b": [145] + [np.nan] * 5}, case=SHOCKED), "inconclusive"),
]


@pytest.mark.parametrize("runs, expected", CASES)
def test_what_decides(runs, expected):
    assert decide("C33", runs).verdict == expected


def test_divergences_are_paired_by_run_seed():
    """Of the undisturbed runs only that of the run that did not diverge is above the edge."""
    calm = having(UNDISTURBED, own=[1.5, 1.4, 90.0, 1.6, 1.5, 1.4])
    healthy = {"label": ["full", "full", "micro", "full", "full", "full"]}
    found = decide("C33", changed(calm, healthy, case=SHOCKED))
    assert (found.verdict, found.n) == ("reproduced", 10)
    assert found.statistic["share undisturbed below, own"] == 1
    assert decide("C33", calm).statistic["share undisturbed below, own"] == pytest.approx(5 / 6)


def test_each_data_seed_needs_two_divergences():
    few = {"label": ["full", "healthy", "healthy", "healthy"]}
    one = changed(curvature(2), few, case=SHOCKED)
    found = decide("C33", joined([changed(curvature(1), few, case=SHOCKED), one]))
    assert (found.verdict, found.n) == ("inconclusive", 4)
    assert found.reason.startswith("2 divergences with a healthy undisturbed pair; 4 are needed")
    assert decide("C33", joined([curvature(1), one])).n == 2 * (4 + 1)


def test_the_figures():
    found = decide("C33", RUNS)
    assert found.statistic["diverging, own"] == pytest.approx(5, rel=0.05)
    assert found.statistic["undisturbed, probe"] == pytest.approx(1, rel=0.05)
    ratio = found.statistic["diverging over undisturbed at b, own"]
    assert ratio == pytest.approx(5 / 1.5, rel=1e-6)


def test_without_curvature_nothing_is_decided():
    with pytest.raises(MissingRuns, match="case=undisturbed: no run has its curvature"):
        decide("C33", changed(RUNS, {"own/usual": np.nan, "probe/usual": np.nan}, case=UNDISTURBED))
    with pytest.raises(MissingRuns, match="0 runs of curvature, case=shocked"):
        decide("C33", RUNS[RUNS["case"] != SHOCKED])

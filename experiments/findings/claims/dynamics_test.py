"""The rules on what happens inside a divergence, each way."""

import numpy as np
import pytest

from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.dynamics import CLASSIFICATION, REGRESSION
from experiments.findings.testing import changed, decide, divergences, joined

TOP, BOTTOM = "top_hidden", "bottom_hidden"
RUNS = divergences()
WIGGLE, SCATTERED = np.array([0.9, 1.0, 1.1, 1.0, 0.95, 1.05]), np.array([0.8, 1.2] * 3)
SHOWN, FACTORS = ("healthy_at_a", "auc_falls_at_b", "chance_from_c"), ("sigma_gc_b", "sigma_agc_b")
RISES = ("grad_norm_rise", "grad_over_weight_rise")
HIGHER = 41.0 * np.linspace(0.99, 1.3, 6)  # than the rise of update/weight


def having(case="severe", **values):
    return changed(RUNS, values, case=case)


def of_layer(layer, **values):
    return having(**{f"{layer}/{name}": value for name, value in values.items()})


def clipped(layer, mean):
    return having("clippy", **{f"{layer}/sigma_mean": mean})


CASES = [
    ("C20", having(chance_from_c=[0, 0, 1, 0, 0, 0]), "reproduced"),  # one of six is enough
    *(("C20", having(**{shown: 0}), "contradicted") for shown in SHOWN),
    # All three in one run, not one in each of three.
    ("C20", having(healthy_at_a=[1, 0] * 3, chance_from_c=[0, 1] * 3), "contradicted"),
    ("C21", of_layer(TOP, grad_norm_b=2 * WIGGLE), "contradicted"),
    ("C21", of_layer(TOP, grad_norm_c=0.5 * WIGGLE), "contradicted"),
    ("C21", of_layer(TOP, grad_norm_c=[0.01, 9, 0.01, 9, 0.01, 9]), "inconclusive"),
    ("C21", of_layer(TOP, grad_norm_c=0), "reproduced"),  # a dead network
    ("C21", of_layer(BOTTOM, grad_norm_b=1.0), "reproduced"),
    ("C21", of_layer(TOP, grad_norm_after_c=9.0), "reproduced"),
    *(("C22", of_layer(TOP, **{rise: HIGHER}), "contradicted") for rise in RISES),
    ("C22", of_layer(TOP, grad_norm_rise=5, grad_over_weight_rise=5 * SCATTERED), "inconclusive"),
    *(("C23", of_layer(TOP, **{factor: 5e-4}), "contradicted") for factor in FACTORS),
    ("C23", of_layer(TOP, sigma_clippy_eq4_b=0.5), "contradicted"),
    ("C23", of_layer(TOP, sigma_agc_b=1e-3 * SCATTERED), "inconclusive"),
    *(("C24", of_layer(CLASSIFICATION, **{factor: 0.9}), "contradicted") for factor in FACTORS),
    ("C24", of_layer(CLASSIFICATION, sigma_clippy_eq4_b=1.0), "contradicted"),
    ("C24", of_layer(CLASSIFICATION, sigma_agc_b=[1, 0.9, 1, 0.9, 1, 0.9]), "inconclusive"),
    ("C25", of_layer(TOP, sigma_gc_b=1e-9), "reproduced"),
    *(("C25", of_layer(it, sigma_gc_b=1e-9), "contradicted") for it in (BOTTOM, REGRESSION)),
    *(("C26", clipped(layer, 0.9), "contradicted") for layer in ("cross", BOTTOM)),
    *(("C26", clipped(layer, 0.01), "contradicted") for layer in (CLASSIFICATION, REGRESSION)),
    ("C26", clipped("cross", [0.1, 0.3, 0.1, 0.3, 0.1, 0.3]), "inconclusive"),
    # A full divergence that comes back, by how long it was gone and whatever its label says.
    ("C27", having(auc=[0.5, 0.5, 0.73, 0.5, 0.5, 0.5]), "contradicted"),
    ("C27", having(auc=[0.5, 0.5, 0.73, 0.5, 0.5, 0.5], label="micro"), "contradicted"),
    ("C27", having(auc=np.nan), "reproduced"),  # undefined is not as good
    ("C27", having(days_at_chance=1), "inconclusive"),
    ("C27", having(days_at_chance=7), "reproduced"),  # a whole window
    # Micro-divergences that never come back.
    ("C27", having("mild", auc=0.68), "contradicted"),
    ("C27", having("mild", auc=[0.68] * 5 + [0.71]), "reproduced"),
    ("C27", having("mild", auc=0.68, label=["micro"] * 4 + ["damaged"] * 2), "inconclusive"),
]


@pytest.mark.parametrize("claim, runs, expected", CASES)
def test_what_decides(claim, runs, expected):
    assert decide(claim, runs).verdict == expected


@pytest.mark.parametrize("claim", ["C21", "C22", "C23", "C24", "C25"])
def test_pooled_divergences_are_of_five_data_seeds(claim):
    runs = [divergences(data_seed) for data_seed in range(1, 6)]
    assert decide(claim, joined(runs)).verdict == "reproduced"
    runs[2] = changed(runs[2], {"label": "healthy"}, case="severe")
    found = decide(claim, joined(runs))
    assert found.verdict == "inconclusive"
    assert found.reason.startswith("divergences on 4 data seeds; 5 are needed; ")


STATISTICS = {  # that are shown
    "C20": ("", 1.0),
    "C21": ("norm(b)", 10.0),
    "C22": ("update/weight over grad/weight", 40 / 6),
    "C23": ("gc / clippy, top_hidden", 200.0),
    "C24": ("all three", 1.0),
    "C25": ("agc / clippy, bottom_hidden", 100.0),
    "C26": (f"{TOP} - cross", 0.15),
    "C27": ("micro as good", 1.0),
}


@pytest.mark.parametrize("claim", STATISTICS)
def test_the_figures(claim):
    (name, expected), found = STATISTICS[claim], decide(claim, RUNS).statistic
    assert (found[name] if name else found) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("claim", ["C20", "C21", "C22", "C23", "C24", "C25"])
def test_few_divergences_decide_nothing_about_a_typical_one(claim):
    few = having(label=["full"] * 4 + ["micro"] * 2, chance_from_c=0)
    for runs, n in ((few, 4), (having(step_b=np.nan), 0)):
        found = decide(claim, runs)
        assert (found.verdict, found.n) == ("inconclusive", n)


@pytest.mark.parametrize("claim", ["C20", "C21", "C22", "C23", "C24", "C25", "C26"])
def test_without_telemetry_nothing_is_decided(claim):
    with pytest.raises(MissingRuns, match="no telemetry"):
        decide(claim, RUNS.assign(**{f"{TOP}/sigma_mean": np.nan}))


def test_pairs_are_of_one_seed_and_have_both_runs():
    with pytest.raises(MissingRuns, match="0 runs of divergences, case=undisturbed"):
        decide("C27", RUNS[RUNS["case"] != "undisturbed"])
    calm = having("undisturbed", auc=[0.9, 0.72, 0.72, 0.72, 0.72, 0.72])
    assert decide("C27", calm).statistic["micro as good"] == pytest.approx(5 / 6)

"""The row of a recorded divergence, from made-up telemetry."""

import numpy as np
import pytest

from experiments.findings import dynamics
from experiments.findings.testing import DIVERGENCE, END, A, B, C, curves, telemetry

TRAINER = {"window_days": 2, "steps_per_day": 5}
AUC, STEPS = curves()["click/auc"], curves()["step"]


def row(auc=AUC, **changes):
    evaluations = curves(**{"click/auc": auc})
    return dynamics.run_row(evaluations, telemetry(**changes), TRAINER, DIVERGENCE)


def test_the_moments_and_what_they_show():
    found = row()
    assert set(found) == set(dynamics.COLUMNS)
    assert [found[f"step_{moment}"] for moment in "abc"] == [A, B, C]
    shown = ("healthy_at_a", "auc_falls_at_b", "chance_from_c")
    assert [found[name] for name in shown] == [1, 1, 1]
    assert found["days_at_chance"] == (END - C) / 5


def test_norms_are_relative_to_the_window_before_a():
    found = row()
    for layer in dynamics.LAYERS:
        norms = found[f"{layer}/grad_norm_b"], found[f"{layer}/grad_norm_c"]
        assert norms == pytest.approx((4, 0.25))
    after = telemetry()["top_hidden/grad_norm"].where(lambda norms: norms.index != C - 1, 77_000)
    found = row(**{"top_hidden/grad_norm": after})
    assert found["top_hidden/grad_norm_c"] > 30
    assert found["top_hidden/grad_norm_after_c"] == pytest.approx(0.25)


def test_rises_are_from_a_to_b_and_factors_those_at_b():
    found, at_a = row(**{"cross/update_over_weight": np.inf}), 2 + (A % 3 - 1) * 0.1
    assert found["top_hidden/grad_norm_rise"] == pytest.approx(8 / at_a)
    assert found["top_hidden/grad_over_weight_rise"] == pytest.approx(8 / at_a * 4 / 3)
    assert found["top_hidden/update_over_weight_rise"] == pytest.approx((8 / at_a) ** 2)
    assert np.isnan(found["cross/update_over_weight_rise"])  # a weight of zero
    for shift, factor in enumerate(dynamics.FACTORS):
        assert found[f"cross/{factor}_b"] == pytest.approx(0.1 * (shift + 1))
    assert found["cross/sigma_mean"] == pytest.approx(0.3)


def test_a_run_that_lived_has_means_and_no_moments():
    found = row(auc=0.7)
    assert set(found) == {"days_at_chance", *(f"{name}/sigma_mean" for name in dynamics.LAYERS)}
    alive = dynamics.run_row(curves(**{"click/auc": 0.7}), None, TRAINER, DIVERGENCE)
    assert alive == {"days_at_chance": 0}


def test_an_auc_that_rises_or_never_reaches_chance_is_said():
    waver = row(auc=AUC.where(AUC > 0.55, 0.53))
    assert (waver["auc_falls_at_b"], waver["chance_from_c"]) == (1, 0)
    undefined = row(auc=AUC.where(AUC > 0.55))  # predictions were no numbers
    assert undefined["chance_from_c"] == 1
    assert row(auc=np.where(STEPS < C, 0.7, 0.501))["auc_falls_at_b"] == 0

"""The row of a recorded divergence, from hand-made telemetry."""

import numpy as np
import pandas as pd
import pytest

from experiments.findings import dynamics
from experiments.findings.testing import DIVERGENCE

TRAINER = {"window_days": 2, "steps_per_day": 5}
A, B, C, END = 30, 31, 36, 60


def curves(**values):
    steps = np.arange(2, END + 1, 2)
    auc = np.where(steps <= A, 0.7, np.where(steps < C, 0.6, 0.501))
    return pd.DataFrame({"step": steps, "click/auc": auc, "loss": 3.0} | values)


def telemetry(**changes):
    """Norms of 2 before, 8 at b, 0.5 after; every layer ten times the one below it."""
    steps = np.arange(1, END + 1)
    rows = {"step": steps, "loss": np.where(steps < B, 3.0, 30.0)}
    for place, layer in enumerate(dynamics.LAYERS):
        scale = 10.0**place
        norms = scale * np.where(steps < B, 2.0 + (steps % 3 - 1) * 0.1, 0.5)
        norms[B - 1] = scale * 8
        rows[f"{layer}/grad_norm"] = norms
        rows[f"{layer}/grad_over_weight"] = norms / (4 - (steps >= B))
        rows[f"{layer}/update_over_weight"] = norms**2
        for shift, factor in enumerate(dynamics.FACTORS):
            rows[f"{layer}/{factor}"] = np.where(steps == B, 0.1 * (shift + 1), 1.0)
        rows[f"{layer}/sigma"] = np.where(steps <= END / 2, 0.2, 0.4)
    return pd.DataFrame(rows | changes)


def row(**changes):
    return dynamics.run_row(curves(), telemetry(**changes), TRAINER, DIVERGENCE)


def test_the_moments_and_what_they_show():
    found = row()
    assert [found[f"step_{moment}"] for moment in "abc"] == [A, B, C]
    assert [found[name] for name in dynamics.MOMENT_COLUMNS[3:]] == [1, 1, 1]
    assert found["days_at_chance"] == (END - C) / 5


def test_norms_are_relative_to_the_window_before_a():
    for layer in dynamics.LAYERS:
        assert row()[f"{layer}/grad_norm_b"] == pytest.approx(4)
        assert row()[f"{layer}/grad_norm_c"] == pytest.approx(0.25)
    after = telemetry()["top_hidden/grad_norm"].where(lambda norms: norms.index != C - 1, 77_000)
    found = row(**{"top_hidden/grad_norm": after})
    assert found["top_hidden/grad_norm_c"] > 30
    assert found["top_hidden/grad_norm_after_c"] == pytest.approx(0.25)


def test_rises_are_from_a_to_b():
    found, at_a = row(), 2 + (A % 3 - 1) * 0.1
    assert found["top_hidden/grad_norm_rise"] == pytest.approx(8 / at_a)
    assert found["top_hidden/grad_over_weight_rise"] == pytest.approx(8 / at_a * 4 / 3)
    assert found["top_hidden/update_over_weight_rise"] == pytest.approx((8 / at_a) ** 2)


def test_factors_are_those_at_b_and_means_of_what_was_applied():
    found = row()
    for shift, factor in enumerate(dynamics.FACTORS):
        assert found[f"cross/{factor}_b"] == pytest.approx(0.1 * (shift + 1))
    assert found["cross/sigma_mean"] == pytest.approx(0.3)


def test_every_column_is_known_and_none_is_forgotten():
    assert set(row()) == set(dynamics.COLUMNS)


def test_a_run_that_lived_has_means_and_no_moments():
    steps = curves()["step"]
    alive = curves(**{"click/auc": 0.7 + 0 * steps})
    found = dynamics.run_row(alive, telemetry(), TRAINER, DIVERGENCE)
    assert set(found) == {
        "days_at_chance", *(f"{layer}/sigma_mean" for layer in dynamics.LAYERS),
    }  # fmt: skip
    assert found["days_at_chance"] == 0
    assert set(dynamics.run_row(alive, None, TRAINER, DIVERGENCE)) == {"days_at_chance"}


def test_an_auc_that_rises_or_never_reaches_chance_is_said():
    auc = curves()["click/auc"]
    waver = curves(**{"click/auc": auc.where(auc > 0.55, 0.53)})
    found = dynamics.run_row(waver, telemetry(), TRAINER, DIVERGENCE)
    assert (found["auc_falls_at_b"], found["chance_from_c"]) == (1, 0)
    undefined = curves(**{"click/auc": auc.where(auc > 0.55)})  # predictions were no numbers
    assert dynamics.run_row(undefined, telemetry(), TRAINER, DIVERGENCE)["chance_from_c"] == 1
    late = curves(**{"click/auc": np.where(curves()["step"] < C, 0.7, 0.501)})
    assert dynamics.run_row(late, telemetry(), TRAINER, DIVERGENCE)["auc_falls_at_b"] == 0


def test_a_weight_of_zero_leaves_a_ratio_undefined():
    found = row(**{"cross/update_over_weight": np.inf})
    assert np.isnan(found["cross/update_over_weight_rise"])

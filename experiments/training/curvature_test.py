"""Lanczos' method on matrices that are known, and the steps that are measured."""

import types

import numpy as np
import pytest
from scipy.sparse import linalg

from experiments.studies.testing import smoke
from experiments.training import curvature
from experiments.training.curvature import CurvatureConfig, check_curvature, largest_eigenvalue

GOOD = {"every_steps": 4, "days": (3, 5), "lead_steps": 2, "follow_steps": 3}
GOOD |= {"vectors": 8, "restarts": 30, "tolerance": 1e-8}
CONFIG = CurvatureConfig(**GOOD)
N = 40


def symmetric(values):
    """A matrix with these eigenvalues and no axis among its eigenvectors."""
    rng = np.random.default_rng(1)
    rotation, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    return rotation @ np.diag(values) @ rotation.T


@pytest.mark.parametrize(
    "values, largest",
    [
        (np.linspace(0.1, 7.25, N), 7.25),  # a quadratic
        (np.linspace(-90, 3.5, N), 3.5),  # indefinite: not the largest by size
        (np.linspace(-9, -0.5, N), -0.5),
        (np.full(N, 2.5), 2.5),  # converges at once
        (np.zeros(N), 0.0),  # a dead network
    ],
    ids=["quadratic", "indefinite", "negative", "round", "flat"],
)
def test_the_largest_eigenvalue_by_size_and_sign(values, largest):
    matrix = symmetric(values)
    found = largest_eigenvalue(lambda v: matrix @ v, np.ones(N), CONFIG)
    assert (found.value, found.why) == (pytest.approx(largest, rel=1e-6, abs=1e-9), "")
    assert 0 < found.products < 1000


def test_what_has_no_value_is_nan_with_a_reason():
    matrix, start = symmetric(np.linspace(1, 2, N)), np.ones(N)
    bad = largest_eigenvalue(lambda v: np.append(v[:-1], np.inf), start, CONFIG)
    assert np.isnan(bad.value) and bad[1:] == (1, "not finite")
    few = CurvatureConfig(**GOOD | {"vectors": 3, "restarts": 1, "tolerance": 1e-12})
    slow = largest_eigenvalue(lambda v: matrix @ v, start, few)
    assert np.isnan(slow.value) and slow.why == "not converged"


def test_an_error_of_the_library_is_a_reason(monkeypatch):
    def fails(*given, **look):
        raise linalg.ArpackError(-8)

    monkeypatch.setattr(linalg, "eigsh", fails)
    found = largest_eigenvalue(lambda v: 2 * v, np.ones(N), CONFIG)
    assert np.isnan(found.value) and found.why.startswith("no solution: ARPACK error -8")


def test_a_value_repeats_bit_for_bit():
    matrix = symmetric(np.linspace(-1, 5, N) ** 3)
    first, second = (largest_eigenvalue(lambda v: matrix @ v, np.ones(N), CONFIG) for _ in "ab")
    assert first == second


def test_steps_are_measured_evenly_and_all_of_them_around_the_first_of_a_day():
    taken = [step for step in range(1, 43) if CONFIG.takes(step, steps_per_day=6)]
    assert taken == [4, 8, 12, 16, 17, 18, 19, 20, 21, 24, 28, 29, 30, 31, 32, 33, 36, 40]


def test_a_measured_run_is_predicted_to_take_as_much_longer_as_it_has_values(monkeypatch):
    monkeypatch.setattr(curvature, "PRODUCTS", 10)
    monkeypatch.setattr(curvature, "PRODUCT_STEPS", 3)
    trainer = types.SimpleNamespace(steps_per_day=6)
    method = types.SimpleNamespace(rule="naive")
    run = types.SimpleNamespace(steps=42, trainer=trainer, method=method)
    assert CONFIG.times(run) == pytest.approx(1 + 18 * 2 * 30 / 42)
    run.method.rule = "gc"
    assert CONFIG.times(run) == pytest.approx(1 + 2 * 18 * 2 * 30 / 42)


@pytest.mark.parametrize(
    "field, value",
    [
        ("every_steps", 0),
        ("days", 3),
        ("days", (3, -1)),
        ("days", ("a",)),
        ("lead_steps", -1),
        ("follow_steps", 1.5),
        ("vectors", 2),
        ("restarts", 0),
        ("tolerance", 0),
        ("tolerance", 2.0),
    ],
)
def test_bad_values_are_refused(field, value):
    with pytest.raises(ValueError, match=f"CurvatureConfig.{field} = .*: expected "):
        CurvatureConfig(**GOOD | {field: value})


def test_a_method_whose_steps_are_divided_otherwise_is_refused():
    check_curvature(smoke("clippy").method)
    with pytest.raises(ValueError, match="^MethodConfig.optimizer = 'adam': expected 'adagrad' w"):
        check_curvature(smoke("clippy_adam").method)
    joint = smoke("clippy", values={"MethodConfig.scope": "global"}).method
    with pytest.raises(ValueError, match="^MethodConfig.scope = 'global': expected 'local' where"):
        check_curvature(joint)

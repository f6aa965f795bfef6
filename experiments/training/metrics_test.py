"""Metrics against their definitions."""

import math

import numpy as np
import pytest

from experiments.training import metrics


def pairwise_auc(labels, scores):
    """The chance that a positive outranks a negative, ties half: counted pair by pair."""
    p, n = scores[labels][:, None], scores[~labels]
    return np.mean((p > n) + 0.5 * (p == n))


@pytest.mark.parametrize("seed", range(5))
def test_auc_counts_pairs(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(37) < 0.3
    scores = rng.integers(0, 9, 37).astype(np.float32)  # many ties
    assert metrics.auc(labels, scores) == pytest.approx(pairwise_auc(labels, scores), abs=1e-12)


@pytest.mark.parametrize(
    "labels, scores",
    [([1, 1], [0.1, 0.2]), ([0, 0], [0.1, 0.2]), ([0, 1], [np.nan, 0.2]), ([0, 1], [np.inf, 0.2])],
)
def test_auc_is_undefined_without_both_classes_or_finite_scores(labels, scores):
    assert math.isnan(metrics.auc(labels, np.array(scores)))


def test_log_loss_is_minus_the_mean_log_likelihood_and_finite():
    labels, logits = np.array([1, 0, 1]), np.array([0.3, -2.0, 1.5])
    likelihood = [1 / (1 + math.exp(-0.3)), 1 - 1 / (1 + math.exp(2.0)), 1 / (1 + math.exp(-1.5))]
    expected = -sum(map(math.log, likelihood)) / 3
    assert metrics.log_loss(labels, logits) == pytest.approx(expected, rel=1e-12)
    assert metrics.log_loss([0], [1e4]) == pytest.approx(1e4)


def test_rmse_is_the_root_of_the_mean_square():
    assert metrics.rmse([1.0, 2.0, 5.0], [1.0, 4.0, 2.0]) == pytest.approx(math.sqrt(13 / 3))

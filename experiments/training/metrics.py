"""Exact metrics of predictions on the evaluation day: arrays in, numbers out."""

import numpy as np
from scipy.stats import rankdata


def auc(labels, scores):
    """Exact area under the ROC curve, ties counted half.

    `labels` (n,) are 0 or 1, `scores` (n,) any increasing function of the probability. It is NaN if
    a class is missing or a score is not finite.
    """
    labels = np.asarray(labels) > 0.5
    positive, negative = labels.sum(), (~labels).sum()
    if positive == 0 or negative == 0 or not np.isfinite(scores).all():
        return float("nan")
    ranks = rankdata(scores)[labels].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def log_loss(labels, logits):
    """Mean binary cross entropy in nats of logits (n,); NaN if one is not finite."""
    logits = np.asarray(logits, np.float64)
    if not np.isfinite(logits).all():
        return float("nan")
    return float(np.mean(np.logaddexp(0, logits) - np.asarray(labels) * logits))


def rmse(labels, predictions):
    """Root mean squared error, in units of the label."""
    error = np.asarray(predictions, np.float64) - np.asarray(labels, np.float64)
    return float(np.sqrt(np.mean(np.square(error))))


BY_KIND = {"binary": {"auc": auc, "log_loss": log_loss}, "regression": {"rmse": rmse}}

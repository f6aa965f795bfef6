"""Exact metrics of predictions on the evaluation day: arrays in, numbers out."""

import numpy as np
from scipy.stats import rankdata


def auc(labels, scores):
    """Exact area under the ROC curve, ties counted half.

    Args:
      labels: array (n,), 0 or 1.
      scores: array (n,); any increasing function of the probability serves.
    Returns: float in [0, 1]; NaN if a class is missing or a score is not finite.
    """
    labels = np.asarray(labels) > 0.5
    positive, negative = labels.sum(), (~labels).sum()
    if positive == 0 or negative == 0 or not np.isfinite(scores).all():
        return float("nan")
    ranks = rankdata(scores)[labels].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def log_loss(labels, logits):
    """Mean binary cross entropy in nats, of logits (n,) and labels 0 or 1 (n,).

    Returns: float; NaN if a logit is not finite.
    """
    logits = np.asarray(logits, np.float64)
    if not np.isfinite(logits).all():
        return float("nan")
    return float(np.mean(np.logaddexp(0, logits) - np.asarray(labels) * logits))


def rmse(labels, predictions):
    """Root mean squared error, in units of the label."""
    error = np.asarray(predictions, np.float64) - np.asarray(labels, np.float64)
    return float(np.sqrt(np.mean(np.square(error))))


def by_task(tasks, columns, labels, predictions):
    """All metrics of all tasks.

    Args:
      tasks: (name, kind) of the predicted tasks.
      columns: the label column of each.
      labels: float array (n, label columns).
      predictions: dict from task to array (n,): logits of binary tasks, values of regressions.
    Returns: dict `<task>/auc`, `<task>/log_loss`, `<task>/rmse` -> float, NaN where undefined.
    """
    metrics = {}
    for (name, kind), column in zip(tasks, columns, strict=True):
        truth, predicted = labels[:, column], predictions[name]
        if kind == "binary":
            metrics[f"{name}/auc"] = auc(truth, predicted)
            metrics[f"{name}/log_loss"] = log_loss(truth, predicted)
        else:
            metrics[f"{name}/rmse"] = rmse(truth, predicted)
    return metrics

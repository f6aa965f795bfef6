"""Stability methods for Keras 2: clipping rules, and the optimizers that apply them."""

from clippy.drop_in import ClippyAdagrad, paper_clippy, shrink_by_references
from clippy.monitor import ClippingMonitor
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.rules import RULES, Rule, StepView

__all__ = [
    "RULES",
    "ClippedAdagrad",
    "ClippedAdam",
    "ClippedSGD",
    "ClippingMonitor",
    "ClippyAdagrad",
    "Rule",
    "StepView",
    "paper_clippy",
    "shrink_by_references",
]

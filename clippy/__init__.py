"""Stability methods for Keras 2: clipping rules, and the Adagrad that applies them."""

from clippy.optimizers import ClippedAdagrad
from clippy.rules import RULES, Rule, StepView

__all__ = ["RULES", "ClippedAdagrad", "Rule", "StepView"]

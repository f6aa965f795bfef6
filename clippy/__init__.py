"""Stability methods for Keras: clipping rules, and the optimizers that apply them.

The optimizers here are for Keras 2, which is imported when the first of them is taken.
`clippy.keras3` has those for Keras 3. Neither imports the other.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING

from clippy.rules import RULES, Rule, StepView

if TYPE_CHECKING:
    from clippy.drop_in import ClippyAdagrad, paper_clippy, shrink_by_references
    from clippy.monitor import ClippingMonitor
    from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD

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
_MODULES = {  # of the names for Keras 2
    "drop_in": ("ClippyAdagrad", "paper_clippy", "shrink_by_references"),
    "monitor": ("ClippingMonitor",),
    "optimizers": ("ClippedAdagrad", "ClippedAdam", "ClippedSGD"),
}


def __getattr__(name):
    module = next((module for module, names in _MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module 'clippy' has no attribute {name!r}")
    if not importlib.util.find_spec("tf_keras"):
        raise ImportError(
            f"clippy.{name} is for Keras 2, and tf_keras is not installed: expected one of "
            f"{', '.join(__dir__())}"
        )
    return getattr(importlib.import_module(f"clippy.{module}"), name)


def __dir__():
    """The names to be had: the rules, and what is for a Keras that is installed."""
    names = ["RULES", "Rule", "StepView"]
    if importlib.util.find_spec("tf_keras"):
        names += [name for names in _MODULES.values() for name in names]
    if importlib.util.find_spec("keras"):
        names.append("keras3")
    return sorted(names)

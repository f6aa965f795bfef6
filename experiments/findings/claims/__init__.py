"""The claims of the paper, decided on runs: a pure function from a table of runs to verdicts."""

from experiments.findings.claims.scorecard import COLUMNS, evaluate, evaluate_pooled
from experiments.findings.claims.table import markdown

__all__ = ["COLUMNS", "evaluate", "evaluate_pooled", "markdown"]

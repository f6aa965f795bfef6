"""The report: one HTML page of the scorecard, tables, figures and runs of a results folder."""

from experiments.artefacts.report.material import Material, Run
from experiments.artefacts.report.page import render

__all__ = ["Material", "Run", "render"]

"""The report: one HTML page of the scorecard, tables, figures and runs of a results folder."""

from experiments.findings.report.material import Material, Run
from experiments.findings.report.page import render

__all__ = ["Material", "Run", "render"]

"""The report: one HTML page of the scorecard, tables, figures and runs of a results folder."""

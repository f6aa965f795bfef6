"""Runs, studies and artefacts: everything that reads gin, clocks and files."""

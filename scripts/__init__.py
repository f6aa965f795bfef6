"""Command lines over experiments/; the Makefile gives each its name."""

"""One run: configuration, program, trainer, evaluation, divergence, record."""

"""One run: configuration, training step, trainer, telemetry, detector, metrics, labels."""

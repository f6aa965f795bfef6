"""Files that survive anything: records, curves, telemetry, snapshots, checkpoints."""

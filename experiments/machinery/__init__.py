"""What carries the experiments: records, workers, cost, gin files."""

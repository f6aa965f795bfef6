"""What steps, batches, days and studies cost, as ratios."""

"""What a run costs in time and memory before it starts."""

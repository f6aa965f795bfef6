"""What is on disk against its records."""

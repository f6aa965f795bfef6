"""A study: grid, calibration, selection, execution on a pool of workers."""

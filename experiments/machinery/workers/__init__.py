"""Processes, hosts and devices that runs are given to."""

"""What a pool asks of an engine: start, submit, fault, stop; local.py, cluster.py."""


class Died(str):
    """What is said of a run whose worker died under it; it may be tried again."""

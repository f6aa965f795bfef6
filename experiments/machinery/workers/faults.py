"""What a pool asks of an engine: start, submit, fault, stop; local.py, cluster.py."""


class Died(str):
    """What is said of a run whose worker died under it; it may be tried again."""


class Broke(str):
    """What is said of a run that ended because all workers did; it may not have been begun."""


class Held(str):
    """What is said of a run that another process is on."""


class Stopped(str):
    """What is said of a run that only a person can help, as of a full disk: the study ends."""


class Noted(str):
    """What is said of a run that has ended well, as of a damaged day that was made again."""

"""Which days of a stream stand out: the shocks that a real stream has of its own."""

import pandas as pd

MAD_TO_DEVIATION = 1.4826  # of a normal variable: its standard deviation over its median deviation


def disturbed(days, limits):
    """The days whose mean of a column is far from that of other days.

    Args:
      days: dict from the name of a day to DataFrame.
      limits: dict from a column to the largest robust z-score, (mean - median) / (1.4826 times the
        median absolute deviation), either way, of a day that does not stand out.
    Returns: list of names, in their order.
    """
    means = pd.DataFrame({day: rows[list(limits)].mean() for day, rows in days.items()}).T
    away = (means - means.median()).abs()
    score = away / (MAD_TO_DEVIATION * away.median())
    return score.index[(score > pd.Series(limits)).any(axis=1)].tolist()

"""A curve as one word of text."""

import math

BARS = "▁▂▃▄▅▆▇█"
UNDEFINED = "×"


def sparkline(values, width, low=None, high=None):
    """Numbers as bars of eight heights.

    Args:
      values: numbers in order; None or one that is not finite is shown as ×.
      width: letters at most, at least 1. Of more values each letter shows the last of its share, so
        that the last letter is the last value.
      low, high: ends of the scale, beyond which bars are cut off; by default the least and the
        greatest defined value.
    Returns: text of at most `width` letters, "" without values. All at the same height are low.
    """
    values = [math.nan if value is None else value for value in values]
    letters = min(len(values), width)
    shown = [values[(k + 1) * len(values) // letters - 1] for k in range(letters)]
    defined = [value for value in shown if math.isfinite(value)]
    low = min(defined, default=0.0) if low is None else low
    high = max(defined, default=0.0) if high is None else high
    return "".join(_letter(value, low, high) for value in shown)


def _letter(value, low, high):
    if not math.isfinite(value):
        return UNDEFINED
    share = (value - low) / (high - low) if high > low else 0.0
    return BARS[min(max(int(share * len(BARS)), 0), len(BARS) - 1)]

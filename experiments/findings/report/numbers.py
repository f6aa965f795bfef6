"""Numbers as a page embeds them: short, and never NaN, which JSON does not have."""

import json
import math

DIGITS = 6  # significant, of what is plotted


def short(value, digits=DIGITS):
    """A number with so many significant digits; None for one that is not finite.

    A whole number comes back as an int, which JSON writes shorter.
    """
    if value is None or not math.isfinite(value):
        return None
    value = float(f"{value:.{digits}g}")
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def shorts(values, digits=DIGITS):
    """A list of short numbers."""
    return [short(value, digits) for value in values]


def embedded(value):
    """JSON that may stand inside a <script> element, whatever the texts in it say.

    Args:
      value: what json.dumps takes, without NaN.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text

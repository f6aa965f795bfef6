"""A checksum of a JSON file's own content, inside it, so that a changed digit is noticed."""

import hashlib
import json

KEY = "own_sha256"


def sealed(fields):
    """The fields with their own checksum.

    Args:
      fields: dict that JSON can hold; an older checksum in it is replaced.
    """
    return fields | {KEY: _digest(fields)}


def is_intact(fields):
    """Whether fields read from a file are those that were sealed; True where nothing was.

    Files of before version 0.5.0 have no checksum of their own.
    """
    return fields.get(KEY) is None or fields[KEY] == _digest(fields)


def _digest(fields):
    text = json.dumps({k: v for k, v in fields.items() if k != KEY}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()

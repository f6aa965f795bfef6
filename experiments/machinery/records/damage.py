"""Files of a results folder that are not what they should be are set aside, and a line says so.

They are never deleted: a damaged file may be all that is left of an hour.
"""

import contextlib
import itertools
import pathlib

from experiments.errors import Damaged


def mended(root, look, say):
    """What `look` returns, or None if it raises Damaged: the files are then set aside.

    `say` is called with one line about them. Raises: OSError if they cannot be moved.
    """
    with contextlib.suppress(Damaged):
        return look()
    try:
        return look()  # another study on the folder may just have made the files again
    except Damaged as damaged:
        say(set_aside(root, damaged))
        return None


def set_aside(root, damaged):
    """Moves the files of a Damaged to free names in `<root>/damaged`; returns a line about it."""
    folder = pathlib.Path(root) / "damaged"
    folder.mkdir(exist_ok=True)
    for path in map(pathlib.Path, damaged.files):
        free, numbers = folder / path.name, itertools.count(2)
        while free.exists():
            free = folder / f"{path.name}.{next(numbers)}"
        with contextlib.suppress(FileNotFoundError):  # one of a pair may be what is missing
            path.rename(free)
    return f"damaged: {damaged.path}: {damaged.reason}: set aside in {folder}, made again"

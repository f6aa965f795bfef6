"""Files of a results folder that are not what they should be are set aside, and a line says so.

They are never deleted: a damaged file may be all that is left of an hour.
"""

import contextlib
import itertools
import pathlib

from experiments.errors import Damaged


def mended(root, look, say):
    """What `look` returns, or None if it met damaged files, which are then set aside.

    Args:
      root: results folder.
      look: function that reads, and raises Damaged.
      say: called with one line about the files that are set aside.
    Raises: what else `look` raises; OSError if the files cannot be moved.
    """
    with contextlib.suppress(Damaged):
        return look()
    try:
        return look()  # another study on the folder may just have made the files again
    except Damaged as damaged:
        say(set_aside(root, damaged))
        return None


def set_aside(root, damaged):
    """Moves damaged files to `<root>/damaged`, under names that are not taken there.

    Args:
      root: results folder.
      damaged: Damaged.
    Returns: a line that says what was done.
    """
    folder = pathlib.Path(root) / "damaged"
    folder.mkdir(exist_ok=True)
    for path in map(pathlib.Path, damaged.files):
        numbered = (f"{path.name}.{number}" for number in itertools.count(2))
        names = itertools.chain([path.name], numbered)
        free = next(name for name in names if not (folder / name).exists())
        with contextlib.suppress(FileNotFoundError):  # one of a pair may be what is missing
            path.rename(folder / free)
    return f"damaged: {damaged.path}: {damaged.reason}: set aside in {folder}, made again"

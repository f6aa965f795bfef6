"""The SEEDS that an artefact was made with; without them it has the studies' own number."""

import json

from experiments.errors import BadInput
from experiments.machinery.records.files import write_json

FILE = "seeds.json"


def remembered(folder):
    """The SEEDS of the artefacts of a results folder by name; those made without are not there.

    Raises: BadInput if the file is not what `remember` writes.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text())
        if not all(type(seeds) is int for seeds in found.values()):
            raise ValueError("numbers are expected")
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as error:
        raise BadInput(f"{path}: not the SEEDS of artefacts ({error}): delete it") from error
    return found


def remember(folder, names, seeds):
    """Notes that artefacts of these names were just made with SEEDS, or with None without."""
    before = remembered(folder)
    after = {name: number for name, number in before.items() if name not in names}
    after |= {} if seeds is None else dict.fromkeys(names, seeds)
    if after != before:
        write_json(folder / FILE, after)

"""A folder of aligned sentences: `english.txt` and `german.txt`, and `files.txt` if there is one.

Line k of `english.txt` and line k of `german.txt` are a pair, in UTF-8. Line k of `files.txt` names
the file that the pair comes from. Without it the pairs are taken in blocks of BLOCK_PAIRS, each of
which stands for a file: neighbours are alike, and those of a validation pair are no training pairs.
"""

import collections
import functools
import hashlib
import pathlib
from typing import NamedTuple

from data import checks
from data.source import ROOT

LANGUAGES = ("english", "german")
BLOCK_PAIRS = 50  # ours: of a folder without files.txt
MOST_OF_FILE = 20  # ours: validation pairs of a file, so that no single page decides an error rate


class Pairs(NamedTuple):
    """Sentences of both languages, in the order of their lines."""

    english: list[str]
    german: list[str]


def digest(path):
    """Digest of what is in the folder: 64 hexadecimal digits. Raises: ValueError without one."""
    folder = _folder(path)
    state = [(name, file.stat().st_size, file.stat().st_mtime_ns) for name, file in _files(folder)]
    return _digest(folder, tuple(state))


def split(path, validation_share, most_words):
    """(training, validation): Pairs. All pairs of a file are on one side, or left out.

    Left out of validation are pairs whose sentence in either language is one of training, whatever
    its case and blanks, and what a file has beyond its first MOST_OF_FILE others.

    Raises: ValueError, in one line, for files of different lengths, an empty line, text that is not
      UTF-8, or a side without pairs.
    """
    folder = _folder(path)
    lines = {name: _lines(file) for name, file in _files(folder)}
    names = lines.pop("files", None)
    for name, found in {**lines, "files": names or lines["english"]}.items():
        if len(found) != len(lines["english"]):
            raise ValueError(
                f"{folder / name}.txt: {len(found)} lines: expected {len(lines['english'])}, as "
                "english.txt has"
            )
    sides = [], []
    for place, pair in enumerate(zip(*(lines[name] for name in LANGUAGES), strict=True)):
        if max(len(sentence.split()) for sentence in pair) <= most_words:
            file = names[place] if names else str(place // BLOCK_PAIRS)
            sides[_validates(file, validation_share)].append((file, pair))
    training = [pair for _, pair in sides[0]]
    validation = _unseen(sides[1], training, MOST_OF_FILE if names else BLOCK_PAIRS)
    for what, side in (("training", training), ("validation", validation)):
        if not side:
            expected = "more files, another share or longer sentences"
            raise ValueError(f"{folder}: no pair for {what}: expected {expected}")
    return tuple(Pairs(*map(list, zip(*side, strict=True))) for side in (training, validation))


def _unseen(found, training, most):
    """The first `most` pairs of each file without a sentence of training, from (file, pair)s."""
    known = {_plain(sentence) for pair in training for sentence in pair}
    kept, counts = [], collections.Counter()
    for file, pair in found:
        if counts[file] < most and known.isdisjoint(map(_plain, pair)):
            counts[file] += 1
            kept.append(pair)
    return kept


def _plain(sentence):
    return " ".join(sentence.casefold().split())


def _validates(file, share):
    """Whether a file is for validation: by its name alone, so that others do not move it."""
    return int(hashlib.sha256(file.encode()).hexdigest()[:8], 16) < share * 16**8


def _folder(path):
    """The folder of a path: from the present folder, else from that of the project."""
    for place in (pathlib.Path(path), ROOT / path):
        if place.is_dir():
            return place
    expected = "a folder with english.txt and german.txt; make fetch STREAM=libreoffice leaves one"
    return checks.fail("CorpusConfig.path", path, expected)


def _files(folder):
    """The files of a folder by name: list of (name, path)."""
    found = [(name, folder / f"{name}.txt") for name in (*LANGUAGES, "files")]
    for name, file in found[:2]:
        if not file.is_file():
            raise ValueError(f"{folder}: no {name}.txt: expected one sentence a line")
    return [(name, file) for name, file in found if file.is_file()]


def _lines(file):
    try:
        lines = file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: cannot be read: expected text in UTF-8") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise ValueError(f"{file}:{number}: an empty line: expected text")
    return lines


@functools.cache
def _digest(folder, state):
    """Digest of the files of a folder as long as their sizes and times of change are `state`."""
    whole = hashlib.sha256()
    for name, *_ in state:
        whole.update(f"{name}\n".encode() + (folder / f"{name}.txt").read_bytes() + b"\0")
    return whole.hexdigest()

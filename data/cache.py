"""Generated days on disk: written once, verified on reading, made again if damaged."""

import contextlib
import functools
import hashlib
import json
import logging
import os
import pathlib

import filelock
import numpy as np

from data import checks
from data.logs import LogsConfig, LogStream
from data.stream import Stream
from data.translation import CorpusConfig, PairStream

# ours: three windows of any profile. Pages of a memory map that were read count as memory of the
# process, so with every day open the memory of a run grows with its days.
KEPT_DAYS = 16
FROM_FILES = {LogsConfig: LogStream, CorpusConfig: PairStream}  # streams that have no data seed


class DayCache:
    """The days of one stream, each in a file of its own that is read through a memory map.

    A day is `day-<t>.npy`, which is never unpickled, and `day-<t>.sha256`, its checksum. Both are
    written under another name and renamed, the checksum last: a day without a checksum is not yet
    a day, and one that has another checksum is damaged. The last damaged file of each day is kept
    in the folder `damaged/` beside it.

    A stream has `config.days`, `row_type`, `identity`, `rows(day)` and `blocks(day)`, as Stream,
    LogStream and PairStream. Each gets a folder of its own in `root`. `say` is called with one line
    about each damaged day.
    """

    def __init__(self, root, stream, say=logging.warning):
        self._stream, self._say = stream, say
        self._folder = pathlib.Path(root) / _key(stream)
        self._verified = set()
        self._open = functools.lru_cache(KEPT_DAYS)(self._mapped_day)

    def day(self, day):
        """All rows of one day: read-only array of (rows,) of the stream's `row_type`.

        The first call for a day verifies its file. It generates the day if the file is missing or
        damaged, and says so if it is damaged.

        Raises: ValueError if `day` is not a day of the stream; OSError, which names the file, if
          the folder cannot be written.
        """
        checks.whole("day", day, 0, self._stream.config.days - 1)
        return self._open(day)

    def rows(self, day):
        """How many rows a day has."""
        return self._stream.rows(day)

    def _mapped_day(self, day):
        path = self._folder / f"day-{day:05d}.npy"
        if day in self._verified:
            # The file may be gone since, or another process may be making it again.
            with contextlib.suppress(FileNotFoundError):
                return _mapped(path)
        if not self._intact(day, path):
            self._make(day, path)
        self._verified.add(day)
        return _mapped(path)

    def _make(self, day, path):
        self._folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            if self._intact(day, path):  # another process has made it meanwhile
                return
            if path.exists() and path.with_suffix(".sha256").exists():
                # Only the last damaged file of a day is kept: days are large, and made again.
                folder = self._folder / "damaged"
                folder.mkdir(exist_ok=True)
                path.replace(folder / path.name)
                what = f"{path}: not the day of its checksum"
                self._say(f"damaged: {what}: set aside in {folder}, made again")
            self._write(day, path)

    def _intact(self, day, path):
        try:
            if path.with_suffix(".sha256").read_text().strip() != self._checksum(path):
                return False
            rows = _mapped(path)
        except (OSError, ValueError):  # missing, not text, not an array, or an array of objects
            return False
        expected = (self._stream.row_type, (self._stream.rows(day),))
        return (rows.dtype, rows.shape) == expected

    def _checksum(self, path):
        """The checksum of a file with its stream and day: a copy of another day must not pass."""
        which = f"{self._folder.name}/{path.stem}\n".encode()
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.sha256(which)).hexdigest()

    def _write(self, day, path):
        for left in path.parent.glob(f"{path.stem}.*.draft"):  # of a process that was killed
            left.unlink(missing_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.draft")
        try:
            self._generate(day, draft)
            path.with_suffix(".sha256").unlink(missing_ok=True)
            draft.replace(path)
            draft.write_text(self._checksum(path))
            draft.replace(path.with_suffix(".sha256"))
        except OSError as error:
            if error.filename is None:  # the error of a write does not name the file
                error.filename = str(path)
            raise
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _generate(self, day, path):
        """Writes a day block by block, so that memory does not grow with the day."""
        # Through a file and not a memory map: on a full disk a map ends in a signal, not an error.
        header = {
            "descr": np.lib.format.dtype_to_descr(self._stream.row_type),
            "fortran_order": False,
            "shape": (self._stream.rows(day),),
        }
        with path.open("wb") as file:
            np.lib.format.write_array_header_2_0(file, header)
            for rows in self._stream.blocks(day):
                file.write(rows.tobytes())


def open_days(root, config, seed, say=logging.warning):
    """The DayCache of a stream by its config: StreamConfig, or one of FROM_FILES, without a seed.

    Raises: ValueError, in one line, for a log or a corpus that is not what its config says.
    """
    kind = FROM_FILES.get(type(config))
    return DayCache(root, kind(config, root) if kind else Stream(config, seed), say)


def _key(stream):
    """Folder name of a stream: a hash of all that decides its bytes."""
    text = json.dumps(stream.identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _mapped(path):
    return np.load(path, mmap_mode="r", allow_pickle=False)

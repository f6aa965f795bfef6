"""The days of a log as a stream of examples."""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil

import filelock
import numpy as np

from data import checks
from data.logs import files
from data.logs.cut import check_left_out, cut
from data.logs.encoding import Encoding, fitted
from data.logs.rows import checked
from data.source import source_digest


class LogStream:
    """The days of a log. A row has the fields of Stream, but no `optimal`: the teacher is unknown.

    The first opening of a log reads all of it once, chunk by chunk, and keeps what it has learned
    in a folder of the cache.

    Args:
      config: LogsConfig.
      cache_root: folder of all generated days.
    Raises: ValueError, in one line, for a log that is not what its config says.
    """

    def __init__(self, config, cache_root):
        self.config = config
        text = json.dumps(self.identity, sort_keys=True).encode()
        self._folder = pathlib.Path(cache_root) / f"log-{hashlib.sha256(text).hexdigest()[:16]}"
        self._encoding = self._opened()

    @property
    def identity(self):
        """All that decides the bytes of the days, the code included; not where the files are."""
        fields = dataclasses.asdict(self.config)
        del fields["path"], fields["reported"]
        return [source_digest("data.logs.stream"), fields]

    @property
    def row_type(self):
        """The numpy structured type of one example."""
        fields = [
            ("dense", np.float32, (len(self.config.dense),)),
            ("categorical", np.int32, (len(self.config.categorical),)),
            ("labels", np.float32, (len(self.config.tasks),)),  # NaN for a missing label
        ]
        return np.dtype(fields)

    def rows(self, day):
        """How many rows a day has."""
        checks.whole("day", day, 0, self.config.days - 1)
        return self._encoding.rows[day]

    def day(self, day):
        """All rows of one day: array of (rows,) of `row_type`."""
        return np.concatenate(list(self.blocks(day)))

    def blocks(self, day):
        """Yields the rows of one day in arrays.

        Raises: ValueError if `day` is not in [0, days), or if its files have changed since the log
          was opened first.
        """
        checks.whole("day", day, 0, self.config.days - 1)
        name, paths = self._days()[day]
        if files.digest_of(paths) != self._encoding.digests[day]:
            raise ValueError(f"{paths[0]}: day {name} has changed since the run's configuration")
        for _, _, frame in checked(self.config, paths):
            batch = np.empty(len(frame), self.row_type)
            batch["dense"] = self._encoding.dense(self.config, frame)
            batch["categorical"] = self._encoding.categorical(self.config, frame)
            batch["labels"] = frame[list(dict(self.config.tasks))].to_numpy(np.float32)
            yield batch

    def _opened(self):
        path = self._folder / "encoding.json"
        self._folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self._folder / "encoding.lock"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                content = json.loads(path.read_text())
                if content["sha256"] == _sha256(content["encoding"]):
                    return Encoding(**content["encoding"])
            if files.digest(self.config.path) != self.config.digest:
                expected = "the log of the run's configuration"
                raise ValueError(f"{self.config.path}: the files have changed: expected {expected}")
            if self.config.day_column is not None:
                self._cut()
            encoding = fitted(self.config, self._days())
            fields = dataclasses.asdict(encoding)
            draft = path.with_suffix(f".{os.getpid()}.draft")
            draft.write_text(json.dumps({"sha256": _sha256(fields), "encoding": fields}))
            draft.replace(path)
            return encoding

    def _days(self):
        """The N days: list of (name, files)."""
        if self.config.day_column is None:
            found = self._used(files.parts(self.config.path))
        else:
            paths = sorted((self._folder / "days").glob("*.parquet"))
            found = [(path.stem, [path]) for path in paths]
        wanted, last = self.config.log_days, self.config.days - 1
        if len(found) < wanted:
            raise ValueError(f"{self.config.path}: {len(found)} days: expected at least {wanted}")
        evaluation = [path for _, paths in found[last:wanted] for path in paths]
        return [*found[:last], (found[last][0], evaluation)]

    def _used(self, found):
        """The days that are not left out."""
        named = {name.partition(".")[0]: (name, paths) for name, paths in found}
        check_left_out(self.config, named)
        return [day for name, day in named.items() if name not in self.config.left_out]

    def _cut(self):
        folder = self._folder / "days"
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
        folder.mkdir()
        paths = [file for _, found in files.parts(self.config.path) for file in found]
        cut(self.config, paths, folder)


def _sha256(fields):
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

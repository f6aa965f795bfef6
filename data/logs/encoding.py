"""What must be known of a whole log before one of its days can be read."""

import collections
import dataclasses
import zlib

import numpy as np
import pandas as pd

from data.logs import files
from data.logs.rows import checked

MISSING = "\0"  # a missing category: no value of a file is this text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Encoding:
    """How columns become features, and what each day is made of.

    Args:
      rows: number of rows of each day.
      digests: of the files of each day.
      mean, scale: of each dense column over the first days, in its units; a scale is above 0.
      vocabularies: dict from an indexed column to its values by falling frequency on the training
        days, as many as there are ids beside 0.
    """

    rows: list[int]
    digests: list[str]
    mean: list[float]
    scale: list[float]
    vocabularies: dict[str, list[str]]

    def dense(self, config, frame):
        """Standardised dense features, float32 (rows, dense): a missing value is the mean."""
        values = (frame[list(config.dense)].to_numpy(float) - self.mean) / self.scale
        limit = np.finfo(np.float32).max
        return np.clip(np.nan_to_num(values, nan=0.0), -limit, limit).astype(np.float32)

    def categorical(self, config, frame):
        """Ids of the categorical values, int32 (rows, categorical)."""
        ids = np.zeros((len(frame), len(config.categorical)), np.int32)
        for column, (name, how) in enumerate(config.categorical):
            values = frame[name].fillna(MISSING)
            if how == "hashed":
                places, found = pd.factorize(values)
                ids[:, column] = np.array([_hash(name, value, config) for value in found])[places]
            else:
                # Of what is not in the vocabulary the place is -1, and so the id 0.
                ids[:, column] = pd.Index(self.vocabularies[name]).get_indexer(values) + 1
        return ids


def fitted(config, days):
    """The Encoding of a log, in one pass over it.

    Args:
      config: LogsConfig.
      days: list of (name, files) of its N days.
    Raises: ValueError, which names file or day, for what `checked` refuses, for a day without rows,
      and for a binary task with one class on the training days or on the last day.
    """
    rows, last = [], len(days) - 1
    moments = _Moments(len(config.dense))
    counts = {name: collections.Counter() for name, how in config.categorical if how == "indexed"}
    classes = {name: (set(), set()) for name, kind in config.tasks if kind == "binary"}
    for day, (name, paths) in enumerate(days):
        rows.append(0)
        for _, _, frame in checked(config, paths):
            rows[day] += len(frame)
            if day < config.standardised_days:
                moments.add(frame[list(config.dense)].to_numpy(float))
            for column in counts if day < last else ():
                counts[column].update(frame[column].fillna(MISSING))
            for task, seen in classes.items():
                seen[day == last].update(frame[task].dropna().unique())
        if not rows[day]:
            raise ValueError(f"{paths[0]}: day {name} has no rows: expected at least one")
    for task, seen in classes.items():
        for found, where in zip(seen, ("the training days", "the last day"), strict=True):
            if len(found) < 2:
                said = f"{task} has {len(found)} of its two classes on {where}"
                raise ValueError(f"{config.path}: {said}: expected both")
    most = config.vocabulary_size - 1
    return Encoding(
        rows=rows,
        digests=[files.digest_of(paths) for _, paths in days],
        mean=moments.mean.tolist(),
        scale=moments.scale.tolist(),
        vocabularies={name: _most(seen, most) for name, seen in counts.items()},
    )


def _most(counts, most):
    """The values with the largest counts, those of equal counts in the order of their text."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [value for value, _ in ranked[:most]]


def _hash(name, value, config):
    return zlib.crc32(f"{name}={value}".encode()) % config.vocabulary_size


class _Moments:
    """Mean and standard deviation of columns, chunk by chunk; missing values do not count."""

    def __init__(self, columns):
        self._count, self.mean, self._squares = np.zeros((3, columns))

    def add(self, values):
        """Adds the rows of an array (rows, columns)."""
        count = (~np.isnan(values)).sum(axis=0)
        mean = np.nansum(values, axis=0) / np.maximum(count, 1)
        squares = np.nansum((values - mean) ** 2, axis=0)
        total, apart = np.maximum(self._count + count, 1), mean - self.mean
        self._squares += squares + apart**2 * self._count * count / total
        self.mean = self.mean + apart * count / total
        self._count = self._count + count

    @property
    def scale(self):
        """The standard deviation of each column, 1 where it is 0."""
        found = np.sqrt(self._squares / np.maximum(self._count, 1))
        return np.where(found > 0, found, 1.0)

"""A corpus as a stream of two days of token rows, which the day cache keeps."""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib

import filelock
import numpy as np

from data import checks
from data.source import source_digest
from data.translation import corpus, vocabulary

TRAINING, VALIDATION = 0, 1  # the two days


class PairStream:
    """The pairs of a corpus. A row has `source` and `target`, int32 (most_tokens,), padded with 0.

    The first opening learns the vocabulary and keeps it in a folder of the cache.

    Args:
      config: CorpusConfig.
      cache_root: folder of all generated days.
    Raises: ValueError, in one line, for a corpus that is not what its config says.
    """

    def __init__(self, config, cache_root):
        self.config = config
        if corpus.digest(config.path) != config.digest:
            expected = "the corpus of the run's configuration"
            raise ValueError(f"{config.path}: the files have changed: expected {expected}")
        self._sides = corpus.split(config.path, config.validation_share, config.most_words)
        text = json.dumps(self.identity, sort_keys=True).encode()
        self._folder = pathlib.Path(cache_root) / f"corpus-{hashlib.sha256(text).hexdigest()[:16]}"
        self._vocabulary = self._opened()

    @property
    def identity(self):
        """All that decides the bytes of the days, the code included; not where the files are."""
        fields = dataclasses.asdict(self.config)
        del fields["path"]
        version = vocabulary.library().__version__
        return [source_digest("data.translation.stream"), version, fields]

    @property
    def row_type(self):
        """The numpy structured type of one pair."""
        tokens = np.int32, (self.config.most_tokens,)
        return np.dtype([("source", *tokens), ("target", *tokens)])

    def rows(self, day):
        """How many pairs a day has."""
        checks.whole("day", day, 0, self.config.days - 1)
        return len(self._sides[day].english)

    def day(self, day):
        """All pairs of one day: array of (rows,) of `row_type`."""
        rows = np.zeros(self.rows(day), self.row_type)
        for field, sentences in zip(("source", "target"), self._sides[day], strict=True):
            tokens = vocabulary.encoded(self._vocabulary, sentences, self.config.most_tokens)
            for row, ids in zip(rows[field], tokens, strict=True):
                row[: len(ids)] = ids
        return rows

    def blocks(self, day):
        """Yields the pairs of one day in one array: a corpus is small."""
        yield self.day(day)

    def _opened(self):
        """The model of the vocabulary, from the cache if it is there whole."""
        path = self._folder / "vocabulary.model"
        self._folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self._folder / "vocabulary.lock"):
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                if path.with_suffix(".sha256").read_text() == hashlib.sha256(content).hexdigest():
                    return content
            training = self._sides[TRAINING]
            content = vocabulary.learned(
                [*training.english, *training.german], self.config.vocabulary_size
            )
            for file, made in (
                (path, content),
                (path.with_suffix(".sha256"), hashlib.sha256(content).hexdigest().encode()),
            ):
                draft = file.with_suffix(f".{os.getpid()}.draft")
                draft.write_bytes(made)
                draft.replace(file)
            return content

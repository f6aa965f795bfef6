"""The drifting stream: day t is a pure function of (config, data seed, t), in any process."""

import dataclasses

import numpy as np
from scipy.special import expit

from data import checks, drift
from data.source import source_digest
from data.teacher import TeacherFunction

BLOCK_ROWS = 8_192  # ours: one block at the width of the paper profile is 25 MB
HEAVY_GAIN = 1.5  # ours: one value in a thousand lies 10 standard deviations out or more
HEAVY_SCALE = np.sqrt((np.exp(2 * HEAVY_GAIN**2) - 1) / 2)  # standard deviation of sinh(gain z)


class Stream:
    """Days of examples whose features, labels and vocabularies drift.

    A day is an array of rows; each row has the fields of `row_type`:
      dense: float32 (dense_features,), what the model sees, drift included;
      categorical: int32 (categorical_features,), ids in [0, vocabulary_size);
      labels: float32 (tasks,), in the order of StreamConfig.tasks;
      optimal: float32 (tasks,), the Bayes-optimal prediction, known because the teacher is: a
        probability for a binary task, the mean for a regression task.
    """

    def __init__(self, config, seed):
        checks.whole("data_seed", seed, 0)
        self.config, self.seed = config, seed
        self._teacher = TeacherFunction(config, seed)
        self._mean, self._log_scale = drift.feature_paths(config, seed)
        self._label_scale = drift.label_scales(config).astype(np.float32)
        self._ranks = (0, drift.first_ranks(config))
        self._heavy, self._binary = config.heavy, config.binary
        # The distribution function of Zipf's law, cut off at the vocabulary.
        weight = np.arange(1, config.vocabulary_size + 1) ** -float(config.zipf_exponent)
        self._zipf = np.cumsum(weight / weight.sum())
        self._zipf[-1] = 1.0

    @property
    def row_type(self):
        """The numpy structured type of one example."""
        fields = [
            ("dense", np.float32, (self.config.dense_features,)),
            ("categorical", np.int32, (self.config.categorical_features,)),
            ("labels", np.float32, self._binary.shape),
            ("optimal", np.float32, self._binary.shape),
        ]
        return np.dtype(fields)

    @property
    def identity(self):
        """All that decides the bytes of the days, the code included: lists, dicts, plain values."""
        code = source_digest("data.stream", "data.config")
        return [code, dataclasses.asdict(self.config), self.seed]

    def rows(self, day):
        """How many rows a day has."""
        checks.whole("day", day, 0, self.config.days - 1)
        return self.config.examples_per_day

    def day(self, day):
        """All examples of one day: array of (examples_per_day,) of `row_type`."""
        return np.concatenate(list(self.blocks(day)))

    def blocks(self, day):
        """Yields the rows of one day in arrays of up to BLOCK_ROWS: a day need not fit memory.

        Raises: ValueError if `day` is not in [0, days).
        """
        for block in range(-(-self.rows(day) // BLOCK_ROWS)):
            yield self.block(day, block)

    def block(self, day, block):
        """One array of `blocks`, by its number. Raises: ValueError if there is no such block."""
        total = self.rows(day)
        checks.whole("block", block, 0, (total - 1) // BLOCK_ROWS)
        rows = min(BLOCK_ROWS, total - block * BLOCK_ROWS)
        rng = drift.generator(self.seed, drift.ROWS, day, block)
        normal = rng.standard_normal((rows, self.config.dense_features), np.float32)
        ids = self._ids(rng, day, rows)
        value = self._teacher(day, self._teacher.inputs(normal, ids))
        batch = np.empty(rows, self.row_type)
        batch["dense"] = self._seen(day, normal)
        batch["categorical"] = ids
        batch["optimal"] = np.where(self._binary, expit(value), value)
        batch["labels"] = self._labels(rng, batch["optimal"])
        for field in ("optimal", "labels"):
            batch[field] *= self._label_scale[day]  # 1 for every binary task
        return batch

    def _seen(self, day, normal):
        seen = normal.copy()
        seen[:, self._heavy] = np.sinh(HEAVY_GAIN * seen[:, self._heavy]) / HEAVY_SCALE
        scale = np.exp(self._log_scale[day]).astype(np.float32)
        return seen * scale + self._mean[day].astype(np.float32)

    def _ids(self, rng, day, rows):
        uniform = rng.random((rows, self.config.categorical_features))
        places = np.searchsorted(self._zipf, uniform, side="right")
        ranks = self._ranks_on(day)
        return ranks[np.arange(self.config.categorical_features), places]

    def _ranks_on(self, day):
        # Most days are asked for in order, so the ranks of the last one spare a replay from day 0.
        known, ranks = self._ranks
        if known > day:
            known, ranks = 0, drift.first_ranks(self.config)
        for later in range(known + 1, day + 1):
            ranks = drift.next_ranks(self.config, self.seed, later, ranks)
        self._ranks = (day, ranks)
        return ranks

    def _labels(self, rng, optimal):
        labels, binary = optimal.copy(), self._binary
        uniform = rng.random((len(optimal), binary.sum()), np.float32)
        labels[:, binary] = uniform < optimal[:, binary]
        noise = self.config.label_noise
        if noise is not None:
            shape = (len(optimal), (~binary).sum())
            tail = noise.scale * rng.standard_t(noise.degrees_of_freedom, shape)
            labels[:, ~binary] += np.clip(tail, -noise.limit, noise.limit)
        return labels

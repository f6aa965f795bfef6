"""The drifting stream: day t is a pure function of (config, data seed, t), in any process."""

import numpy as np
from scipy.special import expit

from data import checks, drift
from data.tasks import BINARY, TASKS
from data.teacher import TeacherFunction

BLOCK_ROWS = 8_192  # ours: one block at the width of the paper profile is 25 MB
HEAVY_GAIN = 1.5  # ours: one value in a thousand lies 10 standard deviations out or more
HEAVY_SCALE = np.sqrt((np.exp(2 * HEAVY_GAIN**2) - 1) / 2)  # standard deviation of sinh(gain z)


class Stream:
    """Days of examples whose features, labels and vocabularies drift.

    A day is an array of rows; each row has the fields of `row_type`:
      dense: float32 (dense_features,), what the model sees, drift included;
      categorical: int32 (categorical_features,), ids in [0, vocabulary_size);
      labels: float32 (6,), in the order of TASKS;
      optimal: float32 (6,), the Bayes-optimal prediction, known because the teacher is: a
        probability for a binary task, the mean for a regression task.
    """

    def __init__(self, config, seed):
        checks.whole("data_seed", seed, 0)
        self.config, self.seed = config, seed
        self._teacher = TeacherFunction(config, seed)
        self._mean, self._log_scale = drift.feature_paths(config, seed)
        self._label_scale = drift.label_scales(config).astype(np.float32)
        self._ranks = (0, drift.first_ranks(config))
        self._heavy = config.heavy
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
            ("labels", np.float32, (len(TASKS),)),
            ("optimal", np.float32, (len(TASKS),)),
        ]
        return np.dtype(fields)

    @property
    def blocks(self):
        """How many blocks one day has; all but the last have BLOCK_ROWS rows."""
        return -(-self.config.examples_per_day // BLOCK_ROWS)

    def day(self, day):
        """All examples of one day: array of (examples_per_day,) of `row_type`."""
        return np.concatenate([self.block(day, block) for block in range(self.blocks)])

    def block(self, day, block):
        """Up to BLOCK_ROWS rows of one day, so that a large day need not fit into memory.

        Raises: ValueError if `day` is not in [0, days) or `block` not in [0, blocks).
        """
        checks.whole("day", day, 0, self.config.days - 1)
        checks.whole("block", block, 0, self.blocks - 1)
        rng = drift.generator(self.seed, drift.ROWS, day, block)
        rows = min(BLOCK_ROWS, self.config.examples_per_day - block * BLOCK_ROWS)
        normal = rng.standard_normal((rows, self.config.dense_features), np.float32)
        ids = self._ids(rng, day, rows)
        value = self._teacher(day, self._teacher.inputs(normal, ids))
        batch = np.empty(rows, self.row_type)
        batch["dense"] = self._seen(day, normal)
        batch["categorical"] = ids
        batch["optimal"] = np.where(BINARY, expit(value), value)
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
        labels = optimal.copy()
        uniform = rng.random((len(optimal), BINARY.sum()), np.float32)
        labels[:, BINARY] = uniform < optimal[:, BINARY]
        noise = self.config.label_noise
        if noise is not None:
            shape = (len(optimal), (~BINARY).sum())
            tail = noise.scale * rng.standard_t(noise.degrees_of_freedom, shape)
            labels[:, ~BINARY] += np.clip(tail, -noise.limit, noise.limit)
        return labels

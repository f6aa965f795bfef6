"""Which pairs make up the batch of each step of a translation run."""

import dataclasses
import functools

import numpy as np

from data import checks

POOL_BATCHES = 32  # ours: batches that are sorted by length together; less than 5 % is padding then


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Epochs(checks.Checked):
    """Passes over the training pairs, in each of which a pair is in one batch at most.

    Pairs of like length share a batch, so that little of it is padding. The batch of a step is a
    pure function of (seed, step), as that of Window: a run resumes at any step. The pairs that are
    left over at the end of a pass are not used in it.

    Args:
      rows: training pairs, of `PairStream.row_type`.
      steps: training steps of the run.
      batch_size: pairs of a batch.
      seed: seed of the order of the data.
    """

    rows: np.ndarray
    steps: checks.Count
    batch_size: checks.Count
    seed: checks.Index

    def __post_init__(self):
        super().__post_init__()
        if self.batch_size > len(self.rows):
            expected = f"at most the {len(self.rows)} training pairs of the corpus"
            checks.fail("ScheduleConfig.batch_size", self.batch_size, expected)

    @property
    def batches(self):
        """Batches of a pass."""
        return len(self.rows) // self.batch_size

    def day_of(self, step):
        """The pass that `step` belongs to, both from 0."""
        return step // self.batches

    def batch(self, step, day_rows=None, rank=0, world=1):
        """The pairs of one batch: array (batch_size,). One process takes them all.

        Raises: ValueError if `step` is not in its range.
        """
        del day_rows, rank
        checks.whole("step", step, 0, self.steps - 1)
        checks.whole("world", world, 1, 1)
        number, place = divmod(step, self.batches)
        return self.rows[np.sort(self._order(number)[place])]

    @functools.lru_cache(maxsize=2)  # noqa: B019  a run keeps its Epochs for as long as it lasts
    def _order(self, number):
        """The rows of each batch of a pass: array (batches, batch_size)."""
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.rows))[: self.batches * self.batch_size]
        pool = POOL_BATCHES * self.batch_size
        for first in range(0, len(order), pool):
            part = order[first : first + pool]
            order[first : first + pool] = part[np.argsort(self._lengths[part], kind="stable")]
        return rng.permutation(order.reshape(self.batches, self.batch_size))

    @functools.cached_property
    def _lengths(self):
        return sum((self.rows[field] != 0).sum(axis=1) for field in ("source", "target"))

"""The moving window of section 3.1: which examples make up the batch of each step."""

import dataclasses
import functools
from typing import Annotated

import numpy as np

from data import checks
from data.checks import Checked, Count, Index


@dataclasses.dataclass(frozen=True, kw_only=True)
class Window(Checked):
    """Days 0 to N-2 in order; each batch is drawn uniformly from the rows of the last days.

    The batch of a step is a pure function of (seed, step): a run resumes at any step, and each of
    several workers takes its share of the same global batch.

    Args:
      days: N, the days of the stream; the last one is kept for evaluation.
      examples_per_day: rows of a day: one number, or one for each of the N days.
      window_days: W; on day t the batch comes from days max(0, t - W + 1) to t.
      steps_per_day: training steps taken before the window moves on.
      batch_size: rows of the global batch.
      seed: seed of the order of the data, an int >= 0.
    """

    days: Annotated[int, functools.partial(checks.whole, least=2)]
    examples_per_day: int | tuple[int, ...]
    window_days: int
    steps_per_day: Count
    batch_size: Count
    seed: Index

    def __post_init__(self):
        super().__post_init__()
        rows = self.examples_per_day
        for count in rows if isinstance(rows, tuple) else [rows]:
            checks.whole("Window.examples_per_day", count, 1)
        if isinstance(rows, tuple) and len(rows) != self.days:
            checks.fail("Window.examples_per_day", rows, f"numbers of {self.days} days")
        checks.whole("Window.window_days", self.window_days, 1, self.days - 1)

    @property
    def steps(self):
        """Steps of the whole run: `steps_per_day` for each of the N-1 training days."""
        return (self.days - 1) * self.steps_per_day

    def day_of(self, step):
        """The newest day in the window at `step` (steps count from 0)."""
        return step // self.steps_per_day

    def plan(self, step):
        """The days and rows of one batch: two int64 arrays (batch_size,).

        Raises: ValueError if `step` is not in [0, steps).
        """
        checks.whole("step", step, 0, self.steps - 1)
        newest = self.day_of(step)
        oldest = max(0, newest - self.window_days + 1)
        rng = np.random.default_rng([self.seed, step])
        if not isinstance(self.examples_per_day, tuple):
            days = rng.integers(oldest, newest + 1, self.batch_size)
            return days, rng.integers(0, self.examples_per_day, self.batch_size)
        ends = np.cumsum(self.examples_per_day[oldest : newest + 1])
        places = rng.integers(0, ends[-1], self.batch_size)
        days = np.searchsorted(ends, places, side="right")
        return oldest + days, places - np.append(0, ends)[days]

    def batch(self, step, day_rows, *, rank=0, world=1):
        """One worker's share of the global batch of `step`.

        Args:
          day_rows: function from a day to its array of rows (`DayCache.day` or `Stream.day`).
          rank: this worker, in [0, world).
          world: number of workers; must divide the batch size.
        Returns: array of (batch_size / world,) rows; the shares of ranks 0, 1, ... in order are
          the global batch.
        Raises: ValueError if `step`, `rank` or `world` is not in its range.
        """
        checks.whole("world", world, 1)
        checks.whole("rank", rank, 0, world - 1)
        if self.batch_size % world:
            checks.fail("world", world, f"a divisor of the batch size {self.batch_size}")
        share = self.batch_size // world
        days, rows = (part[rank * share : (rank + 1) * share] for part in self.plan(step))
        batch = None
        for day in np.unique(days):
            source = day_rows(int(day))
            if batch is None:
                batch = np.empty(share, source.dtype)
            chosen = days == day
            batch[chosen] = source[rows[chosen]]
        return batch

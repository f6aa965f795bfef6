"""Divergence while a run trains: from the training loss and a gradient norm, without evaluation.

Section 2.2 names the problem: evaluations are too rare to see a micro-divergence.
"""

import collections
import dataclasses
import math
from typing import NamedTuple

import numpy as np

from data import checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """Thresholds of the online detector. They enter no run's identity.

    Args:
      median_steps: steps whose median says what is usual, of loss and gradient norm alike.
      loss_jump: a loss above this many times the usual one opens an episode.
      loss_calm: an episode ends as "micro" at a loss below this many times the usual one.
      patience_steps: an episode that lasts longer is "full".
      gradient_lost: a gradient norm below this share of the usual one is that of a dead network.
      dead_steps: steps in a row with such a gradient after which a run is "full".
    """

    median_steps: int
    loss_jump: float
    loss_calm: float
    patience_steps: int
    gradient_lost: float
    dead_steps: int

    def __post_init__(self):
        for field in ("median_steps", "patience_steps", "dead_steps"):
            checks.whole(f"DetectorConfig.{field}", getattr(self, field), 1)
        checks.real("DetectorConfig.loss_jump", self.loss_jump, above=1)
        checks.real("DetectorConfig.loss_calm", self.loss_calm, above=1, most=self.loss_jump)
        checks.real("DetectorConfig.gradient_lost", self.gradient_lost, above=0, most=1)


class Event(NamedTuple):
    """What the detector says: "jump" (it is not yet known how it ends), "micro" or "full".

    step is that at which it is said, onset the first bad one; both count steps taken.
    """

    kind: str
    step: int
    onset: int


class Detector:
    """Sees the steps of one run in their order and says when it diverges.

    Args:
      config: DetectorConfig.
    """

    def __init__(self, config):
        self._config = config
        self._losses = collections.deque(maxlen=config.median_steps)
        self._norms = collections.deque(maxlen=config.median_steps)
        self._onset, self._dead_since, self._over = None, None, False

    def see(self, step, loss, gradient_norm=None):
        """Takes the next step.

        Args:
          step: steps taken, 1 for the first.
          loss: training loss of the step.
          gradient_norm: norm of the gradient of a shared layer, or None if it is not known.
        Returns: Event or None. Nothing follows an event "full".
        """
        if self._over:
            return None
        if not math.isfinite(loss):
            return self._full(step, self._onset or step)
        died = self._died(step, gradient_norm)
        if died is not None:
            return self._full(step, min(died, self._onset or died))
        usual = float(np.median(self._losses)) if self._losses else math.inf
        if self._onset is None:
            if loss > self._config.loss_jump * usual:
                self._onset = step
                return Event("jump", step, step)
            self._losses.append(loss)
            return None
        if loss < self._config.loss_calm * usual:
            onset, self._onset = self._onset, None
            return Event("micro", step, onset)
        if step - self._onset >= self._config.patience_steps:
            return self._full(step, self._onset)
        return None

    def _full(self, step, onset):
        self._over = True
        return Event("full", step, onset)

    def _died(self, step, norm):
        """The step since which the gradient is lost, once that is long enough, or None."""
        if norm is None:
            return None
        usual = float(np.median(self._norms)) if self._norms else 0.0
        if math.isfinite(norm) and norm < self._config.gradient_lost * usual:
            self._dead_since = self._dead_since or step
            long_enough = step - self._dead_since + 1 >= self._config.dead_steps
            return self._dead_since if long_enough else None
        self._dead_since = None
        if math.isfinite(norm):
            self._norms.append(norm)
        return None

"""Divergence while a run trains: from training losses and a gradient norm, without evaluation.

Section 2.2 names the problem: evaluations are too rare to see a micro-divergence.
"""

import collections
import dataclasses
import math
from typing import NamedTuple

import numpy as np

from data import checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetectorConfig(checks.Checked):
    """Thresholds of the online detector. They enter no run's identity.

    A step is compared with the median of the usual steps before it, loss by loss; the middle task
    counts, since a divergence hits all tasks through the layers they share, and a bad label its
    own alone.

    Args:
      median_steps: how many usual steps that median runs over.
      loss_jump: a loss of the middle task above this many times the usual one opens an episode.
      gradient_jump: a gradient norm above this many times the usual one opens an episode too.
      calm: an episode ends as "micro" once the loss is below this many times the usual one.
      calm_steps: steps in a row over whose median that is judged.
      patience_steps: an episode that lasts longer is "full".
      gradient_lost: a gradient norm below this share of the usual one is that of a dead network.
      dead_steps: steps in a row with such a gradient after which a run is "full".
    """

    median_steps: checks.Count
    loss_jump: checks.Multiple
    gradient_jump: checks.Multiple
    calm: float
    calm_steps: checks.Count
    patience_steps: checks.Count
    gradient_lost: checks.Share
    dead_steps: checks.Count

    def __post_init__(self):
        super().__post_init__()
        checks.real("DetectorConfig.calm", self.calm, above=1, most=self.loss_jump)


class Event(NamedTuple):
    """What the detector says: "jump" (it is not yet known how it ends), "micro" or "full".

    step is that at which it is said, onset the first bad one; both count steps taken.
    """

    kind: str
    step: int
    onset: int


class Detector:
    """Sees the steps of one run in their order and says when it diverges."""

    def __init__(self, config):
        self._config = config
        self._losses = collections.deque(maxlen=config.median_steps)
        self._norms = collections.deque(maxlen=config.median_steps)
        self._last = collections.deque(maxlen=config.calm_steps)
        self._onset, self._lost_since, self._over = None, None, False

    def see(self, step, losses, gradient_norm=None):
        """Takes the next step.

        Args:
          step: steps taken, 1 for the first.
          losses: of each task, or a list with their sum alone.
          gradient_norm: norm of the gradient of the lowest shared layer as the method in use lets
            it through, or None if it is not known.
        Returns: Event or None. Nothing follows an event "full".
        """
        if self._over:
            return None
        if not np.isfinite(losses).all():
            return self._full(step, self._onset or step)
        self._last.append(losses)
        lost = self._lost(step, gradient_norm)
        if lost is not None:
            return self._full(step, min(lost, self._onset or lost))
        if self._onset is None:
            return self._usual_step(step, losses, gradient_norm)
        if self._lost_since is None and self._has_calmed(step):
            onset, self._onset = self._onset, None
            return Event("micro", step, onset)
        if step - self._onset >= self._config.patience_steps:
            return self._full(step, self._onset)
        return None

    def _usual_step(self, step, losses, norm):
        known = norm is not None and self._norms
        # A norm that is not finite is above any usual one.
        spiked = known and not norm <= self._config.gradient_jump * np.median(self._norms)
        if self._ratio(losses) > self._config.loss_jump or spiked:
            self._onset = step
            return Event("jump", step, step)
        self._losses.append(losses)
        # The first norm has no usual one to be held against, and must not become it unless finite.
        if norm is not None and math.isfinite(norm) and self._lost_since is None:
            self._norms.append(norm)
        return None

    def _has_calmed(self, step):
        long_enough = step - self._onset >= self._config.calm_steps
        return long_enough and self._ratio(np.median(self._last, axis=0)) < self._config.calm

    def _ratio(self, losses):
        """Loss of the middle task in units of the usual one."""
        if not self._losses:
            return 1.0
        usual = np.maximum(np.median(self._losses, axis=0), np.finfo(float).tiny)
        return float(np.median(np.asarray(losses) / usual))

    def _full(self, step, onset):
        self._over = True
        return Event("full", step, onset)

    def _lost(self, step, norm):
        """The step since which the gradient is lost, once that is long enough, or None."""
        if norm is None or not self._norms:
            return None
        # A norm that is not finite breaks a row of lost ones, as a large one does.
        if not norm < self._config.gradient_lost * np.median(self._norms):
            self._lost_since = None
            return None
        self._lost_since = self._lost_since or step
        long_enough = step - self._lost_since + 1 >= self._config.dead_steps
        return self._lost_since if long_enough else None


LOWEST = "bottom_hidden"  # every gradient of a lower layer has come through it


def see_row(detector, row):
    """Hands a mapping with the columns of a telemetry file to a Detector: Event or None."""
    losses = [value for name, value in row.items() if name.startswith("loss/")]
    norm = row.get(f"{LOWEST}/grad_norm")
    if norm is not None:
        norm *= row.get(f"{LOWEST}/sigma", 1.0)  # a spike that the method holds back is none
    return detector.see(int(row["step"]), losses or [row["loss"]], norm)

"""Divergence while a run trains: from what each step shows, without evaluation.

Section 2.2 names the problem: evaluations are too rare to see a micro-divergence. What the detector
calls the onset is the onset everywhere: for the flight recorder, the doctor, replays and step-b.
"""

import collections
import dataclasses
import math
import sys
from statistics import median, median_low
from typing import NamedTuple

import numpy as np

from data import checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetectorConfig(checks.Checked):
    """Thresholds of the online detector. They enter no run's identity.

    A step is compared with the median of the usual steps before it, loss by loss; the middle task
    counts, the lower one of two, since a divergence hits all tasks through the layers they share,
    and bad labels hit their own alone.

    Args:
      median_steps: how many usual steps that median runs over.
      loss_jump: a loss of the middle task above this many times the usual one opens an episode.
      gradient_jump: a gradient norm above this many times the usual one opens an episode too.
      large_step: so does a step that moves a layer by more than this share of the layer's norm.
      dead_units: so does a layer of which more than this share of units is dead.
      calm: an episode ends as "micro" once the loss is below this many times the usual one, and no
        layer is dead.
      calm_steps: steps in a row over whose median that is judged.
      patience_steps: an episode that lasts longer is "full".
      gradient_lost: a gradient norm below this share of the usual one is that of a dead network.
      dead_steps: steps in a row with such a gradient, or with a layer that is dead in most of them,
        after which a run is "full".
    """

    median_steps: checks.Count
    loss_jump: checks.Multiple
    gradient_jump: checks.Multiple
    large_step: checks.Positive
    dead_units: checks.Share
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

    step is that at which it is said, onset the first bad one; both count steps taken. sign is what
    the onset showed, one of SIGNS.
    """

    kind: str
    step: int
    onset: int
    sign: str


SIGNS = {
    "number": "a number is not finite",
    "loss": "the loss of the middle task explodes",
    "gradient": "the gradient explodes",
    "step": "a step moves a layer by a large part of its norm",
    "death": "most units of a layer die",
    "lost": "the gradient is lost",
}


class Detector:
    """Sees the steps of one run in their order and says when it diverges."""

    def __init__(self, config):
        self._config = config
        self._losses = collections.deque(maxlen=config.median_steps)
        self._norms = collections.deque(maxlen=config.median_steps)
        self._last = collections.deque(maxlen=config.calm_steps)
        self._dead = collections.deque(maxlen=config.dead_steps)
        self._onset, self._sign, self._lost_since, self._over = None, "", None, False

    def see(self, step, losses, gradient_norm=None, moved=None, dead=None):
        """Takes the next step.

        Args:
          step: steps taken, 1 for the first.
          losses: of each task, or a list with their sum alone.
          gradient_norm: norm of the gradient of the lowest shared layer as the method in use lets
            it through, or None if it is not known.
          moved: size of the step over the norm of the weights, of the layer that moves farthest,
            or None.
          dead: share of dead units of the layer that has most of them, or None.
        Returns: Event or None. Nothing follows an event "full".
        """
        if self._over:
            return None
        if not all(map(math.isfinite, losses)):
            return self._full(step, step, "number")
        self._last.append(losses)
        self._dead.append(dead or 0.0)
        lost = self._lost(step, gradient_norm)
        if lost is not None:
            return self._full(step, lost, "lost")
        if self._onset is None:
            return self._usual_step(step, losses, gradient_norm, moved)
        return self._episode(step)

    def _usual_step(self, step, losses, norm, moved):
        known = norm is not None and self._norms
        # What is not finite is above any usual norm, and above any large step.
        signs = {
            "loss": self._ratio(losses) > self._config.loss_jump,
            "gradient": known and not norm <= self._config.gradient_jump * median(self._norms),
            "step": moved is not None and not moved <= self._config.large_step,
            "death": self._dead[-1] > self._config.dead_units,
        }
        sign = next((name for name, shown in signs.items() if shown), None)
        if sign is not None:
            self._onset, self._sign = step, sign
            return Event("jump", step, step, sign)
        self._losses.append(losses)
        # The first norm has no usual one to be held against, and must not become it unless finite.
        if norm is not None and math.isfinite(norm) and self._lost_since is None:
            self._norms.append(norm)
        return None

    def _episode(self, step):
        """The event that ends an episode at this step, or None."""
        lasted = step - self._onset
        dead = np.array(self._dead) > self._config.dead_units
        long_dead = np.median(dead) == 1 and lasted + 1 >= self._config.dead_steps
        if long_dead or lasted >= self._config.patience_steps:
            return self._full(step, self._onset, self._sign)
        calm = lasted >= self._config.calm_steps and self._lost_since is None and not dead[-1]
        if calm and self._ratio(np.median(self._last, axis=0)) < self._config.calm:
            onset, self._onset = self._onset, None
            return Event("micro", step, onset, self._sign)
        return None

    def _ratio(self, losses):
        """Loss of the middle task in units of the usual one."""
        if not self._losses:
            return 1.0
        # Lists and floats: arrays of a few numbers take five times as long, at every step.
        usual = [max(median(task), sys.float_info.min) for task in zip(*self._losses, strict=True)]
        return median_low(loss / one for loss, one in zip(losses, usual, strict=True))

    def _full(self, step, onset, sign):
        """The last event; an episode that began earlier dates it."""
        self._over = True
        if self._onset is not None and self._onset <= onset:
            onset, sign = self._onset, self._sign
        return Event("full", step, onset, sign)

    def _lost(self, step, norm):
        """The step since which the gradient is lost, once that is long enough, or None."""
        if norm is None or not self._norms:
            return None
        # A norm that is not finite breaks a row of lost ones, as a large one does.
        if not norm < self._config.gradient_lost * median(self._norms):
            self._lost_since = None
            return None
        self._lost_since = self._lost_since or step
        long_enough = step - self._lost_since + 1 >= self._config.dead_steps
        return self._lost_since if long_enough else None


LOWEST = "bottom_hidden"  # every gradient of a lower layer has come through it
SHARED = ("cross", LOWEST, "top_hidden")  # labels of layers that all tasks share


def see_row(detector, row):
    """Hands a mapping with the columns of a telemetry file to a Detector: Event or None."""
    losses = [value for name, value in row.items() if name.startswith("loss/")]
    norm = row.get(f"{LOWEST}/grad_norm")
    if norm is not None:
        norm *= row.get(f"{LOWEST}/sigma", 1.0)  # a spike that the method holds back is none
    moves = [move for layer in SHARED if (move := moved(row, layer)) is not None]
    dead = [value for name, value in row.items() if name.startswith("dead/")]
    # Not max(), whose answer depends on where a NaN stands.
    largest, most = (np.max(found) if found else None for found in (moves, dead))
    return detector.see(int(row["step"]), losses or [row["loss"]], norm, largest, most)


def moved(row, layer):
    """Size of a step over the norm of a layer's weights, from a row or a frame of telemetry.

    None where that was not measured.
    """
    if f"{layer}/update_norm" not in row:
        return None
    size = row["learning_rate"] * row[f"{layer}/sigma"] * row[f"{layer}/update_norm"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(size, row[f"{layer}/weight_norm"])

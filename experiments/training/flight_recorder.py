"""The flight recorder: snapshots of a run's state, the one before an onset kept on disk."""

import collections
import dataclasses
from typing import NamedTuple

from data import checks
from experiments.training.observer import Observer

KINDS = ("weight", "accumulator")  # of arrays in files; the second is any state of an optimizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecorderConfig(checks.Checked):
    """Which snapshots of a run are held in memory, and which is saved.

    Args:
      every_steps: steps from one snapshot to the next.
      snapshots: how many of the last ones are held.
      lead_steps: least steps from the snapshot that is saved to the onset, if one is held.
    """

    every_steps: checks.Count
    snapshots: checks.Count
    lead_steps: checks.Index


class Snapshot(NamedTuple):
    """The state of a run after `step` steps. With the run's config it decides all that follows.

    weights: arrays in the order of the model's trainable variables.
    state: what the optimizer remembers, kind after kind in the same order: the accumulators of
      Adagrad, or the momenta and then the velocities of Adam.
    """

    step: int
    weights: list
    state: list

    def arrays(self):
        """The arrays by name, as files have them."""
        return {
            f"{kind}_{i}": array
            for kind, values in zip(KINDS, (self.weights, self.state), strict=True)
            for i, array in enumerate(values)
        }

    @classmethod
    def of(cls, step, arrays):
        """The snapshot whose `arrays` these are; KeyError if one is missing."""
        counts = (sum(name.startswith(f"{kind}_") for name in arrays) for kind in KINDS)
        parts = zip(KINDS, counts, strict=True)
        return cls(step, *([arrays[f"{kind}_{i}"] for i in range(n)] for kind, n in parts))


class FlightRecorder(Observer):
    """Holds the last snapshots of a run, and saves the one before an onset.

    It lies `lead_steps` before the onset, because the step that breaks a model comes before the
    loss that shows it. The snapshot of the first event stays, unless a later event is a full
    divergence.

    Args:
      save: function (snapshot, event) that writes.
    """

    def __init__(self, config, save):
        self._config, self._save = config, save
        self._held = collections.deque(maxlen=config.snapshots)
        self._pinned, self._saved = None, False

    def before(self, run):
        if run.step % self._config.every_steps == 0:
            self._held.append(run.program.snapshot(run.step))

    def fired(self, event):
        """Hears each event of the detector."""
        if event.kind == "jump":
            self._pinned = self._before(event.onset)  # it may have left when the end is known
        if event.kind == "full" or not self._saved:
            pinned = self._pinned
            early = pinned is not None and pinned.step < event.onset
            self._save(pinned if early else self._before(event.onset), event)
            self._saved = True
        if event.kind == "micro":
            self._pinned = None

    def _before(self, onset):
        """The last snapshot held that is early enough, or else the oldest."""
        latest = onset - 1 - self._config.lead_steps
        early = [held for held in self._held if held.step <= latest]
        return early[-1] if early else self._held[0]

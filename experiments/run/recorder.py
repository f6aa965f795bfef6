"""The flight recorder: snapshots of a run's state, the one before an onset kept on disk."""

import collections
import dataclasses
import hashlib
import io
import json
import pathlib
from typing import NamedTuple

import numpy as np

from data import checks
from experiments.errors import BadInput, Damaged
from experiments.run import seal
from experiments.run.record import check_folder, write_json, write_whole

SNAPSHOT_SCHEMA = 1
KINDS = ("weight", "accumulator")  # of arrays in files; the second is any state of an optimizer
FIELDS = frozenset(("schema", "run_id", "step", "event", "data_seed", "run_seed", "sha256"))


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecorderConfig:
    """Which snapshots of a run are held in memory, and which is saved.

    Args:
      every_steps: steps from one snapshot to the next.
      snapshots: how many of the last ones are held.
      lead_steps: least steps from the snapshot that is saved to the onset, if one is held.
    """

    every_steps: int
    snapshots: int
    lead_steps: int

    def __post_init__(self):
        for field in ("every_steps", "snapshots"):
            checks.whole(f"RecorderConfig.{field}", getattr(self, field), 1)
        checks.whole("RecorderConfig.lead_steps", self.lead_steps, 0)


class Snapshot(NamedTuple):
    """The state of a run before a step. With the run's config it decides all that follows.

    step: steps taken.
    weights: list of arrays, in the order of the model's trainable variables.
    state: list of arrays, what the optimizer remembers, kind after kind in the same order: the
      accumulators of Adagrad, or the momenta and then the velocities of Adam.
    """

    step: int
    weights: list
    state: list

    def arrays(self):
        """The arrays by name, as files have them: dict."""
        return {
            f"{kind}_{i}": array
            for kind, values in zip(KINDS, (self.weights, self.state), strict=True)
            for i, array in enumerate(values)
        }

    @classmethod
    def of(cls, step, arrays):
        """The snapshot whose `arrays` these are.

        Raises: KeyError if one is missing.
        """
        counts = (sum(name.startswith(f"{kind}_") for name in arrays) for kind in KINDS)
        parts = zip(KINDS, counts, strict=True)
        return cls(step, *([arrays[f"{kind}_{i}"] for i in range(n)] for kind, n in parts))


class Recorder:
    """Holds the last snapshots of a run, and saves the one before an onset.

    The snapshot of the first event stays, unless a later event is a full divergence.

    Args:
      config: RecorderConfig.
      save: function (snapshot, event) that writes.
    """

    def __init__(self, config, save):
        self._config, self._save = config, save
        self._held = collections.deque(maxlen=config.snapshots)
        self._pinned, self._saved = None, False

    def before(self, step, program):
        """Called before each step, counted from 0."""
        if step % self._config.every_steps == 0:
            self._held.append(program.snapshot(step))

    def fired(self, event):
        """Called with each event of the detector."""
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


class SnapshotStore:
    """The snapshots of one results folder, `<root>/snapshots/<run_id>.{npz,json}`.

    Args:
      root: folder of the profile's results.
    """

    def __init__(self, root):
        self.folder = pathlib.Path(root) / "snapshots"

    def has(self, run_id):
        """Whether a run has a snapshot."""
        return self._sidecar(run_id).exists()

    def write(self, config, snapshot, event):
        """Writes the arrays, then the sidecar that says what they are.

        Args:
          config: RunConfig.
          snapshot: Snapshot.
          event: Event that it is kept for.
        """
        check_folder(self.folder, "folder of snapshots")
        buffer = io.BytesIO()
        np.savez(buffer, **snapshot.arrays())
        write_whole(self._file(config.run_id), buffer.getvalue())
        sidecar = {
            "schema": SNAPSHOT_SCHEMA,
            "run_id": config.run_id,
            "step": snapshot.step,
            "event": event._asdict(),
            "data_seed": config.data_seed,
            "run_seed": config.run_seed,
            "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        }
        write_json(self._sidecar(config.run_id), seal.sealed(sidecar))

    def read(self, run_id):
        """The snapshot of a run and what its sidecar says: (Snapshot, dict).

        Raises: BadInput if it cannot be read; Damaged if it is truncated, changed or another run's.
        """
        sidecar, path = self._read_sidecar(run_id), self._file(run_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise self._damaged(path, f"cannot be read: {error.strerror}") from error
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != sidecar["sha256"]:
            reason = "not the snapshot of its sidecar (truncated or changed)"
            raise self._damaged(path, reason)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Snapshot.of(sidecar["step"], arrays), sidecar

    def _read_sidecar(self, run_id):
        path = self._sidecar(run_id)
        try:
            found = json.loads(path.read_text())
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise self._damaged(path, f"not JSON ({error})") from error
        if not isinstance(found, dict) or set(found) - {seal.KEY} != FIELDS:
            raise self._damaged(path, "not a snapshot's sidecar")
        if (found["schema"], found["run_id"]) != (SNAPSHOT_SCHEMA, run_id):
            raise self._damaged(
                path,
                f"schema {found['schema']}, run {found['run_id']}, not schema {SNAPSHOT_SCHEMA}, "
                f"run {run_id}",
            )
        if not seal.is_intact(found):
            raise self._damaged(path, "changed since it was written")
        return found

    def _damaged(self, path, reason):
        run_id = path.stem
        both = (self._sidecar(run_id), self._file(run_id))
        return Damaged(path, reason, "delete both files to record it again", both)

    def _file(self, run_id):
        return self.folder / f"{run_id}.npz"

    def _sidecar(self, run_id):
        return self.folder / f"{run_id}.json"

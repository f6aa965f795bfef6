"""The state of a long run on disk, from which an interrupted one goes on with the same bits."""

import hashlib
import importlib.metadata
import io
import json
import logging
import pathlib
import time
from typing import NamedTuple

import numpy as np

from experiments.errors import Damaged
from experiments.machinery.records.code import code_digest
from experiments.machinery.records.damage import mended
from experiments.machinery.records.files import write_whole
from experiments.training.flight_recorder import Snapshot
from experiments.training.observer import Observer

CHECKPOINT_SCHEMA = 2
EVERY_S = 60  # ours: what an interruption may cost; a shorter run never writes one
MOST_SHARE = 0.05  # ours: of a run's time, for writing checkpoints
DIGEST_BYTES = hashlib.sha256().digest_size
DECIDE_BITS = ("tensorflow", "tf-keras", "numpy")  # packages whose version may


class Checkpoint(NamedTuple):
    """The state of a run between two steps. With the run's config it decides all that follows."""

    snapshot: Snapshot
    rows: list  # of the curves so far, dicts
    losses: list  # training losses since the last row
    step_s: float  # spent inside the compiled step
    wall_s: float  # spent in all


class CheckpointStore:
    """The checkpoints of one results folder, `<root>/checkpoints/<run_id>.npz`.

    `say` is called with one line about each that is set aside; `placed` is as in Runner.
    """

    def __init__(self, root, say=logging.warning, placed=None):
        self._root, self._say, self._placed = pathlib.Path(root), say, placed or {}
        self.folder = self._root / "checkpoints"

    def write(self, run_id, checkpoint):
        """Writes one in place of the one before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = checkpoint._asdict()
        snapshot = state.pop("snapshot")
        state = _identity(run_id, self._placed) | {"step": snapshot.step} | state
        buffer = io.BytesIO()
        np.savez(buffer, state=json.dumps(state), **snapshot.arrays())
        # Behind the archive, where a zip file may have what it likes: readers of npz still read it.
        buffer.write(hashlib.sha256(buffer.getbuffer()).digest())
        write_whole(self._file(run_id), buffer.getbuffer())

    def read(self, run_id):
        """The checkpoint of a run, or None without one.

        One that is damaged, or of another run, code, version or number of devices, is set
        aside.
        """
        path, identity = self._file(run_id), _identity(run_id, self._placed)
        return mended(self._root, lambda: _read(path, identity), self._say)

    def run_ids(self):
        """Ids of the runs with a checkpoint."""
        return sorted(path.stem for path in self.folder.glob("*.npz"))

    def remove(self, run_id):
        """Deletes the checkpoint of a run that has a record."""
        self._file(run_id).unlink(missing_ok=True)

    def _file(self, run_id):
        return self.folder / f"{run_id}.npz"


class Keeper(Observer):
    """Resumes a run from its checkpoint, and writes one now and then.

    A checkpoint is due by time and not by steps: an interruption costs a minute whatever a step
    costs, and writing takes 5 % of a run's time at most. `every_s` are the least seconds between
    two; `resumed` is the Checkpoint that the run goes on from, or None.
    """

    def __init__(self, store, run_id, every_s=EVERY_S, clock=time.monotonic):
        self._store, self._run_id, self._clock = store, run_id, clock
        self._begun_s = self._last_s = clock()
        self._every_s = self._pause_s = every_s
        self.resumed = None

    def begins(self, run):
        """Resumes the run where its checkpoint has it."""
        self.resumed = self._store.read(self._run_id)
        if self.resumed is not None:
            run.resume(*self.resumed[:-1])

    def after(self, run):
        """Writes a checkpoint if one is due."""
        started = self._clock()
        if run.first_bad_step is not None or started - self._last_s < self._pause_s:
            return
        snapshot = run.program.snapshot(run.step)
        state = Checkpoint(snapshot, run.rows, run.losses, run.step_s, self.wall_s())
        self._store.write(self._run_id, state)
        self._last_s = self._clock()
        self._pause_s = max(self._every_s, (self._last_s - started) / MOST_SHARE)

    def wall_s(self):
        """Seconds that the run has taken so far, those before the interruptions included."""
        before = 0.0 if self.resumed is None else self.resumed.wall_s
        return before + self._clock() - self._begun_s


def _identity(run_id, placed):
    """What a checkpoint must agree in with the run that goes on from it, for its bits.

    The processor is left out, because a run on machines that differ might then never end. The
    record's provenance says at which step a run went on.
    """
    return {
        "schema": CHECKPOINT_SCHEMA,
        "run_id": run_id,
        "code": code_digest(),
        "placed": placed,
        **{name: importlib.metadata.version(name) for name in DECIDE_BITS},
    }


def _read(path, identity):
    """The checkpoint in a file, or None without one. Raises: Damaged if its identity differs."""
    try:
        content = path.read_bytes()
        body, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            raise ValueError("not what was written (truncated or changed)")
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays = dict(file)
        state = json.loads(str(arrays.pop("state")))
        for name, value in identity.items():
            if state.get(name) != value:
                raise ValueError(f"{name} {state.get(name)}: expected {value}")
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Damaged(path, error, "delete it to start the run anew") from error
    kept = (state[name] for name in Checkpoint._fields[1:])
    return Checkpoint(Snapshot.of(state["step"], arrays), *kept)

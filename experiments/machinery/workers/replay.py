"""A recorded run trained from its snapshot on, as it was or under another method or rate."""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.errors import BadInput
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.damage import mended
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.detector import Event
from experiments.training.divergence import judged_auc, label
from experiments.training.observer import Excerpt, Observer
from experiments.training.onset import event_of, events_of

ROWS = 12  # ours: lines of the table


class Replay(NamedTuple):
    """What a replay showed.

    step, onset: steps taken at the snapshot, 0 for the first weights; first bad step of the run
      (training/onset.py), or None if the detector saw none.
    rows: DataFrame with step, loss (mean since the row before), auc; and for another method or
      rate other_loss and other_auc.
    equal_steps: steps of the plain replay whose loss is the recorded one, and steps compared.
    same_bits: whether the telemetry compared with is that of the record, bit for bit.
    kinds: how the run ends by divergence.label, "as it was" first; what the record has up to the
      snapshot and the replay after it are judged as one.
    left: steps of the run that a replay of fewer steps did not reach.
    """

    step: int
    onset: int | None
    rows: pd.DataFrame
    equal_steps: tuple[int, int]
    same_bits: bool
    kinds: dict[str, str]
    left: int


class _Losses(Observer):
    """Keeps the loss of every step."""

    def __init__(self):
        self.by_step = {}

    def after(self, run):
        self.by_step[run.step] = run.loss


def replay(found, runner, *, telemetry, divergence, steps=None, method=None, rate=None, say=print):
    """Takes `steps` of a recorded run (find.Recorded) from its snapshot on; None for all.

    A run whose snapshot is not one of a living network, or that diverged without an event of the
    detector, goes on from its first step.

    Args:
      telemetry: TelemetryConfig of the replay, and of a run that has to be trained again for it.
      method, rate: MethodConfig and learning rate to try beside what was, or None for the run's.
      say: called with a line where something has to be made first.
    Returns: Replay.
    Raises: BadInput if the run is healthy and has no snapshot, even when it is trained again.
    """
    snapshot, onset = _beginning(found, runner, telemetry, divergence, say)
    at = 0 if snapshot is None else snapshot.step
    config, losses, left = found.config, _Losses(), found.config.steps - at
    if steps is None:  # evaluations are those of the run, so that its label is
        steps = left
    else:  # enough evaluations for a table: they change none of the other bits of the run
        every = max(1, min(config.trainer.evaluate_every_steps, steps // ROWS))
        trainer = dataclasses.replace(config.trainer, evaluate_every_steps=every)
        config = dataclasses.replace(config, trainer=trainer)
    ending = functools.partial(_ending, found, at, divergence)
    curves = runner.outcome(config, [Excerpt(steps, snapshot), losses], telemetry).curves
    rows, kinds = _rows(curves), {"as it was": ending(curves)}
    if method is not None or rate is not None:
        changed = {"method": method or config.method, "learning_rate": rate or config.learning_rate}
        other = dataclasses.replace(config, **changed)
        curves = runner.outcome(other, [Excerpt(steps, snapshot)]).curves
        kinds[_named(other, config)] = ending(curves)
        rows = rows.merge(_rows(curves, "other_"), on="step", how="outer")
    equal = _equal_steps(found, losses.by_step)
    return Replay(at, onset, rows, equal, found.same_bits, kinds, max(0, left - steps))


def rescue(found, runner, *, telemetry, divergence, method):
    """How a recorded run (find.Recorded) ends under a MethodConfig from its snapshot on.

    The other arguments, the beginning and the errors are those of `replay`, without a replay of
    what was and without a word. Returns: (steps taken at the snapshot, onset or None, kind of the
    label).
    """
    snapshot, onset = _beginning(found, runner, telemetry, divergence, say=lambda line: None)
    at = 0 if snapshot is None else snapshot.step
    excerpt = Excerpt(found.config.steps - at, snapshot)
    curves = runner.outcome(dataclasses.replace(found.config, method=method), [excerpt]).curves
    return at, onset, _ending(found, at, divergence, curves)


def _ending(found, at, divergence, curves):
    """The kind of the label of what a record has up to step `at`, and `curves` after it."""
    known = found.store.curves(found.record)
    return label(pd.concat([known[known["step"] <= at], curves]), divergence).kind


def _beginning(found, runner, telemetry, divergence, say):
    """The snapshot that a replay goes on from, None for the first step, and the run's onset."""
    root, run_id, detector = found.store.root, found.config.run_id, telemetry.detector
    known, snapshot, kept_for = found.store.curves(found.record), None, None
    snapshots, rows = SnapshotStore(root), TelemetryStore(root)
    made_whole(found, runner, (snapshots, rows), telemetry, say)
    if snapshots.has(run_id):  # an event left one
        snapshot, said = snapshots.read(run_id)
        kept_for = Event(**said["event"])
    elif label(known, divergence).kind == "healthy":
        raise BadInput(f"RUN = {run_id!r}: no divergence detected: expected a run with one")
    measured = rows.read(run_id)
    events = events_of(measured.to_dict("records"), detector)
    lost = event_of(events, known, divergence, detector) or kept_for
    onset = lost and lost.onset
    if snapshot is not None and _is_lost(measured, snapshot.step, onset, detector):
        say(
            f"at step {snapshot.step}, of which there is a snapshot, the network has diverged "
            "already: replaying from the first step"
        )
        return None, onset
    return snapshot, onset


def made_whole(found, runner, stores, telemetry, say):
    """Trains a find.Recorded again if one of `stores`, SealedFiles, has no whole file of it."""
    root, run_id = found.store.root, found.config.run_id

    def missing():
        return next((store.what for store in stores if not store.has(run_id)), None)

    for store in stores:
        mended(root, lambda store=store: store.has(run_id) and store.read(run_id), say)
    if missing():
        say(f"{run_id} has no {missing()}: training it again")
        with Claims(root).of(run_id, wait=say):
            if missing():  # another process may have made it meanwhile
                runner.again(found.config, telemetry)


def _is_lost(measured, step, onset, detector):
    """Whether after `step` steps a network is beyond the onset of its run, or a layer dead.

    The event that a snapshot was kept for may be a later one than that in which the run was lost,
    which its curves tell at its end.
    """
    dead = measured[measured["step"] == step].filter(regex="^dead/")
    return step >= onset or bool((dead > detector.dead_units).any(axis=None))


def _rows(curves, prefix=""):
    named = {f"{prefix}loss": curves["loss"], f"{prefix}auc": judged_auc(curves)}
    return pd.DataFrame({"step": curves["step"], **named})


def _equal_steps(found, by_step):
    """How many losses are the recorded ones, and how many steps were compared."""
    known = TelemetryStore(found.store.root).read(found.config.run_id).set_index("step")["loss"]
    compared = [step for step in by_step if step in known.index]
    equal = [np.array_equal(known[step], by_step[step], equal_nan=True) for step in compared]
    return sum(equal), len(compared)


def _named(other, own):
    rate = f"rate {other.learning_rate:.4g}"
    if other.method == own.method:
        return rate
    same = other.learning_rate == own.learning_rate
    return other.method.name if same else f"{other.method.name} at {rate}"

"""`make replay`: a recorded run from its snapshot on, as it was or under another method or rate."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.errors import BadInput
from experiments.machinery.gin_files import named_file
from experiments.machinery.records import find as recorded
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.damage import mended
from experiments.machinery.records.snapshots import SnapshotStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.studies.registry import divergence_config, resolve, telemetry_config
from experiments.studies.rows import METRICS
from experiments.training.divergence import label
from experiments.training.tensorflow_setup import one_thread

STEPS = 240  # ours: half of a laptop run, enough for its AUC to come back or not
ROWS = 12  # ours: lines of the table


class Replay(NamedTuple):
    """What a replay showed.

    step: steps taken at the snapshot.
    onset: first bad step, as the detector dated it.
    rows: DataFrame with step, loss (mean since the row before), auc; and for another method or
      rate other_loss and other_auc.
    equal_steps: steps of the plain replay whose loss is the recorded one, and steps compared.
    same_bits: whether the telemetry compared with is that of the record, bit for bit.
    kinds: how the replay ended by divergence.label, "as it was" first.
    """

    step: int
    onset: int
    rows: pd.DataFrame
    equal_steps: tuple[int, int]
    same_bits: bool
    kinds: dict[str, str]


class _Losses:
    """A watch that keeps the loss of every step."""

    def __init__(self):
        self.by_step = {}

    def before(self, step, program):
        """Nothing to do."""

    def after(self, step, day, rate, loss, measures):
        """Keeps the loss."""
        self.by_step[step + 1] = loss


def replay(found, cache, *, steps=STEPS, method=None, rate=None, say=lambda text: None):
    """Replays a recorded run from its snapshot.

    Args:
      found: recorded.Recorded.
      cache: folder of the generated days.
      steps: steps to take.
      method: MethodConfig to try beside what was, or None for the run's own.
      rate: learning rate to try, or None for the run's own.
      say: called with a line where something has to be made first.
    Returns: Replay.
    Raises: BadInput.
    """
    from experiments.machinery.workers.runner import (
        Runner,  # late: bad input does not wait for TensorFlow
    )

    runner, telemetry = Runner(found.store, cache, say), telemetry_config()
    snapshot, sidecar = _snapshot(found, runner, telemetry, say)
    config = _often(found.config, steps)
    part = {"snapshot": snapshot, "steps": steps}
    losses = _Losses()
    plain = runner.outcome(config, telemetry=telemetry, watch=losses, **part).curves
    # The measured step gives the same bits as the plain one; the telemetry is what is compared.
    known = TelemetryStore(found.store.root).read(found.config.run_id).set_index("step")["loss"]
    compared = [step for step in losses.by_step if step in known.index]
    equal = [s for s in compared if np.array_equal(known[s], losses.by_step[s], equal_nan=True)]
    divergence = divergence_config()
    kinds = {"as it was": label(plain, divergence).kind}
    rows = _rows(plain)
    if method is not None or rate is not None:
        other = dataclasses.replace(
            config,
            method=method or config.method,
            learning_rate=rate or config.learning_rate,
        )
        curves = runner.outcome(other, **part).curves
        kinds[_named(other, found.config)] = label(curves, divergence).kind
        rows = rows.merge(_rows(curves, "other_"), on="step", how="outer")
    counts = (len(equal), len(compared))
    onset = sidecar["event"]["onset"]
    return Replay(snapshot.step, onset, rows, counts, found.same_bits, kinds)


def _snapshot(found, runner, telemetry, say):
    root, run_id = found.store.root, found.config.run_id
    store, measured = SnapshotStore(root), TelemetryStore(root)
    mended(root, lambda: store.has(run_id) and store.read(run_id), say)
    mended(root, lambda: measured.has(run_id), say)
    if not store.has(run_id) or not measured.has(run_id):
        say(
            f"{run_id} has no {'telemetry' if store.has(run_id) else 'snapshot'}: training it again"
        )
        with Claims(root).of(run_id, wait=say):
            if not store.has(run_id) or not measured.has(run_id):  # done meanwhile
                runner.again(found.config, telemetry)
    if not store.has(run_id):
        raise BadInput(
            f"RUN = {run_id!r}: the detector saw no divergence in it: allowed is a run with one"
        )
    return store.read(run_id)


def _often(config, steps):
    """The same run with enough evaluations for a table; they change none of its other bits."""
    every = max(1, min(config.trainer.evaluate_every_steps, steps // ROWS))
    trainer = dataclasses.replace(config.trainer, evaluate_every_steps=every)
    return dataclasses.replace(config, trainer=trainer)


def _rows(curves, prefix=""):
    auc = curves.get(METRICS["auc"], pd.Series(np.nan, curves.index))
    return pd.DataFrame(
        {"step": curves["step"], f"{prefix}loss": curves["loss"], f"{prefix}auc": auc}
    )


def _named(other, own):
    parts = [other.method.name] if other.method != own.method else []
    if other.learning_rate != own.learning_rate or not parts:
        parts.append(f"rate {other.learning_rate:.4g}")
    return " at ".join(parts)


def report(shown):
    """A Replay as the text that the command prints."""
    names = list(shown.kinds)
    head = f"{'step':>7}  {'loss':>10}  {'AUC':>6}"
    lines = [
        f"from the snapshot of step {shown.step}; the detector dates the onset at {shown.onset}",
        head + (f"  | {names[1]}: {'loss':>10}  {'AUC':>6}" if len(names) > 1 else ""),
    ]
    for row in shown.rows.itertuples():
        line = f"{row.step:>7}  {row.loss:>10.4f}  {row.auc:>6.4f}"
        if len(names) > 1:
            line += f"  | {'':>{len(names[1])}}  {row.other_loss:>10.4f}  {row.other_auc:>6.4f}"
        lines.append(line)
    lines += [_bits(shown), _verdict(shown.kinds)]
    return "\n".join(lines)


def _bits(shown):
    equal, compared = shown.equal_steps
    of_record = "" if shown.same_bits else "; this machine rounds otherwise than the record's"
    if equal == compared:
        return f"bits: the losses of all {compared} steps are those recorded{of_record}"
    return f"bits: the losses of {compared - equal} of {compared} steps differ{of_record}"


def _verdict(kinds):
    (_, own), *other = kinds.items()
    if not other:
        return f"verdict: the replay ends as {own!r}"
    ((name, kind),) = other
    if own == "healthy":
        return f"verdict: there was nothing to save; {name} ends as {kind!r}"
    said = "would not have saved this run"
    if kind in ("healthy", "micro"):
        said = "would have saved this run"
    elif own == "full" and kind != "full":
        said = "would have kept this run from a full divergence, not from harm"
    return f"verdict: {name} {said}: it ends as {kind!r}, as it was as {own!r}"


def replay_one(*, run_id, steps, method, rate, results, cache, say):
    """`make replay`: finds the run, replays it, and says what came out.

    Args:
      run_id: as a record's file name has it.
      steps: steps to take, or None for STEPS.
      method: name of a method, or None.
      rate: learning rate, or None.
      results, cache: folders of all results and of the generated days.
      say: called with a line where something has to be made first.
    Returns: text.
    Raises: BadInput.
    """
    found = recorded.find(results, run_id)
    if method:
        file = named_file("methods", method)
        (method,) = resolve([file], (), ("MethodConfig",))
        own = found.config.method.optimizer
        if method.optimizer != own:
            raise BadInput(
                f"METHOD = {method.name!r}: it goes on from a state of {method.optimizer}, the run "
                f"has one of {own}: allowed is a method on {own}"
            )
    one_thread()  # before anything else computes with TensorFlow
    shown = replay(
        found, cache, steps=steps or STEPS, method=method or None, rate=rate or None, say=say
    )
    return report(shown)

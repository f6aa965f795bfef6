"""One run by several devices or by the processes of several hosts: who trains, who writes."""

import contextlib
import math
import signal

import tensorflow as tf

from experiments.errors import Damaged, RunStopped
from experiments.machinery.records.checkpoint import CheckpointStore, Keeper
from experiments.machinery.records.claim import Claims
from experiments.machinery.records.damage import mended
from experiments.machinery.workers.runner import Runner
from experiments.training.distributed import DistributedProgram

# What TensorFlow raises where another process does not answer any more.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


def run_placed(config, where, store, cache_root, on_row, say):
    """Runs one configuration where a Placement says, unless its record is there already.

    The Store is the same folder for all hosts. `on_row` is called with each row of the curves, on
    the chief, and `say` with a line about what a person should know.

    Returns: RunRecord, or None on a worker other than the chief, which leaves nothing.
    Raises: BadInput; RunStopped if a worker is gone or holds other numbers.
    """
    done = recorded(config.run_id, where, store, say)
    if done is not None:
        return done
    if where.processes > 1:
        say(f"worker {where.rank} of {where.processes}: waiting for the others")
    try:
        with _heard_interrupts():
            strategy = where.strategy(config.trainer.batch_size)

        def make(config, telemetry):  # Placement.check allows no telemetry here
            return DistributedProgram(config, strategy, where.rank, where.processes)

        # The class of the second has another name inside TensorFlow.
        kind = "MultiWorkerMirroredStrategy" if where.workers else "MirroredStrategy"
        placed = {"strategy": kind, "replicas": strategy.num_replicas_in_sync}
        placed["workers"] = where.processes
        runner = Runner(store, cache_root, say, make_program=make, placed=placed)
        if where.is_chief:
            # After all have met: should it find the record then, it ends, which the others hear.
            with Claims(store.root).of(config.run_id, wait=say):
                return runner.run(config, on_row)
        # It goes on from the chief's checkpoint and writes none. It reads that before its first
        # step, without which the chief writes no other.
        checkpoints = CheckpointStore(store.root, placed=placed)
        runner.outcome(config, [Keeper(checkpoints, config.run_id, every_s=math.inf)])
        return None
    except LOST as error:
        raise RunStopped(
            "another worker of this run is gone; the same command on all hosts goes on from the "
            f"last checkpoint ({type(error).__name__})"
        ) from error


def recorded(run_id, where, store, say):
    """The whole record of a run of this code, or None. The chief sets aside a damaged one."""
    if where.is_chief:
        return mended(store.root, lambda: store.done(run_id), say)
    with contextlib.suppress(Damaged):
        return store.done(run_id)
    return None


@contextlib.contextmanager
def _heard_interrupts():
    """Has Ctrl-C end the process: Python does not hear it while TensorFlow waits for the others."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:  # and not one that a shell has made deaf
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
        # TensorFlow has taken it for a warning that it keeps to itself.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

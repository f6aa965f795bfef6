"""The training step over several devices or hosts, each with its share of the same global batch."""

import hashlib

import numpy as np
import tensorflow as tf

from experiments.errors import RunStopped
from experiments.training.program import Forward, Program


class DistributedProgram(Program):
    """A Program whose weights and optimizer state are mirrored on the replicas of a strategy.

    The gradients of all replicas are summed before the optimizer sees them, so that clipping
    factors are those of the global batch. Gradients are made dense before that: one reduction of a
    known size, and no order of ids in it. All replicas hold equal numbers at all times. This is
    checked before the first step and at every evaluation, because TensorFlow raises no error where
    a gradient is not summed, or where a pattern misses the copy of a variable.

    Args:
      strategy: tf.distribute.Strategy whose replicas divide the batch.
      rank, world: this process's place among those of the strategy, and their number.
    Raises: RunStopped if the processes have been given different runs.
    """

    _summed = True

    def __init__(self, config, strategy, rank=0, world=1):
        self._strategy, self.share = strategy, {"rank": rank, "world": world}
        self._local_replicas = strategy.num_replicas_in_sync // world
        self._gather = tf.function(self._gathered)
        self._check(repr(config.trace_key).encode(), [[]] * self._local_replicas, "the models")
        # XLA: the same program, and so the same bits, for devices of one host and for hosts.
        # Without it Large+DCN has other bits on two devices than on two hosts.
        self._gradients = tf.function(self._dense_gradients, jit_compile=True)
        with strategy.scope():
            super().__init__(config)
        self._of_run, self._agreed = b"", False

    def start(self, config, seed):
        super().start(config, seed)
        self._of_run, self._agreed = config.run_id.encode(), False

    def step(self, batch, rate):
        """One training step on this process's share of the global batch: the loss of all of it.

        Raises: RunStopped if the replicas do not begin with equal numbers.
        """
        if not self._agreed:
            self._check_state()
            self._agreed = True
        return super().step(self._shares(batch), rate)

    def predict(self, chunks):
        """Predictions, the same in every process; RunStopped if the replicas differ."""
        self._check_state()
        return super().predict(chunks)

    def _shares(self, batch):
        """This process's share of a batch, cut for its replicas."""
        rows = len(batch["labels"]) // self._local_replicas

        def of(context):
            first = context.replica_id_in_sync_group % self._local_replicas * rows
            return {field: array[first : first + rows] for field, array in batch.items()}

        return self._strategy.experimental_distribute_values_from_function(of)

    def _take(self, batch):
        """The training step on every replica, each with its share; losses are summed."""
        step = super()._take  # the optimizer sums the gradients before it looks at them

        def of(share):
            loss, _ = step(share)
            return tf.distribute.get_replica_context().all_reduce("SUM", loss)

        losses = self._strategy.run(of, args=(batch,))
        return self._strategy.experimental_local_results(losses)[0], None

    def _dense_gradients(self, share):
        forward, gradients = super()._gradients(share)
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        return Forward(forward.loss, {}, []), dense

    def _mean(self, loss, batch):
        """What one replica's share adds to the mean loss of the global batch."""
        return loss / (batch["labels"].shape[0] * self._strategy.num_replicas_in_sync)

    def _check_state(self):
        variables = [*self._variables, *self._state]
        held = [self._strategy.experimental_local_results(variable) for variable in variables]
        step = int(self._optimizer.iterations.numpy())
        self._check(self._of_run, list(zip(*held, strict=True)), f"the weights after step {step}")

    def _check(self, of_run, replicas, what):
        """Raises RunStopped, which says `what`, unless all replicas hold equal numbers.

        Args:
          of_run: bytes that must be equal too.
          replicas: for each replica of this process, its tensors or variables.
        """
        digests = [_digest([what.encode(), of_run], tensors) for tensors in replicas]

        def of(context):
            return tf.constant(digests[context.replica_id_in_sync_group % len(digests)])

        everyone = self._gather(self._strategy.experimental_distribute_values_from_function(of))
        everyone = self._strategy.experimental_local_results(everyone)[0].numpy()
        others = np.flatnonzero((everyone != everyone[0]).any(axis=1))
        if len(others):
            raise RunStopped(
                f"{what} differ between replica 0 and replica {others[0]}: expected the same "
                "command, code, kind of processor and results folder for all of a run's workers"
            )

    def _gathered(self, digests):
        def of(digest):
            return tf.distribute.get_replica_context().all_gather(digest[tf.newaxis], axis=0)

        return self._strategy.run(of, args=(digests,))


def _digest(words, tensors):
    """A checksum as float32 numbers below 2**16, which every kind of device can gather."""
    digest = hashlib.sha256(b"\0".join(words))
    for tensor in tensors:
        array = tensor.numpy()
        # Any NaN is as good as another.
        digest.update(np.where(np.isnan(array), np.float32(np.nan), array).tobytes())
    return np.frombuffer(digest.digest(), np.uint16).astype(np.float32)

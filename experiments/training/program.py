"""One traced (model, method): its weights, its compiled step, its predictions."""

import numpy as np
import tensorflow as tf

from clippy import ClippedAdagrad, ClippedAdam
from data import TASKS
from experiments.training.probe import Probe
from experiments.training.recorder import Snapshot
from models.ranking import RankingModel

# Section 5.1.3: the methods treat non-embedding variables; embeddings take plain steps.
EXCLUDE = ("/embeddings:",)
OPTIMIZERS = {"adagrad": ClippedAdagrad, "adam": ClippedAdam}
FIELDS = ("dense", "categorical", "labels")


class Program:
    """A model and its optimizer, compiled once and started anew for each run.

    Rate, thresholds and seed are inputs, so one trace serves every run with the same
    `RunConfig.trace_key`.

    Args:
      config: RunConfig of any of these runs.
      optimizer: a Keras optimizer to use in place of the config's method (for comparisons; such a
        program cannot be started anew), or None.
      telemetry: TelemetryConfig of what each step measures beside, or None for nothing.

    Attributes:
      share: which part of each global batch `step` is given, as arguments of Window.batch.
    """

    share = {"rank": 0, "world": 1}
    _summed = False  # whether the model's losses are sums over the rows

    def __init__(self, config, optimizer=None, telemetry=None):
        self.model = build_model(config, summed=self._summed)
        self._variables = self.model.trainable_variables
        self._thresholds = {
            name: tf.Variable(value, dtype=tf.float32)
            for name, value in config.method.thresholds.items()
        }
        self._optimizer = optimizer or OPTIMIZERS[config.method.optimizer](
            config.method.rule,
            self._thresholds,
            learning_rate=1.0,
            accumulate=config.method.accumulate,
            scope=config.method.scope,
            exclude=EXCLUDE,
            # A divergence is to be seen, and curves repeat bit for bit what has been committed.
            skip_nonfinite=False,
            export_clipping_factors=telemetry is not None,
            jit_compile=False,
        )
        self._optimizer.build(self._variables)
        self._state = [] if optimizer else sum(self._optimizer.state.values(), [])
        self._probe, self._measured = None, None
        if telemetry is not None:
            self._probe = Probe(telemetry, self.model, self._optimizer)
        self._step = tf.function(self._train_step if telemetry is None else self._measured_step)
        self._predict = tf.function(self.model.__call__)

    @property
    def tasks(self):
        """(name, kind) of the tasks the model learns, in the order of the label columns."""
        return [task for task in TASKS if task.name in self.model.heads]

    def start(self, config, seed):
        """Puts weights, optimizer state and thresholds at their start for one run.

        Args:
          config: RunConfig with this program's trace key.
          seed: seed of the initial weights.
        """
        self.model.initialize(seed)
        for kind, initial in self._optimizer.slots.items():
            for variable in self._optimizer.state[kind]:
                variable.assign(tf.fill(variable.shape, initial))
        self._optimizer.iterations.assign(0)
        for name, value in config.method.thresholds.items():
            self._thresholds[name].assign(value)

    def snapshot(self, step):
        """The state before a step, counted from 0: recorder.Snapshot."""
        weights = [variable.numpy() for variable in self._variables]
        return Snapshot(step, weights, [variable.numpy() for variable in self._state])

    def restore(self, snapshot):
        """Puts weights and optimizer state where a snapshot has them; `start` comes first."""
        targets = [*self._variables, *self._state]
        for target, value in zip(targets, [*snapshot.weights, *snapshot.state], strict=True):
            target.assign(value)
        self._optimizer.iterations.assign(snapshot.step)

    def step(self, batch, rate):
        """One training step.

        Args:
          batch: dict of tensors, as from `tensors`.
          rate: learning rate of this step.
        Returns: the training loss before the step, float.
        """
        rate = tf.constant(rate, tf.float32)
        if self._probe is None:
            return float(self._step(batch, rate))
        loss, self._measured = self._step(batch, rate)
        return float(loss)

    @property
    def measures(self):
        """What the last step measured: dict from column to number, empty without telemetry."""
        if self._measured is None:
            return {}
        return dict(zip(self._probe.columns, self._measured.numpy().tolist(), strict=True))

    def predict(self, chunks):
        """Predictions for several chunks of rows: dict from task to float array (rows,).

        Args:
          chunks: iterable of dicts of tensors, as from `tensors`.
        """
        found = [self._predict(chunk) for chunk in chunks]
        return {
            name: np.concatenate([part[name].numpy()[:, 0] for part in found]) for name in found[0]
        }

    def _train_step(self, batch, rate):
        self._optimizer.learning_rate.assign(rate)
        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(batch, training=True)
        gradients = tape.gradient(loss, self._variables)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))
        return loss

    def _measured_step(self, batch, rate):
        """`_train_step`, and the probe's vector."""
        self._optimizer.learning_rate.assign(rate)
        with tf.GradientTape() as tape:
            predictions, hidden = self.model.forward(batch)
            losses = self.model.task_losses(batch, predictions)
            loss = self.model.weighted(losses)
        gradients = tape.gradient(loss, self._variables)
        before = self._probe.before(gradients, rate)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))
        return loss, self._probe.after(losses, hidden, before)


def build_model(config, vocabulary_size=None, summed=False):
    """The model of a run, its weights those of seed 0 until it is started.

    Args:
      config: RunConfig.
      vocabulary_size: rows of each embedding, or None for the stream's own; a count of the other
        weights does not need them.
      summed: that of RankingModel.
    """
    stream = config.stream
    return RankingModel(
        config.model,
        TASKS,
        dense_features=stream.dense_features,
        categorical_features=stream.categorical_features,
        vocabulary_size=vocabulary_size or stream.vocabulary_size,
        seed=0,
        summed=summed,
    )


def tensors(rows, fields=FIELDS):
    """Fields of rows of the stream as a dict of tensors, what a model takes."""
    return {field: tf.constant(np.ascontiguousarray(rows[field])) for field in fields}

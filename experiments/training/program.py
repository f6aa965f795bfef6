"""One traced (model, method): its weights, its compiled step, its predictions."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from clippy import ClippedAdagrad, ClippedAdam
from experiments.training.flight_recorder import Snapshot
from experiments.training.probe import Probe
from models.ranking import RankingModel

# Section 5.1.3: the methods treat non-embedding variables; embeddings take plain steps.
EXCLUDE = {"plain": ("/embeddings:",), "treated": ()}
OPTIMIZERS = {"adagrad": ClippedAdagrad, "adam": ClippedAdam}
# Section A.2: the default of init2winit's translation model, whose weight decay is 0.
OPTIMIZERS["adamw"] = functools.partial(ClippedAdam, beta_2=0.98, epsilon=1e-9)
FIELDS = ("dense", "categorical", "labels")


class Forward(NamedTuple):
    """A forward pass: the training loss, the losses by task, activations of the hidden layers."""

    loss: tf.Tensor
    losses: dict
    hidden: list


class Program:
    """A model and its optimizer, compiled once and started anew for each run.

    Rate, thresholds and seed are inputs, so one trace serves every run with the same
    `RunConfig.trace_key`. XLA is not used: on one core the step of these models is faster without
    it, and it is ready sooner.

    Args:
      config: RunConfig of any of these runs.
      optimizer: a Keras optimizer to use in place of the config's method (for comparisons; such a
        program cannot be started anew), or None.
      telemetry: TelemetryConfig of what each step measures beside, or None for nothing.
    """

    share = {"rank": 0, "world": 1}  # of each global batch, as arguments of Window.batch
    _summed = False  # whether the model's losses are sums over the rows

    def __init__(self, config, optimizer=None, telemetry=None):
        self.model = self._build(config)
        self._variables = self.model.trainable_variables
        self._thresholds = {
            name: tf.Variable(value, dtype=tf.float32)
            for name, value in config.method.thresholds.items()
        }
        self._optimizer = optimizer or OPTIMIZERS[config.method.optimizer](
            config.method.rule,
            self._thresholds,
            learning_rate=config.learning_rate,  # each step brings its own
            accumulate=config.method.accumulate,
            scope=config.method.scope,
            exclude=EXCLUDE[config.method.embeddings],
            # A divergence is to be seen, and curves repeat bit for bit what has been committed.
            skip_nonfinite=False,
            export_clipping_factors=telemetry is not None,
            jit_compile=False,  # on one core a step of these models is faster, and ready sooner
        )
        self._optimizer.build(self._variables)
        self._state = [] if optimizer else sum(self._optimizer.state.values(), [])
        self._columns, self._measured = [], None
        if telemetry is not None:
            probe = Probe(telemetry, self.model, self._optimizer)
            self._columns, self._apply = probe.columns, probe.around(self._apply)
        self._compile()

    def _compile(self):
        """Sets the traced step and the traced predictions of a batch."""
        self._step = tf.function(self._train_step)
        self._predict = tf.function(self.model.__call__)

    def _build(self, config):
        return build_model(config, summed=self._summed)

    @staticmethod
    def tensors(rows):
        """Rows of the stream as `step` takes them."""
        return tensors(rows)

    def start(self, config, seed):
        """Puts weights, optimizer state and thresholds at the start of a run of this trace key."""
        self.model.initialize(seed)
        for kind, initial in self._optimizer.slots.items():
            for variable in self._optimizer.state[kind]:
                variable.assign(tf.fill(variable.shape, initial))
        self._optimizer.iterations.assign(0)
        for name, value in config.method.thresholds.items():
            self._thresholds[name].assign(value)

    def snapshot(self, step):
        """The state before a step, counted from 0: Snapshot."""
        weights = [variable.numpy() for variable in self._variables]
        return Snapshot(step, weights, [variable.numpy() for variable in self._state])

    def restore(self, snapshot):
        """Puts weights and optimizer state where a snapshot has them; `start` comes first."""
        targets = [*self._variables, *self._state]
        for target, value in zip(targets, [*snapshot.weights, *snapshot.state], strict=True):
            target.assign(value)
        self._optimizer.iterations.assign(snapshot.step)

    def step(self, batch, rate):
        """Takes one step on a dict of `tensors`; returns the training loss before it, a float."""
        loss, self._measured = self._step(batch, tf.constant(rate, tf.float32))
        return float(loss)

    @property
    def measures(self):
        """What the last step measured: dict from column to number, empty without telemetry."""
        if self._measured is None:
            return {}
        return dict(zip(self._columns, self._measured.numpy().tolist(), strict=True))

    def predict(self, chunks):
        """Predictions for chunks of rows, from `tensors`: dict from task to float array (rows,)."""
        found = [self._predict(chunk) for chunk in chunks]
        return {
            name: np.concatenate([part[name].numpy()[:, 0] for part in found]) for name in found[0]
        }

    def _train_step(self, batch, rate):
        """The traced step at a rate: the loss before it, and what the probe measured or None."""
        self._optimizer.learning_rate.assign(rate)
        return self._take(batch)

    def _take(self, batch):
        """The training step. Probe.around measures it, DistributedProgram replicates it."""
        forward, gradients = self._gradients(batch)
        return forward.loss, self._apply(forward, gradients)

    def _gradients(self, batch):
        """The Forward of a batch, and the gradient of its loss for each variable."""
        with tf.GradientTape() as tape:
            predictions, hidden = self.model.forward(batch)
            losses = self.model.task_losses(batch, predictions)
            loss = self._mean(self.model.weighted(losses), batch)
        return Forward(loss, losses, hidden), tape.gradient(loss, self._variables)

    def _mean(self, loss, batch):
        """What a batch adds to the mean loss of the global batch: here they are the same batch."""
        del batch
        return loss

    def _apply(self, forward, gradients):
        del forward
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))


def build_model(config, vocabulary_size=None, summed=False):
    """The model of a run, its weights those of seed 0 until it is started.

    Args:
      config: RunConfig.
      vocabulary_size: rows of each embedding where only other weights count; None for all.
      summed: that of RankingModel.
    """
    stream = config.stream
    return RankingModel(
        config.model,
        stream.tasks,
        dense_features=stream.dense_features,
        categorical_features=stream.categorical_features,
        vocabulary_size=vocabulary_size or stream.vocabulary_size,
        seed=0,
        summed=summed,
        gaps=stream.gaps,
    )


def tensors(rows, fields=FIELDS):
    """Fields of rows of the stream as a dict of tensors, what a model takes."""
    return {field: tf.constant(np.ascontiguousarray(rows[field])) for field in fields}

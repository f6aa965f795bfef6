"""One traced translation model (section A.2): its steps, its evaluation, its error rate."""

import numpy as np
import tensorflow as tf

from data import CorpusConfig
from experiments.training.program import Forward, Program
from experiments.training.trainer import Evaluation
from models.transformer import PAD, Transformer

TASK = "translation"  # in the names of metrics
SIDES = ("source", "target")
TOKENS = {side: tf.TensorSpec([None, None], tf.int32) for side in SIDES}
DROPPED = 1 << 10  # seeds of dropout that a step may use, far above the places of any model


class TranslationProgram(Program):
    """A Program whose model translates, and whose batches differ in length.

    It measures nothing at a step: `telemetry` is None.
    """

    def __init__(self, config, optimizer=None, telemetry=None):
        if telemetry is not None:
            raise ValueError("telemetry: expected None for a translation run")
        self._seed = tf.Variable(0, dtype=tf.int32, trainable=False)
        super().__init__(config, optimizer)

    def _compile(self):
        # One trace for batches of any length, which XLA could not have.
        rate = tf.TensorSpec([], tf.float32)
        self._step = tf.function(self._train_step, input_signature=[TOKENS, rate])
        self._predict = tf.function(self.model.score, input_signature=[TOKENS])

    def _build(self, config):
        return Transformer(config.model, config.stream.vocabulary_size, seed=0)

    @staticmethod
    def tensors(rows):
        """Rows of a corpus as a dict of tensors, as long as their longest sentence of each side."""
        found = {}
        for side in SIDES:
            longest = int((rows[side] != PAD).sum(axis=1).max())
            found[side] = tf.constant(np.ascontiguousarray(rows[side][:, :longest]))
        return found

    def start(self, config, seed):
        """Puts weights, optimizer state, thresholds and dropout at the start of a run."""
        super().start(config, seed)
        self._seed.assign(seed % 2**31)

    def predict(self, chunks):
        """Sums over chunks of pairs, as of Transformer.score: float64 array (3,)."""
        return np.sum([self._predict(chunk).numpy().astype(np.float64) for chunk in chunks], axis=0)

    def _gradients(self, batch):
        """The Forward of a batch, and the gradient of its loss for each variable."""
        step = tf.cast(self._optimizer.iterations, tf.int32)
        with tf.GradientTape() as tape:
            loss = self.model.loss(batch, tf.stack([DROPPED * step, self._seed]))
        return Forward(loss, {}, []), tape.gradient(loss, self._variables)


class TranslationEvaluation:
    """The validation pairs of a corpus, scored `chunk_size` at once with the right words before."""

    def __init__(self, rows, stream, chunk_size):
        del stream
        rows = np.array(rows)
        # Pairs of like length share a chunk: less of it is padding.
        lengths = sum((rows[side] != PAD).sum(axis=1) for side in SIDES)
        self._rows, self._chunk_size = rows[np.argsort(lengths, kind="stable")], chunk_size
        shares = np.bincount(rows["target"].ravel())[PAD + 1 :]
        shares = shares[shares > 0] / shares.sum()
        self._constant = {
            "constant_error_rate": 1 - shares.max(),
            "constant_log_loss": -(shares * np.log(shares)).sum(),
        }

    def __call__(self, program):
        """Metrics of a program: dict of

        `translation/error_rate`, the share of wrong tokens when those before are given (A.2);
        `translation/log_loss`, the mean cross entropy of a token in nats, not smoothed;
        `translation/constant_error_rate` and `constant_log_loss`, those of the best answer that is
        the same for every token.
        """
        starts = range(0, len(self._rows), self._chunk_size)
        chunks = (program.tensors(self._rows[at : at + self._chunk_size]) for at in starts)
        tokens, wrong, cross_entropy = program.predict(chunks)
        found = {"error_rate": wrong / tokens, "log_loss": cross_entropy / tokens}
        found |= self._constant
        return {f"{TASK}/{name}": float(value) for name, value in found.items()}

    def optimal(self):
        """Nothing: what the best translation would score is not known."""
        return {}


def program_of(config, telemetry=None):
    """The Program of a run, of whichever kind."""
    return (TranslationProgram if config.translates else Program)(config, telemetry=telemetry)


def evaluation_of(rows, stream, chunk_size):
    """The evaluation of runs on a stream, of whichever kind; `rows` are those of its last day."""
    kind = TranslationEvaluation if isinstance(stream, CorpusConfig) else Evaluation
    return kind(rows, stream, chunk_size)

"""Clipping factors and skipped steps as TensorBoard scalars."""

from clippy.keras2 import keras, tf
from clippy.rules import check_number

# tf.summary.scalar would do, but needs TensorBoard to be installed where a model is trained.
_Metadata = tf.compat.v1.SummaryMetadata
SCALAR = _Metadata(plugin_data=_Metadata.PluginData(plugin_name="scalars"))


class ClippingMonitor(keras.callbacks.Callback):
    """Writes the factor of each variable, and how often the guard has skipped it.

    The model's optimizer is one of this library, or a LossScaleOptimizer around one. Written at
    the optimizer's step are `clipping_factor/<variable>` where it exports factors, and
    `skipped_steps/<variable>` where it has its guard.

    Args:
      log_dir: folder of the event files.
      every: batches from one writing to the next, a whole number >= 1.
    Raises: ValueError; at the start of training, if the optimizer has neither to show.
    """

    def __init__(self, log_dir, every=100):
        super().__init__()
        check_number("every", every)
        if every != int(every):
            raise ValueError(f"every = {every!r}: expected a whole number >= 1")
        self.log_dir, self.every = str(log_dir), int(every)

    def on_train_begin(self, logs=None):
        optimizer = self._optimizer()
        shown = ("export_clipping_factors", "skip_nonfinite")
        if not any(getattr(optimizer, name, False) for name in shown):
            raise ValueError(
                f"optimizer = {optimizer.name!r}: expected one of clippy's that exports its "
                "clipping factors or skips gradients that are not finite"
            )
        self._writer = tf.summary.create_file_writer(self.log_dir)
        self._batches = self._written = 0

    def on_train_batch_end(self, batch, logs=None):
        self._batches += 1  # `batch` starts anew with every epoch
        if self._batches % self.every == 0:
            self._write()

    def on_train_end(self, logs=None):
        if self._written < self._batches:
            self._write()
        self._writer.close()

    def _optimizer(self):
        optimizer = self.model.optimizer
        return getattr(optimizer, "inner_optimizer", optimizer)

    def _write(self):
        self._written = self._batches
        optimizer = self._optimizer()
        with self._writer.as_default(step=int(optimizer.iterations)):
            if optimizer.export_clipping_factors:
                _write_scalars("clipping_factor", optimizer.named_clipping_factors())
            if optimizer.skip_nonfinite:
                _write_scalars("skipped_steps", optimizer.skipped_steps())


def _write_scalars(group, variables):
    for name, variable in variables.items():
        number = tf.cast(variable.read_value(), tf.float32)
        tf.summary.write(f"{group}/{name}", number, metadata=SCALAR)

"""Keras 2, the Keras that tensorflow-recommenders and these optimizers are written for.

`tf.keras` is Keras 3 unless TF_USE_LEGACY_KERAS=1 is set before TensorFlow first resolves it.
Importing this module sets it, and refuses to go on where Keras 3 has been taken already.
"""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow as tf  # noqa: E402  the variable must be set first
import tf_keras as keras  # noqa: E402

if tf.keras.optimizers.Optimizer is not keras.optimizers.Optimizer:
    raise ImportError(
        "tf.keras is Keras 3 here and this part of clippy needs Keras 2: set the environment "
        "variable TF_USE_LEGACY_KERAS=1 before TensorFlow is first imported, or take clippy.keras3"
    )

__all__ = ["keras", "tf"]

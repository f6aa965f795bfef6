"""TensorFlow, imported when something needs it: bad input and --help do not wait for it."""

import contextlib
import os
import sys

THREADS = 1  # ours: these models gain less from a second thread than from a second process


def load_tensorflow():
    """Imports TensorFlow and Keras 2 without what their libraries write to standard error."""
    if "tensorflow" not in sys.modules:
        with _silence():
            import clippy.keras2  # noqa: F401  it chooses Keras 2 before TensorFlow is there


def check_method(rule, thresholds, accumulate, scope="local"):
    """clippy.methods.check_method; what has a config computes next, so this loads TensorFlow."""
    load_tensorflow()
    from clippy import methods

    methods.check_method(rule, thresholds, accumulate, scope)


def one_thread():
    """Limits this process to THREADS compute threads; to be called before TensorFlow's first op.

    With more threads the bits of a run depend on the number of cores.
    """
    load_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)


@contextlib.contextmanager
def _silence():
    """Drops what is written to file descriptor 2, by C++ code too."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

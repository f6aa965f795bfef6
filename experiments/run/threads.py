"""One thread for TensorFlow: the bits then do not depend on the number of cores."""

from experiments.run.late import load_tensorflow


def one_thread():
    """Limits this process to one compute thread; to be called before TensorFlow's first op."""
    load_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

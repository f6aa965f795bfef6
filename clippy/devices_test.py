"""Two logical devices against one on the joined batch, and checkpoints across them.

Logical devices must be set before TensorFlow starts, so this file runs itself as a script.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad

STEPS, BATCH, IDS, WIDTH = 4, 6, 9, 257  # the wide kernel has 257 * 259 > 2**16 elements
CASES = {
    "gc_global": lambda **given: ClippedAdagrad("gc", {"lam": 0.1}, scope="global", **given),
    # The name of a copy ends in "/replica_1:0", which this pattern does not match.
    "lamb": lambda **given: ClippedAdagrad("lamb", {"mu": 0.1}, exclude=["/bias:"], **given),
    "drop_in": lambda **given: ClippyAdagrad(**given),
}
FAST = "gc_global"
NAMES = ["table/embeddings:0", "wide/kernel:0", "wide/bias:0", "out/kernel:0", "out/bias:0"]


def model_of():
    model = keras.Sequential(
        [
            keras.layers.Embedding(IDS, WIDTH, input_length=1, name="table"),
            keras.layers.Flatten(),
            keras.layers.Dense(259, "tanh", name="wide"),
            keras.layers.Dense(1, name="out"),
        ]
    )
    model.build([None, 1])
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(size=w.shape) * 0.1 for w in model.get_weights()])
    return model


def batches():
    rng = np.random.default_rng(4)
    ids = rng.integers(0, IDS - 2, [STEPS, BATCH, 1])  # they repeat within and across devices
    return ids, rng.normal(size=[STEPS, BATCH, 1]).astype("float32") * 3


def report(strategy, model, optimizer):
    """What each device holds: device -> name -> array."""
    slots = [v for v in optimizer.variables[1:] if "clipping_factor" not in v.name]
    kinds = {
        "weight": {v.name: v for v in model.trainable_variables},
        "state": dict(enumerate(slots)),
        "factor": optimizer.named_clipping_factors(),
        "skipped": optimizer.skipped_steps(),
    }
    return [
        {
            (kind, name): np.asarray(strategy.experimental_local_results(value)[device])
            for kind, values in kinds.items()
            for name, value in values.items()
        }
        for device in range(strategy.num_replicas_in_sync)
    ]


def stepping(strategy, model, optimizer):
    """A step of a custom loop, its gradients summed over the devices."""

    def on_replica(ids, labels, poison):
        with tf.GradientTape() as tape:
            errors = tf.square(model(ids) - labels) * poison
            loss = tf.nn.compute_average_loss(errors, global_batch_size=BATCH)
        variables = model.trainable_variables
        grads = tape.gradient(loss, variables)
        assert isinstance(grads[0], tf.IndexedSlices)
        optimizer.apply_gradients(zip(grads, variables, strict=True))

    @tf.function
    def step(ids, labels, poison):
        strategy.run(on_replica, (ids, labels, poison))

    def take(ids, labels, poison=None):
        poison = np.ones([BATCH, 1], "float32") if poison is None else poison
        size = BATCH // strategy.num_replicas_in_sync

        def split(array):
            return strategy.experimental_distribute_values_from_function(
                lambda context: tf.constant(array[context.replica_id_in_sync_group * size :][:size])
            )

        step(split(ids), split(labels), split(poison))

    return take


def made(strategy, case):
    with strategy.scope():
        model = model_of()
        optimizer = CASES[case](learning_rate=0.125, export_clipping_factors=True)
        optimizer.build(model.trainable_variables)
    return model, optimizer, stepping(strategy, model, optimizer)


def loop(first, second, case):
    """What is held after four steps, and after a fifth in which the last example has a NaN.

    If the strategies differ, a checkpoint goes from one to the other after two steps.
    """
    ids, labels = batches()
    model, optimizer, step = made(first, case)
    for index in range(STEPS):
        if index == 2 and first is not second:
            with tempfile.TemporaryDirectory() as folder:
                saved = tf.train.Checkpoint(model=model, optimizer=optimizer).write(f"{folder}/c")
                model, optimizer, step = made(second, case)
                status = tf.train.Checkpoint(model=model, optimizer=optimizer).read(saved)
                status.assert_existing_objects_matched()
        step(ids[index], labels[index])
    before = report(second, model, optimizer)
    poison = np.ones([BATCH, 1], "float32")
    poison[-1] = np.nan
    step(ids[0], labels[0], poison)
    return before, report(second, model, optimizer)


def assert_near(devices, expected, limit=1e-5):
    """What every device holds differs by so much, relative to the largest number of its array."""
    for device in devices:
        assert list(device) == list(expected)
        for key, value in expected.items():
            size = max(1e-3, np.max(np.abs(value)))
            assert np.max(np.abs(device[key] - value)) <= limit * size, key


def main(case):
    """Two devices take the steps of one, a NaN on one is skipped on both, checkpoints cross."""
    cpus = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})  # takes long
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert two.num_replicas_in_sync == 2
    [expected], [after_nan] = loop(one, one, case)
    devices, devices_after_nan = loop(two, two, case)
    assert_near(devices, expected)
    assert_near(devices[1:], devices[0], 0)
    factors = {name: float(v) for (kind, name), v in expected.items() if kind == "factor"}
    assert list(factors) == NAMES
    assert 0 < min(factors.values()) < 0.5  # the rule had something to do
    assert (len(set(factors.values())) == 1) == case.endswith("global")

    assert_near(devices_after_nan, after_nan)
    for (kind, name), value in devices_after_nan[1].items():
        counted = {"factor": 0, "skipped": 1}
        np.testing.assert_array_equal(value, counted.get(kind, devices[1][kind, name]))
    for pair in [(two, one), (one, two)]:
        assert_near(loop(*pair, case)[0], expected)


@pytest.mark.parametrize(
    "case", [case if case == FAST else pytest.param(case, marks=pytest.mark.slow) for case in CASES]
)
def test_two_devices_do_what_one_does(case):
    done = subprocess.run(
        [sys.executable, "-m", "clippy.devices_test", case],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]


if __name__ == "__main__":
    main(sys.argv[1])

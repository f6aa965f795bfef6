"""Two logical devices against one on the joined batch, and checkpoints across them.

Logical devices must be set before TensorFlow starts, so this file runs itself as a script: once
for the case that every run of the tests looks at, and once for the slow ones.
"""

import functools
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam

STEPS, BATCH, IDS, WIDTH = 4, 6, 9, 257  # the wide kernel has 257 * 259 > 2**16 elements
CASES = {
    "adam": lambda **given: ClippedAdam("clippy", {"rel": 0.5, "abs_": 0.01}, **given),
    "gc_global": lambda **given: ClippedAdagrad("gc", {"lam": 0.1}, scope="global", **given),
    "agc_per_unit": lambda **given: ClippedAdagrad("agc_per_unit", {"lam": 0.01}, **given),
    # The name of a copy ends in "/replica_1:0", which this pattern does not match.
    "lamb": lambda **given: ClippedAdagrad("lamb", {"mu": 0.1}, exclude=["/bias:"], **given),
    "drop_in": lambda **given: ClippyAdagrad(**given),
}
FAST = "gc_global"
RESTORED = [("gc_global", "2 to 1"), ("drop_in", "2 to 1"), ("drop_in", "1 to 2")]
NAMES = ["table/embeddings:0", "wide/kernel:0", "wide/bias:0", "out/kernel:0", "out/bias:0"]


def optimizer_of(case):
    return CASES[case](learning_rate=0.125, export_clipping_factors=True)


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


def batches(steps=STEPS):
    rng = np.random.default_rng(4)
    ids = rng.integers(0, IDS - 2, [steps, BATCH, 1])  # they repeat within and across devices
    return ids, rng.normal(size=[steps, BATCH, 1]).astype("float32") * 3


def report(strategy, model, optimizer):
    """What each device holds: device -> name -> nested lists."""
    slots = [v for v in optimizer.variables[1:] if "clipping_factor" not in v.name]
    kinds = {
        "weight": {v.name: v for v in model.trainable_variables},
        "state": {str(index): slot for index, slot in enumerate(slots)},
        "factor": optimizer.named_clipping_factors(),
        "skipped": optimizer.skipped_steps(),
    }
    return [
        {
            f"{kind} {name}": np.asarray(strategy.experimental_local_results(value)[device])
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
        model, optimizer = model_of(), optimizer_of(case)
        optimizer.build(model.trainable_variables)
    return model, optimizer


def loop(strategy, case):
    """Four steps of a custom loop, and a fifth in which the last example has a NaN."""
    model, optimizer = made(strategy, case)
    step = stepping(strategy, model, optimizer)
    for ids, labels in zip(*batches(), strict=True):
        step(ids, labels)
    before = report(strategy, model, optimizer)
    poison = np.ones([BATCH, 1], "float32")
    poison[-1] = np.nan
    step(*(part[0] for part in batches()), poison)
    return {"loop": before, "after NaN": report(strategy, model, optimizer)}


def fit(strategy, case):
    model, optimizer = made(strategy, case)
    ids, labels = (np.reshape(part, [STEPS * BATCH, 1]) for part in batches())
    with strategy.scope():
        model.compile(optimizer, "mse")
    data = tf.data.Dataset.from_tensor_slices((ids, labels)).batch(BATCH)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    model.fit(data.with_options(options), verbose=0, shuffle=False)
    return report(strategy, model, optimizer)


def restored(saver, reader, case, folder):
    """Two steps and a checkpoint under one strategy, two more under another."""
    ids, labels = batches()
    model, optimizer = made(saver, case)
    step = stepping(saver, model, optimizer)
    for index in (0, 1):
        step(ids[index], labels[index])
    path = tf.train.Checkpoint(model=model, optimizer=optimizer).write(f"{folder}/saved")
    model, optimizer = made(reader, case)
    status = tf.train.Checkpoint(model=model, optimizer=optimizer).read(path)
    status.assert_existing_objects_matched()
    step = stepping(reader, model, optimizer)
    for index in (2, 3):
        step(ids[index], labels[index])
    return report(reader, model, optimizer)


def differences(found, expected):
    """Name -> largest difference, relative to the largest number of its array."""
    return {
        name: float(np.max(np.abs(found[name] - value)) / max(1e-3, np.max(np.abs(value))))
        for name, value in expected.items()
    }


def summary(expected, devices):
    """How two devices differ from one and from each other, and the small numbers themselves."""
    return {
        "from one": differences(devices[0], expected),
        "from each other": differences(devices[1], devices[0]),
        **{
            kind: {
                name.removeprefix(f"{kind} "): float(value)
                for name, value in devices[1].items()
                if name.startswith(kind)
            }
            for kind in ("factor", "skipped")
        },
    }


def compare(case, one, two):
    """The results of one case."""
    single, double = loop(one, case), loop(two, case)
    straight = single["loop"][0]
    found = {key: summary(single[key][0], double[key]) for key in single}
    moved = differences(double["after NaN"][1], double["loop"][1])
    kept = ("weight", "state")
    found["moved by NaN"] = {name: d for name, d in moved.items() if name.startswith(kept)}
    found["fit"] = summary(straight, fit(two, case))
    for key, pair in {"2 to 1": (two, one), "1 to 2": (one, two)}.items():
        if (case, key) in RESTORED:
            with tempfile.TemporaryDirectory() as folder:
                devices = restored(*pair, case, folder)
            found[key] = [differences(device, straight) for device in devices]
    return found


def main():
    """All cases; prints one line of JSON."""
    cpus = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})  # takes long
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert two.num_replicas_in_sync == 2
    print(json.dumps({case: compare(case, one, two) for case in sys.argv[1:]}))


@functools.cache
def measured(*cases):
    """What the script prints for some cases."""
    done = subprocess.run(
        [sys.executable, "-m", "clippy.devices_test", *cases],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def results(case):
    """What the script has found in a case."""
    return measured(*([FAST] if case == FAST else [c for c in CASES if c != FAST]))[case]


def each(pairs):
    """Parameters that begin with a case, all but the fast one marked as slow."""
    slow = pytest.mark.slow
    return [
        pytest.param(*pair) if pair[0] == FAST else pytest.param(*pair, marks=slow)
        for pair in pairs
    ]


def above(numbers, limit=1e-5):
    """What differs; a NaN does."""
    return {name: number for name, number in numbers.items() if not number <= limit}


EACH_CASE = pytest.mark.parametrize("case", each([(case,) for case in CASES]))


@pytest.mark.parametrize("case, part", each(itertools.product(CASES, ("loop", "fit"))))
def test_two_devices_take_the_steps_of_one(case, part):
    found = results(case)[part]
    assert above(found["from one"]) == {}
    assert above(found["from each other"], 0) == {}
    names = {name for name in found["from one"] if name.startswith("weight")}
    assert names == {f"weight {name}" for name in NAMES}


@EACH_CASE
def test_factors_and_counts_can_be_read(case):
    found = results(case)["loop"]
    factors = found["factor"]
    assert list(factors) == NAMES
    assert 0 < min(factors.values()) < 0.5  # the rule had something to do
    assert (len(set(factors.values())) == 1) == case.endswith("global")
    assert found["skipped"] == dict.fromkeys(NAMES, 0)


@EACH_CASE
def test_a_nan_on_one_device_is_skipped_on_both(case):
    assert above(results(case)["moved by NaN"], 0) == {}
    found = results(case)["after NaN"]
    assert found["factor"] == dict.fromkeys(NAMES, 0)
    assert found["skipped"] == dict.fromkeys(NAMES, 1)
    assert above(found["from one"]) == {}
    assert above(found["from each other"], 0) == {}


@pytest.mark.parametrize("case, direction", each(RESTORED))
def test_a_checkpoint_crosses_over(case, direction):
    devices = results(case)[direction]
    assert len(devices) == int(direction[-1])
    for differences_of_device in devices:
        assert above(differences_of_device) == {}


if __name__ == "__main__":
    main()

"""ClippyAdagrad against the class of tensorflow-recommenders, paper_clippy against the paper."""

import importlib
import inspect
import math
import re

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad, paper_clippy, shrink_by_references
from clippy.keras2 import keras, tf
from clippy.oracles import assert_identical, weights
from clippy.testing import CONFIGURED, through_json

AUTHORS = importlib.import_module("tensorflow_recommenders.experimental.optimizers.clippy_adagrad")

RATE = 0.125
SHAPES = {"kernel": (3, 5), "bias": (5,), "scale": (), "table": (7, 3)}
START = weights(shapes=SHAPES)
PAPER = {"variable_relative_threshold": 0.5, "absolute_threshold": 1e-2, "epsilon": 0.0}
SETTINGS = {
    "defaults": {},
    "paper": PAPER,
    "accumulator": {"accumulator_relative_threshold": 1e-2},
    "no absolute": {"absolute_threshold": 0.0},
    "from zero": {"initial_accumulator_value": 0.0, "absolute_threshold": 1e-2},
}
UPDATES = {
    "delayed": {},
    "clipped": {"clip_accumulator_update": True},
    "standard": {"use_standard_accumulator_update": True},
}
OWN = {
    "initial_accumulator_value": 0.5,
    "variable_relative_threshold": 0.75,
    "accumulator_relative_threshold": 0.125,
    "absolute_threshold": 0.0625,
    "epsilon": 0.375,
}


def gradients(steps, seed=1):
    """Dense gradients of changing size, those of the table as values and ids that repeat."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        size = 10.0 ** rng.uniform(-4, 1.5)
        shapes = {**SHAPES, "table": (4, 3)}
        grads = {name: rng.normal(size=shape) * size for name, shape in shapes.items()}
        ids = tf.constant(rng.permutation([4, 1, 4, rng.integers(7)]))
        yield {name: tf.constant(grad, tf.float32) for name, grad in grads.items()}, ids


def build(optimizer, start):
    """The optimizer, its variables and their accumulators."""
    variables = [tf.Variable(value, name=name) for name, value in start.items()]
    optimizer.build(variables)
    return optimizer, variables, accumulators(optimizer)


def accumulators(optimizer):
    theirs = isinstance(optimizer, AUTHORS.ClippyAdagrad)
    return list(optimizer._accumulators if theirs else optimizer._state["accumulator"])


def pairs(grads, ids, variables):
    shape = tf.constant(SHAPES["table"], ids.dtype)
    table = tf.IndexedSlices(grads["table"], ids, shape)
    return list(zip([*list(grads.values())[:-1], table], variables, strict=True))


def assert_near(one, other, rtol, **kwargs):
    for first, second in zip(one, other, strict=True):
        np.testing.assert_allclose(first, second, rtol=rtol, atol=1e-3 * rtol, **kwargs)


@pytest.mark.parametrize(
    "setting, update",
    [("accumulator", "clipped"), ("defaults", "delayed"), ("paper", "standard")]
    + [pytest.param(s, "delayed", marks=pytest.mark.slow) for s in SETTINGS if s != "defaults"],
)
def test_every_step_is_that_of_the_authors(setting, update):
    arguments = {"export_clipping_factors": True, **SETTINGS[setting], **UPDATES[update]}
    ours, variables, totals = build(ClippyAdagrad(RATE, **arguments), START)
    reference, theirs, their_totals = build(AUTHORS.ClippyAdagrad(RATE, **arguments), START)

    @tf.function
    def step(grads, ids):
        reference.apply_gradients(pairs(grads, ids, theirs))
        ours.apply_gradients(pairs(grads, ids, variables))
        state = [*variables, *totals, *ours.clipping_factors]
        expected = [*theirs, *their_totals, *reference.clipping_factors]
        found = [part.read_value() for part in (*state, *expected)]
        # Both start the next step from the same state: 100 steps drift, one does not.
        for one, other in zip(state, expected, strict=True):
            one.assign(other)
        return found[: len(state)], found[len(state) :]

    factors = []
    for number, (grads, ids) in enumerate(gradients(100)):
        found, expected = step(grads, ids)
        assert_near(found, expected, rtol=1e-6, err_msg=f"step {number}")
        factors.append(np.array(expected[-len(SHAPES) :]))
    assert np.min(factors) < 0.5
    assert np.max(factors) == 1
    assert int(ours.iterations) == 100


@pytest.mark.parametrize("size", [1e-4, 1, 1e4])
@pytest.mark.parametrize(
    "shape, reference_shapes, relative, absolute",
    [
        ((4, 3), [(3,), (4, 1), ()], [0.5, 0.0, 0.25], 1e-3),  # they broadcast
        ((4, 3), [(4, 3)], [0.0], 0.0),  # nothing is allowed
        ((5,), [], [], 0.125),
    ],
)
def test_shrinking_is_that_of_the_authors(shape, reference_shapes, relative, absolute, size):
    rng = np.random.default_rng(0)
    for zeros in (0.0, 0.4, 1.0):
        tensor = np.where(rng.random(shape) < zeros, 0, rng.normal(size=shape) * size)
        references = [
            np.where(rng.random(s) < zeros / 2, 0, rng.normal(size=s)) for s in reference_shapes
        ]
        given = [tf.constant(array, tf.float32) for array in (tensor, *references)]
        shrunk, scale = shrink_by_references(given[0], given[1:], relative, absolute)
        theirs = AUTHORS.shrink_by_references(given[0], given[1:], relative, absolute)
        np.testing.assert_allclose(scale, theirs[1], rtol=1e-6)
        np.testing.assert_allclose(shrunk, theirs[0], rtol=1e-6)
        assert scale.shape == ()
        assert shrunk.shape == shape
        assert scale > 0 or not absolute


@pytest.mark.parametrize(
    "relative, absolute, message",
    [
        ([0.5, -1e-9], 0.1, "relative_factors = -1e-09: expected"),
        ([0.5, 0.5], math.nan, "absolute_factor = nan: expected"),
        ([0.5], 0.1, "relative_factors has 1 values.* 2 references"),
    ],
)
def test_shrinking_refuses_bad_factors(relative, absolute, message):
    tensor = tf.constant([3.0, -7.0])
    with pytest.raises(ValueError, match=message):
        shrink_by_references(tensor, [tensor, tensor], relative, absolute)


def test_paper_clippy_has_the_papers_numbers_and_takes_every_other_argument():
    numbers = {**PAPER, "initial_accumulator_value": 0.1, "accumulator_relative_threshold": 0.0}
    config = paper_clippy(0.5).get_config()
    assert {name: config[name] for name in numbers} == numbers
    assert (config["learning_rate"], config["use_standard_accumulator_update"]) == (0.5, True)
    given = {**OWN, "use_standard_accumulator_update": False, "name": "another"}
    config = paper_clippy(0.5, **given).get_config()
    assert {name: config[name] for name in given} == given


@pytest.mark.parametrize("name", ["learning_rate", *OWN])
def test_bad_number_is_refused_by_name_and_value(name):
    for value in [-1, -1e-9, math.nan, math.inf, -math.inf, True, "0.5", None]:
        with pytest.raises(ValueError, match=f"{name} = {re.escape(repr(value))}: expected"):
            ClippyAdagrad(**{name: value})


def test_what_would_not_move_or_be_finite_or_known_is_refused():
    with pytest.raises(ValueError, match="epsilon = 0.0: expected"):
        ClippyAdagrad(epsilon=0.0, initial_accumulator_value=0.0)
    for name in OWN:
        ClippyAdagrad(**{name: 0})
    with pytest.raises(ValueError, match="clip_accumulator_update = True: expected False"):
        ClippyAdagrad(clip_accumulator_update=True, use_standard_accumulator_update=True)


def test_arguments_of_the_authors_keep_their_place_and_default():
    theirs, ours = (
        [(p.name, p.default, p.kind) for p in inspect.signature(cls).parameters.values()]
        for cls in (AUTHORS.ClippyAdagrad, ClippyAdagrad)
    )
    assert ours == theirs
    given = [0.25, 0.5, 0.75, 0.125, 0.0625, 0.375, True, False, True, "another"]
    config = ClippyAdagrad(*given).get_config()
    assert [config[name] for name, *_ in theirs[:-1]] == given


@pytest.mark.parametrize("update", UPDATES)
def test_config_holds_every_argument(update):
    flags = {"clip_accumulator_update": False, "use_standard_accumulator_update": False}
    given = {**CONFIGURED, **OWN, **flags, **UPDATES[update]}
    assert set(inspect.signature(AUTHORS.ClippyAdagrad).parameters) - {"kwargs"} <= set(given)
    optimizer = ClippyAdagrad(**given)
    config = optimizer.get_config()
    assert {name: config[name] for name in given} == given
    again = keras.optimizers.deserialize(through_json(keras.optimizers.serialize(optimizer)))
    assert type(again) is ClippyAdagrad
    assert again.get_config() == config


def test_without_the_guard_a_gradient_of_nan_goes_through():
    ours, variables, totals = build(ClippyAdagrad(RATE, skip_nonfinite=False), START)
    reference, theirs, their_totals = build(AUTHORS.ClippyAdagrad(RATE), START)
    [(grads, ids)] = gradients(1)
    grads["kernel"] *= math.nan
    ours.apply_gradients(pairs(grads, ids, variables))
    reference.apply_gradients(pairs(grads, ids, theirs))
    assert_near([*variables, *totals], [*theirs, *their_totals], rtol=1e-6)
    assert np.all(np.isnan(variables[0].numpy()))


@pytest.mark.parametrize(
    "update, built, export", [("delayed", False, True), ("standard", True, False)]
)
def test_a_checkpoint_of_the_authors_goes_on_here(update, built, export, tmp_path):
    arguments = {"export_clipping_factors": export, **UPDATES[update]}
    reference, theirs, their_totals = build(AUTHORS.ClippyAdagrad(RATE, **arguments), START)
    steps = list(gradients(5))
    for grads, ids in steps[:3]:
        reference.apply_gradients(pairs(grads, ids, theirs))
    saved = tf.train.Checkpoint(optimizer=reference, variables=theirs).save(str(tmp_path / "c"))

    ours = ClippyAdagrad(0.5, **arguments)  # the rate is restored
    variables = [tf.Variable(tf.zeros(shape), name=name) for name, shape in SHAPES.items()]
    if built:
        ours.build(variables)
    status = tf.train.Checkpoint(optimizer=ours, variables=variables).restore(saved)
    status.expect_partial()
    ours.build(variables)
    assert_identical([*variables, *accumulators(ours)], [*theirs, *their_totals])
    assert int(ours.iterations) == 3
    assert float(ours.learning_rate) == RATE
    for grads, ids in steps[3:]:
        reference.apply_gradients(pairs(grads, ids, theirs))
        ours.apply_gradients(pairs(grads, ids, variables))
    assert_near(variables, theirs, rtol=1e-5)

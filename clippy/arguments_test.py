"""Arguments as people write them: compiled expressions, NumPy's numbers, every kind of rate."""

import importlib
import json
import math
import re
import warnings

import numpy as np
import pytest

from clippy.drop_in import ClippyAdagrad
from clippy.keras2 import keras, tf
from clippy.optimizers import ClippedAdagrad, ClippedAdam, ClippedSGD
from clippy.oracles import RATE, assert_identical_path, weights
from clippy.testing import MAKE, gradients, optimizer_of, run, through_json

AUTHORS = importlib.import_module("tensorflow_recommenders.experimental.optimizers.clippy_adagrad")
EACH = pytest.mark.parametrize("which", MAKE)


@pytest.mark.parametrize(
    "pattern, matched",
    [
        (re.compile("bias", re.IGNORECASE), ["Bias", "tower/bias"]),
        (re.compile("(?i)bias", re.MULTILINE), ["Bias", "tower/bias"]),
        (re.compile(" ^ tower # the bottom\n", re.VERBOSE), ["tower/bias", "tower\nkernel"]),
        (re.compile("tower.kernel", re.DOTALL), ["tower\nkernel"]),
        (re.compile("^kernel", re.MULTILINE | re.IGNORECASE), ["tower\nkernel"]),
        (re.compile(r"^\w+:", re.ASCII), ["Bias"]),
        ("(?i)BIAS", ["Bias", "tower/bias"]),
        ("bias", ["tower/bias"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("argument", ["include", "exclude"])
def test_an_expression_keeps_its_flags_through_a_config(argument, pattern, matched):
    # Names as no layer has them tell the flags apart.
    names = ["Bias", "tower/bias", "tower\nkernel", "wärme"]
    optimizer = optimizer_of("gc", **{argument: [pattern]})
    config = through_json(optimizer.get_config())
    again = type(optimizer).from_config(config)
    assert again.get_config() == config
    for one in (optimizer, again):
        found = getattr(one, argument)
        assert [n for n in names if any(re.search(p, f"{n}:0") for p in found)] == matched


def test_a_variable_that_a_flag_excludes_takes_the_plain_step():
    for given, right in [("exclude", [0, 0]), ("include", [2.94, 3.92])]:
        variable = tf.Variable([3.0, 4.0], name="Bias")
        patterns = {given: [re.compile("bias", re.I)]}
        optimizer = ClippedSGD("gc", {"lam": 0.1}, learning_rate=1.0, **patterns)
        optimizer.apply_gradients([(tf.constant([3.0, 4.0]), variable)])
        np.testing.assert_allclose(variable, right, rtol=1e-6)


SHARED = {
    "learning_rate": np.float32(0.5),
    "weight_decay": np.float32(0.25),
    "clipnorm": np.float64(0.5),
    "clipvalue": np.int64(2),
    "use_ema": np.bool_(True),
    "ema_momentum": np.float32(0.5),
    "ema_overwrite_frequency": np.int64(3),
    "skip_nonfinite": np.bool_(False),
    "export_clipping_factors": np.bool_(True),
    "jit_compile": np.bool_(False),
}
RULE = {"rule": "gc", "thresholds": {"lam": np.float32(0.5)}}
NUMBERS = {
    ClippedAdagrad: {**RULE, "initial_accumulator": np.int64(1)},
    ClippedAdam: {
        **RULE,
        **{name: np.float32(0.5) for name in ("beta_1", "beta_2")},
        "epsilon": np.float16(0.5),
    },
    ClippedSGD: {**RULE, "momentum": np.float32(0.5), "nesterov": np.bool_(True)},
    ClippyAdagrad: {
        "initial_accumulator_value": np.int64(1),
        "variable_relative_threshold": np.float32(0.5),
        "accumulator_relative_threshold": np.float16(0.5),
        "absolute_threshold": np.float32(0.25),
        "epsilon": np.float32(0.5),
        "clip_accumulator_update": np.bool_(False),
        "use_standard_accumulator_update": np.bool_(True),
        "global_clipnorm": np.float32(0.5),
        "clipnorm": None,
    },
}


@pytest.mark.parametrize("cls", NUMBERS)
def test_numbers_of_numpy_are_those_of_python(cls):
    given = {**SHARED, **NUMBERS[cls]}
    plain = {
        name: {key: number.item() for key, number in value.items()}
        if isinstance(value, dict)
        else getattr(value, "item", lambda value=value: value)()
        for name, value in given.items()
    }
    optimizer, expected = cls(**given), cls(**plain)
    config = optimizer.get_config()
    assert json.dumps(config) == json.dumps(expected.get_config())
    start, grads = weights(), gradients(3)
    paths = [run(one, start, grads) for one in (optimizer, expected, cls.from_config(config))]
    assert_identical_path(paths[0], paths[1])
    assert_identical_path(paths[0], paths[2])


@pytest.mark.parametrize(
    "rate",
    [
        np.array(RATE),
        np.array(RATE, "float32"),
        tf.constant(RATE),
        np.float64(RATE),
        lambda: RATE,
        lambda: tf.constant(RATE),
        tf.Variable(RATE),
        0.0,
        0,
        np.array(0),
    ],
    ids=lambda rate: type(rate).__name__,
)
def test_a_rate_may_be_all_that_the_class_of_the_authors_takes(rate):
    start, grads = weights(), gradients(3)
    expected = run(AUTHORS.ClippyAdagrad(rate), start, grads)
    number = float(AUTHORS.ClippyAdagrad(rate).learning_rate)
    found = run(ClippyAdagrad(rate), start, grads)
    for one, other in zip(found, expected, strict=True):
        for name in one:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-6, atol=1e-8)
    for which in MAKE:
        optimizer = MAKE[which](learning_rate=rate)
        assert float(optimizer.learning_rate) == optimizer.get_config()["learning_rate"] == number
        again = type(optimizer)(**optimizer.get_config())  # as `from_config` of a subclass may
        again.learning_rate = 0.5  # 0 can grow again
        assert float(again.learning_rate) == 0.5


@EACH
def test_a_rate_of_0_that_a_schedule_left_behind_goes_through_a_config(which):
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
    model.compile(MAKE[which](), "mse")
    decay = keras.callbacks.LearningRateScheduler(lambda epoch: RATE * (1 - epoch))
    model.fit(np.ones([4, 2]), np.ones([4, 1]), epochs=2, callbacks=[decay], verbose=0)
    config = through_json(model.optimizer.get_config())
    assert config["learning_rate"] == 0
    for reloaded in (type(model.optimizer)(**config), type(model.optimizer).from_config(config)):
        assert float(reloaded.learning_rate) == 0
        before, after = run(reloaded, weights(), gradients(1))
        assert_identical_path([before], [after])


class ScheduleOfKeras3:
    """What a schedule of another Keras looks like from here."""

    def __call__(self, step):
        return RATE


@EACH
def test_a_rate_that_is_none_is_refused_with_what_is_taken(which):
    bad = [-0.1, math.nan, math.inf, None, "0.1", True, [0.1], np.array([0.1]), np.array(True)]
    bad += [tf.Variable([0.1]), tf.constant([0.1]), ScheduleOfKeras3(), lambda: None, lambda: -1]
    for rate in bad:
        message = f"learning_rate = {rate!r}: expected a finite number >= 0, a scalar tf.Variable"
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            MAKE[which](learning_rate=rate)
        assert str(error.value).endswith("or a schedule of tf_keras")


@EACH
def test_before_it_is_built_an_optimizer_has_no_factors_counts_and_state(which):
    optimizer = MAKE[which](export_clipping_factors=True)
    assert optimizer.named_clipping_factors() == {}
    assert optimizer.skipped_steps() == {}
    assert optimizer.state == {}
    assert optimizer.clipping_factors == []
    if which == "adagrad":
        assert optimizer.accumulators == []
    optimizer.build([tf.Variable(1.0, name="a")])
    assert list(optimizer.named_clipping_factors()) == list(optimizer.skipped_steps()) == ["a:0"]
    assert set(optimizer.state) == set(optimizer.slots)


NAMES = ["LayerNorm_1/gamma", "LayerNorm_1/beta", "hidden/kernel", "hidden/bias", "out/kernel"]


@pytest.mark.parametrize(
    "argument, pattern, said",
    [
        ("exclude", "layer_norm", "such as LayerNorm_1/gamma:0, LayerNorm_1/beta:0"),
        ("include", "hiden", "such as hidden/kernel:0, hidden/bias:0"),
        ("exclude", "Bias", "such as hidden/bias:0"),
        ("exclude", "^embedding", "LayerNorm_1/gamma:0, LayerNorm_1/beta:0, hidden/kernel:0, ..."),
    ],
)
@pytest.mark.parametrize("which", ["adagrad", "drop-in"])
def test_an_expression_without_a_match_is_warned_of_once(which, argument, pattern, said):
    variables = [tf.Variable(tf.ones([2]), name=name) for name in NAMES]
    optimizer = MAKE[which](**{argument: [pattern, "kernel"]})
    with pytest.warns(UserWarning) as caught:
        for _ in range(2):
            optimizer.apply_gradients([(tf.ones([2]), variable) for variable in variables])
    [message] = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert message.startswith(f"{argument} = [{pattern!r}] matches no variable: expected")
    assert message.endswith(said)


def test_expressions_that_match_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(optimizer_of("gc", exclude=["bias"], include=["tower"]), weights(), gradients(1))
        optimizer_of("gc", exclude=["nobody"]).build([])

"""Every bad parameter of the stream is refused by name, value and what is expected."""

import dataclasses
import math
import re
import typing

import pytest

from data import (
    FeatureWalk,
    LabelNoise,
    LabelShocks,
    Shocks,
    StreamConfig,
    Teacher,
    TeacherDrift,
    VocabularyChurn,
)
from data.testing import BASE, PARTS, config

GOOD = {type(part): vars(part) for part in (BASE, BASE.teacher)}
GOOD |= {type(part): vars(part) for part in (getattr(BASE, name) for name in PARTS)}

# What is refused of every field of a type.
NO_WHOLE = (-1, 2.0, True, "3", math.nan, [3])
NO_REAL = (math.nan, math.inf, -math.inf, True, "0.1", None, (0.1,))
ALWAYS = {int: (*NO_WHOLE, None), int | None: NO_WHOLE, float: NO_REAL}

# What is refused of one field beyond that.
NO_DAYS = (None, 3, "12", {2, 5}, (-1,), (1.0,), (True,), ("2",), (4, 2, 4))
NO_SIZES = ("1", None, math.nan, 20.1, -20.1, True)
BAD = {
    FeatureWalk: {
        **dict.fromkeys(["mean_per_day", "log_scale_per_day"], (-0.01,)),
        "log_scale_limit": (0, -1.0, 20.1),
    },
    Shocks: {
        "days": NO_DAYS,
        "duration_days": (0,),
        "feature_share": (0, 1.01, -0.5),
        "log_scale_low": (-20.1,),
        "log_scale_high": (1.4, 20.1),  # the first is less than log_scale_low
    },
    Teacher: {
        **dict.fromkeys(["hidden", "pairs"], (0,)),
        "linear_share": (-0.1, 1.1),
        "hidden_share": (-0.1, 0.6),  # the second is with linear_share more than the whole
        **dict.fromkeys(["binary_signal", "regression_signal"], (0, -1.5)),
    },
    TeacherDrift: {"turn_per_day": (0, 1.5, -0.1)},
    VocabularyChurn: {"share_per_day": (0, 1.5, -0.1)},
    LabelNoise: {"degrees_of_freedom": (0, -2.0), "scale": (-0.3,), "limit": (0, -50.0)},
    LabelShocks: {
        "days": NO_DAYS,
        "duration_days": (0,),
        "log_scales": (
            *(None, 2.0, {1.0, 2.0, 3.0}),
            *((0.0, size, 0.0) for size in NO_SIZES),
        ),
    },
    StreamConfig: {
        **dict.fromkeys(["examples_per_day", "dense_features", "categorical_features"], (0,)),
        **dict.fromkeys(["days", "vocabulary_size"], (0, 1)),
        "zipf_exponent": (1, 1.0, 0.5, -2.0),
        "heavy_feature_every": (),
        "teacher": (None, "Teacher", GOOD[Teacher], Teacher),
        **dict.fromkeys(PARTS, (0, False, "off", (2, 5), BASE.teacher, FeatureWalk)),
        "drift": (0, None, "False"),
        "tasks": (None, {}, "click", {"click": "count"}, {"a b": "binary"}, {3: "binary"})
        + ((("click", "binary"), ("click", "regression")),),
        "reported": (
            *("click", ("clock",), ("click", "like"), ("watch_time", "rating"), (3,), ([],)),
        ),
    },
}
CASES = [
    (kind, field.name, value)
    for kind in GOOD
    for field in dataclasses.fields(kind)
    for value in (*ALWAYS.get(typing.get_type_hints(kind)[field.name], ()), *BAD[kind][field.name])
]


def name_of(value):
    return value.__name__ if isinstance(value, type) else None


@pytest.mark.parametrize("kind, field, value", CASES, ids=name_of)
def test_bad_value_is_refused(kind, field, value):
    with pytest.raises(ValueError) as caught:
        kind(**(GOOD[kind] | {field: value}))
    stated = re.fullmatch(r"(\w+\.\w+) = (.+): expected (.+)", str(caught.value))
    assert stated, f"not in the one wording: {caught.value}"
    assert stated[1] == f"{kind.__name__}.{field}"
    items = value if isinstance(value, tuple) else ()  # one bad day is named by itself
    assert stated[2] in [repr(value), *map(repr, items)]


@pytest.mark.parametrize("days, bad", [((8,), 8), ((0, 3, 9), 9), ((100, 1), 100)])
@pytest.mark.parametrize("part", ["shocks", "label_shocks"])
def test_shock_outside_the_stream_is_refused(part, days, bad):
    shocks = dataclasses.replace(getattr(BASE, part), days=days)
    name = type(shocks).__name__
    with pytest.raises(ValueError, match=rf"^{name}\.days = {bad}: expected .*at most 7$"):
        config(**{part: shocks})


@pytest.mark.parametrize("tasks, scales", [(None, (0.0, 1.0)), ({"click": "binary"}, (1.0,))])
def test_label_shocks_are_of_the_regression_tasks(tasks, scales):
    shocks = dataclasses.replace(BASE.label_shocks, log_scales=scales)
    with pytest.raises(ValueError, match=r"^LabelShocks.log_scales = .* one a regression task$"):
        config(label_shocks=shocks, **{"tasks": tasks} if tasks else {})


def test_drift_is_switched_off_at_once():
    off = dict.fromkeys(PARTS) | {"label_noise": BASE.label_noise}
    assert config(drift=False) == dataclasses.replace(config(**off), drift=False)


@pytest.mark.parametrize(
    "kind, changes",
    [
        (FeatureWalk, {"mean_per_day": 0, "log_scale_per_day": 0, "log_scale_limit": 1e-3}),
        (Shocks, {"duration_days": None}),
        (LabelShocks, {"duration_days": None}),
        (LabelShocks, {"days": (), "log_scales": (0, 20, -20)}),
        (Shocks, {"duration_days": 1, "feature_share": 1}),
        (Shocks, {"days": (), "log_scale_low": 2.5}),
        (Shocks, {"log_scale_low": -2.0, "log_scale_high": -1.0}),
        (Teacher, {"hidden": 1, "pairs": 1, "linear_share": 0, "hidden_share": 1}),
        (Teacher, {"linear_share": 1, "hidden_share": 0}),
        (TeacherDrift, {"turn_per_day": 1}),
        (VocabularyChurn, {"share_per_day": 1}),
        (LabelNoise, {"degrees_of_freedom": 0.5, "scale": 0}),
        (StreamConfig, {"zipf_exponent": 1.001, "heavy_feature_every": 0, "vocabulary_size": 2}),
        (StreamConfig, {"dense_features": 1, "categorical_features": 1, "examples_per_day": 1}),
        (StreamConfig, {"days": 5}),  # the last shock, on day 4, is on the last day
        (StreamConfig, {"days": 2, "shocks": None, "label_shocks": None}),
        (StreamConfig, dict.fromkeys(["walk", "teacher_drift", "churn", "label_noise"])),
    ],
    ids=name_of,
)
def test_values_at_the_limits_are_taken(kind, changes):
    config = kind(**(GOOD[kind] | changes))
    assert {name: getattr(config, name) for name in changes} == changes


def test_lists_are_kept_as_tuples():
    assert dataclasses.replace(BASE.shocks, days=[5, 2]).days == (5, 2)
    shocks = LabelShocks(days=[5, 2], duration_days=1, log_scales=[1, 2, 3])
    assert (shocks.days, shocks.log_scales) == ((5, 2), (1, 2, 3))

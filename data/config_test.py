"""Every bad parameter of the stream is refused by name, value and what is allowed."""

import dataclasses
import math
import re

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

GOOD = {
    FeatureWalk: {"mean_per_day": 0.03, "log_scale_per_day": 0.02, "log_scale_limit": 4.5},
    Shocks: {
        "days": (2, 5),
        "duration_days": 3,
        "feature_share": 0.25,
        "log_scale_low": 1.5,
        "log_scale_high": 2.5,
    },
    Teacher: {
        "hidden": 3,
        "pairs": 5,
        "linear_share": 0.5,
        "hidden_share": 0.25,
        "binary_signal": 1.5,
        "regression_signal": 0.7,
    },
    TeacherDrift: {"turn_per_day": 0.1},
    VocabularyChurn: {"share_per_day": 0.02},
    LabelNoise: {"degrees_of_freedom": 2.0, "scale": 0.3, "limit": 50.0},
    LabelShocks: {"days": (1, 6), "duration_days": 2, "log_scales": (0.5, 0.0, -1.5)},
}
GOOD[StreamConfig] = {
    "days": 8,
    "examples_per_day": 100,
    "dense_features": 7,
    "categorical_features": 3,
    "vocabulary_size": 11,
    "zipf_exponent": 1.3,
    "heavy_feature_every": 2,
    "teacher": Teacher(**GOOD[Teacher]),
    "walk": FeatureWalk(**GOOD[FeatureWalk]),
    "shocks": Shocks(**GOOD[Shocks]),
    "teacher_drift": TeacherDrift(**GOOD[TeacherDrift]),
    "churn": VocabularyChurn(**GOOD[VocabularyChurn]),
    "label_noise": LabelNoise(**GOOD[LabelNoise]),
    "label_shocks": LabelShocks(**GOOD[LabelShocks]),
}

NO_WHOLE = (-1, 2.0, True, "3", math.nan, [3])  # of the wrong type, or below every limit
NO_REAL = (math.nan, math.inf, -math.inf, True, "0.1", None, (0.1,))

# What is refused beyond NO_WHOLE or NO_REAL.
BAD_WHOLE = {
    (Shocks, "duration_days"): (0,),
    (LabelShocks, "duration_days"): (0,),
    (Teacher, "hidden"): (0, None),
    (Teacher, "pairs"): (0, None),
    (StreamConfig, "days"): (0, 1, None),
    (StreamConfig, "examples_per_day"): (0, None),
    (StreamConfig, "dense_features"): (0, None),
    (StreamConfig, "categorical_features"): (0, None),
    (StreamConfig, "vocabulary_size"): (0, 1, None),
    (StreamConfig, "heavy_feature_every"): (None,),
}
BAD_REAL = {
    (FeatureWalk, "mean_per_day"): (-0.01,),
    (FeatureWalk, "log_scale_per_day"): (-0.01,),
    (FeatureWalk, "log_scale_limit"): (0, -1.0),
    (Shocks, "feature_share"): (0, 1.01, -0.5),
    (Shocks, "log_scale_low"): (),
    (Shocks, "log_scale_high"): (1.4,),  # less than log_scale_low
    (Teacher, "linear_share"): (-0.1, 1.1),
    (Teacher, "hidden_share"): (-0.1, 0.6),  # with linear_share more than the whole
    (Teacher, "binary_signal"): (0, -1.5),
    (Teacher, "regression_signal"): (0, -0.7),
    (TeacherDrift, "turn_per_day"): (0, 1.5, -0.1),
    (VocabularyChurn, "share_per_day"): (0, 1.5, -0.1),
    (LabelNoise, "degrees_of_freedom"): (0, -2.0),
    (LabelNoise, "scale"): (-0.3,),
    (LabelNoise, "limit"): (0, -50.0),
    (StreamConfig, "zipf_exponent"): (1, 1.0, 0.5, -2.0),
}
BAD_OTHER = {
    (LabelShocks, "days"): (None, 3, "12", {2, 5}, (-1,), (1.0,), (True,), ("2",), (4, 2, 4)),
    (LabelShocks, "log_scales"): (None, 2.0, (), (1.0, 2.0), (0, 1, 2, 3), {1.0, 2.0, 3.0}),
    (Shocks, "days"): (None, 3, "12", {2, 5}, (-1,), (1.0,), (True,), ("2",), (4, 2, 4)),
    (StreamConfig, "teacher"): (None, "Teacher", GOOD[Teacher], Teacher),
    (StreamConfig, "walk"): (0, False, "off", TeacherDrift(turn_per_day=0.1), FeatureWalk),
    (StreamConfig, "shocks"): (0, (2, 5), FeatureWalk(**GOOD[FeatureWalk])),
    (StreamConfig, "teacher_drift"): (0.1, VocabularyChurn(share_per_day=0.1)),
    (StreamConfig, "churn"): (0.1, TeacherDrift(turn_per_day=0.1)),
    (StreamConfig, "label_noise"): (0.3, "t", Shocks(**GOOD[Shocks])),
    (StreamConfig, "label_shocks"): ((1, 2, 3), Shocks(**GOOD[Shocks]), LabelShocks),
}


def bad_values():
    for (kind, field), values in BAD_WHOLE.items():
        yield from ((kind, field, value) for value in (*NO_WHOLE, *values))
    for (kind, field), values in BAD_REAL.items():
        yield from ((kind, field, value) for value in (*NO_REAL, *values))
    for (kind, field), values in BAD_OTHER.items():
        yield from ((kind, field, value) for value in values)


def name_of(value):
    return value.__name__ if isinstance(value, type) else None


def test_every_field_has_bad_values():
    fields = {(kind, field.name) for kind in GOOD for field in dataclasses.fields(kind)}
    assert fields == {*BAD_WHOLE, *BAD_REAL, *BAD_OTHER}


@pytest.mark.parametrize("kind, field, value", bad_values(), ids=name_of)
def test_bad_value_is_refused(kind, field, value):
    with pytest.raises(ValueError) as caught:
        kind(**(GOOD[kind] | {field: value}))
    stated = re.fullmatch(r"(\w+\.\w+) = (.+): allowed is (.+)", str(caught.value))
    assert stated, f"not in the one wording: {caught.value}"
    assert stated[1] == f"{kind.__name__}.{field}"
    items = value if isinstance(value, tuple) else ()  # one bad day is named by itself
    assert stated[2] in [repr(value), *map(repr, items)]


@pytest.mark.parametrize("kind", GOOD, ids=name_of)
def test_every_parameter_is_required_and_named(kind):
    for field in GOOD[kind]:
        rest = {name: value for name, value in GOOD[kind].items() if name != field}
        with pytest.raises(TypeError, match=field):
            kind(**rest)
    with pytest.raises(TypeError, match="positional"):
        kind(*GOOD[kind].values())


@pytest.mark.parametrize(
    "days, bad", [((8,), 8), ((0, 3, 9), 9), ((100, 1), 100)], ids=["next", "last", "first"]
)
@pytest.mark.parametrize("part, kind", [("shocks", Shocks), ("label_shocks", LabelShocks)])
def test_shock_outside_the_stream_is_refused(part, kind, days, bad):
    shocks = kind(**(GOOD[kind] | {"days": days}))
    name = kind.__name__
    with pytest.raises(ValueError, match=rf"^{name}\.days = {bad}: allowed is .*at most 7$"):
        StreamConfig(**(GOOD[StreamConfig] | {part: shocks}))


@pytest.mark.parametrize("value", ["1", None, math.nan, 20.1, -20.1, True])
def test_a_bad_size_of_a_label_shock_is_refused(value):
    with pytest.raises(ValueError, match=r"^LabelShocks\.log_scales = .*: allowed is a finite"):
        LabelShocks(days=(1,), duration_days=1, log_scales=(0.0, value, 0.0))


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
        (StreamConfig, {"days": 7}),  # the last shock, on day 6, is on the last day
        (StreamConfig, {"days": 2, "shocks": None, "label_shocks": None}),
        (StreamConfig, dict.fromkeys(["walk", "teacher_drift", "churn", "label_noise"])),
    ],
    ids=name_of,
)
def test_values_at_the_limits_are_taken(kind, changes):
    config = kind(**(GOOD[kind] | changes))
    assert {name: getattr(config, name) for name in changes} == changes


def test_configs_are_frozen_values():
    for kind, values in GOOD.items():
        one, other = kind(**values), kind(**values)
        assert one == other and hash(one) == hash(other)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, next(iter(values)), 1)


def test_lists_are_kept_as_tuples():
    assert Shocks(**(GOOD[Shocks] | {"days": [5, 2]})).days == (5, 2)
    shocks = LabelShocks(days=[5, 2], duration_days=1, log_scales=[1, 2, 3])
    assert (shocks.days, shocks.log_scales) == ((5, 2), (1, 2, 3))

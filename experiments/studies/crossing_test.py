"""A grid becomes the cases that a person would have written out."""

import pytest

from experiments.studies import crossing

CROSSED = {"TrainerConfig.warmup_days": (0, 3), "method": ("gc", "agc")}
FAR = {"model": "large", "LabelNoise.scale": 0.5}
LABELLED = {
    "place": {"": {"model": "small"}, "far": FAR},
    "rate": {"1x": {"rate_multiple": 1}, "2x": {"rate_multiple": 2}},
}


def test_crossed_parameters_make_every_combination():
    assert crossing.expand(CROSSED, {}, {}) == {
        f"warmup_days={days}, method={name}": {"TrainerConfig.warmup_days": days, "method": name}
        for days in (0, 3)
        for name in ("gc", "agc")
    }


def test_zipped_parameters_go_together_and_are_crossed_with_the_others():
    cases = crossing.expand(
        {"RELATIVE": (0.5, 2)}, {"threshold": (0.1, None), "rate_multiple": (1, 4)}, {}
    )
    assert {name: tuple(fields.values()) for name, fields in cases.items()} == {
        "relative=0.5, threshold=0.1, rate_multiple=1": (0.5, 0.1, 1),
        "relative=0.5, rate_multiple=4": (0.5, None, 4),
        "relative=2, threshold=0.1, rate_multiple=1": (2, 0.1, 1),
        "relative=2, rate_multiple=4": (2, None, 4),
    }


def test_a_threshold_that_is_left_alone_names_a_case_and_can_be_its_baseline():
    crossed, baseline = {"threshold": (None, 0.01)}, {"threshold": None}
    assert crossing.expand(crossed, {}, baseline) == {
        "threshold=None": {"threshold": None},
        "threshold=0.01": {"threshold": 0.01, "against": "threshold=None"},
    }


def test_labels_name_the_cases_and_stand_for_several_fields():
    assert crossing.expand(LABELLED, {}, {"place": ""}) == {
        "1x": {"model": "small", "rate_multiple": 1},
        "2x": {"model": "small", "rate_multiple": 2},
        "far_1x": FAR | {"rate_multiple": 1, "against": "1x"},
        "far_2x": FAR | {"rate_multiple": 2, "against": "2x"},
    }
    # Beside lists they are values like others.
    beside = crossing.expand({"place": {"far": {"model": "large"}}, "rate_multiple": (2,)}, {}, {})
    assert beside == {"place=far, rate_multiple=2": {"model": "large", "rate_multiple": 2}}


@pytest.mark.parametrize(
    "baseline, against",
    [
        ({"TrainerConfig.warmup_days": 0, "method": "agc"}, ["warmup_days=0, method=agc"] * 4),
        (  # in part: the case of the same values elsewhere
            {"TrainerConfig.warmup_days": 3},
            ["warmup_days=3, method=gc", "warmup_days=3, method=agc"] * 2,
        ),
    ],
)
def test_every_case_but_the_baseline_is_compared_with_it(baseline, against):
    cases = crossing.expand(CROSSED, {}, baseline)
    expected = [
        other if other != name else None for name, other in zip(cases, against, strict=True)
    ]
    assert [fields.get("against") for fields in cases.values()] == expected


def test_parameters_that_end_alike_keep_their_whole_names():
    crossed = {"Shocks.days": ((4,),), "LabelShocks.days": ((9, 5),)}
    assert list(crossing.expand(crossed, {}, {})) == ["Shocks.days=(4,), LabelShocks.days=(9, 5)"]

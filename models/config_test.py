"""Every bad parameter of a model is refused by name, value and what is expected."""

import dataclasses
import math

import pytest

from models.config import ModelConfig

GOOD = {
    "name": "tiny",
    "paper_width": 96,
    "depth": 2,
    "paper_cross_layers": 3,
    "width_divisor": 8,
    "cross_divisor": 2,
    "embedding_width": 5,
    "tasks": ("click", "rating"),
    "task_weights": {"click": 2, "rating": 0.5},
    "dense_kept": (0, 3),
    "categorical_kept": (1,),
}

NO_WHOLE = (-1, 2.0, True, "3", None, math.nan)
NO_INDICES = ((), [], 3, "0", {0}, (-1,), (0, 0), (1.0,), (True,), ("0",), (None,))
COUNTS = ("paper_width", "depth", "width_divisor", "cross_divisor", "embedding_width")
BAD = dict.fromkeys(COUNTS, (*NO_WHOLE, 0)) | {
    "name": ("", "two words", "a-b", "1st", 3, None),
    "paper_cross_layers": NO_WHOLE,
    "tasks": ((), [], "click", {"click"}, 1, ("click", "click"), (1,), ("click", None)),
    "task_weights": (
        None,
        [("click", 1.0)],
        "click",
        {"click": 1.0, "rating": -0.5},
        *({"click": weight} for weight in (0, math.nan, math.inf, True, "1", None)),
    ),
    "dense_kept": NO_INDICES,
    "categorical_kept": NO_INDICES,
}


@pytest.mark.parametrize("field, value", [(field, bad) for field in GOOD for bad in BAD[field]])
def test_bad_value_is_refused(field, value):
    with pytest.raises(ValueError) as caught:
        ModelConfig(**(GOOD | {field: value}))
    assert str(caught.value).startswith(f"ModelConfig.{field} = {value!r}: expected ")


def test_values_at_the_limits_are_taken_and_lists_are_kept_as_tuples():
    limits = {"paper_cross_layers": 0, "depth": 1, "paper_width": 1, "width_divisor": 1}
    config = ModelConfig(**(GOOD | limits | {"tasks": ["rating", "click"], "dense_kept": [3, 0]}))
    assert {name: getattr(config, name) for name in limits} == limits
    assert (config.tasks, config.dense_kept) == (("rating", "click"), (3, 0))


@pytest.mark.parametrize(
    "whole, divisor, left", [(96, 8, 12), (512, 1, 512), (5, 2, 2), (4, 4, 1), (3, 8, 1)]
)
def test_sizes_are_divided_and_at_least_one_is_left(whole, divisor, left):
    wide = ModelConfig(**(GOOD | {"paper_width": whole, "width_divisor": divisor}))
    deep = ModelConfig(**(GOOD | {"paper_cross_layers": whole, "cross_divisor": divisor}))
    assert wide.width == deep.cross_layers == left
    assert dataclasses.replace(deep, paper_cross_layers=0).cross_layers == 0


@pytest.mark.parametrize(
    "changes, refused",
    [
        ({"tasks": ("click", "clack")}, "tasks = 'clack': expected one of click, share, rating"),
        ({"task_weights": {"x": 1}}, "task_weights = 'x': expected one of click, share, rating"),
        ({"dense_kept": (4, 0)}, "dense_kept = (4, 0): expected indices below 4"),
        ({"categorical_kept": (2,)}, "categorical_kept = (2,): expected indices below 2"),
    ],
)
def test_inputs_that_are_not_there_are_refused(changes, refused):
    there = ["click", "share", "rating"], 4, 2
    ModelConfig(**GOOD).check_inputs(*there)
    with pytest.raises(ValueError) as caught:
        ModelConfig(**(GOOD | changes)).check_inputs(*there)
    assert str(caught.value) == f"ModelConfig.{refused}"

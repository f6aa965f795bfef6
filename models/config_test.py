"""Every bad parameter of a model is refused by name, value and what is allowed."""

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
BAD = {
    "name": ("", "two words", "a-b", "1st", 3, None),
    "paper_width": (*NO_WHOLE, 0),
    "depth": (*NO_WHOLE, 0),
    "paper_cross_layers": NO_WHOLE,
    "width_divisor": (*NO_WHOLE, 0),
    "cross_divisor": (*NO_WHOLE, 0),
    "embedding_width": (*NO_WHOLE, 0),
    "tasks": ((), [], "click", {"click"}, 1, ("click", "click"), (1,), ("click", None)),
    "task_weights": (
        None,
        [("click", 1.0)],
        "click",
        {"click": 0},
        {"click": 1.0, "rating": -0.5},
        {"click": math.nan},
        {"click": math.inf},
        {"click": True},
        {"click": "1"},
        {"click": None},
    ),
    "dense_kept": NO_INDICES,
    "categorical_kept": NO_INDICES,
}


def test_every_field_has_bad_values():
    assert {field.name for field in dataclasses.fields(ModelConfig)} == set(BAD)


@pytest.mark.parametrize("field, value", [(field, bad) for field in BAD for bad in BAD[field]])
def test_bad_value_is_refused(field, value):
    with pytest.raises(ValueError) as caught:
        ModelConfig(**(GOOD | {field: value}))
    assert str(caught.value).startswith(f"ModelConfig.{field} = {value!r}: allowed is ")


@pytest.mark.parametrize(
    "changes",
    [
        {"paper_cross_layers": 0, "depth": 1, "paper_width": 1, "width_divisor": 1},
        {"tasks": None, "dense_kept": None, "categorical_kept": None, "task_weights": {}},
    ],
)
def test_values_at_the_limits_are_taken(changes):
    config = ModelConfig(**(GOOD | changes))
    assert {name: getattr(config, name) for name in changes} == changes


def test_subsets_default_to_everything():
    required = ["name", "paper_width", "depth", "paper_cross_layers", "width_divisor"]
    required += ["cross_divisor", "embedding_width"]
    config = ModelConfig(**{name: GOOD[name] for name in required})
    assert (config.tasks, config.dense_kept, config.categorical_kept) == (None, None, None)
    assert config.task_weights == {}


def test_lists_are_kept_as_tuples():
    config = ModelConfig(**(GOOD | {"tasks": ["rating", "click"], "dense_kept": [3, 0]}))
    assert (config.tasks, config.dense_kept) == (("rating", "click"), (3, 0))


@pytest.mark.parametrize(
    "paper_width, divisor, width", [(96, 8, 12), (512, 1, 512), (100, 16, 6), (4, 4, 1), (3, 8, 1)]
)
def test_width_is_divided_and_at_least_one(paper_width, divisor, width):
    config = ModelConfig(**(GOOD | {"paper_width": paper_width, "width_divisor": divisor}))
    assert config.width == width


@pytest.mark.parametrize(
    "paper_layers, divisor, layers",
    [(4, 2, 2), (4, 1, 4), (5, 2, 2), (3, 9, 1), (0, 1, 0), (0, 4, 0)],
)
def test_cross_layers_are_divided_and_stay_if_there_were_any(paper_layers, divisor, layers):
    changes = {"paper_cross_layers": paper_layers, "cross_divisor": divisor}
    assert ModelConfig(**(GOOD | changes)).cross_layers == layers


def test_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig(**GOOD).depth = 3


@pytest.mark.parametrize(
    "changes, refused",
    [
        ({}, None),
        ({"dense_kept": None, "categorical_kept": None, "tasks": None, "task_weights": {}}, None),
        ({"tasks": ("click", "clack")}, "tasks = 'clack': allowed is one of click, share, rating"),
        ({"task_weights": {"clack": 1}}, "task_weights = 'clack': allowed is one of click, rating"),
        ({"dense_kept": (4, 0)}, "dense_kept = (4, 0): allowed is indices below 4"),
        ({"categorical_kept": (2,)}, "categorical_kept = (2,): allowed is indices below 2"),
    ],
)
def test_inputs_that_are_not_there_are_refused(changes, refused):
    config = ModelConfig(**(GOOD | changes))
    if refused is None:
        config.check_inputs(["click", "share", "rating"], 4, 2)
        return
    with pytest.raises(ValueError) as caught:
        config.check_inputs(["click", "share", "rating"], 4, 2)
    assert str(caught.value).startswith(f"ModelConfig.{refused}")

"""Planted faults: how they are drawn, and that each changes what it says and nothing else."""

import dataclasses

import numpy as np
import pytest

from experiments.errors import BadInput
from experiments.machinery.records.record import Store
from experiments.machinery.workers.planted import DEAD_BIAS, FaultyDays, planted
from experiments.machinery.workers.runner import Runner
from experiments.studies.plants import KINDS, RANKS, Plant, drawn
from experiments.studies.plants_config import PlantsConfig
from experiments.studies.registry import telemetry_config
from experiments.studies.testing import smoke

CONFIG = PlantsConfig(
    model="large",
    data_seeds=(1005, 1007),
    rate=0.1,
    count=3,
    first_day=2,
    last_day=4,
    days_after=2,
    scales=(10.0, 1000.0),
    rate_factor=10.0,
    seed=3,
    values={"StreamConfig.shocks": None, "StreamConfig.label_shocks": None},
)
CALM = smoke("naive", rate=0.01, data_seed=1005, values=CONFIG.values)
PER_DAY = 6
TELEMETRY = dataclasses.replace(telemetry_config(), recorder=None)


@pytest.fixture(scope="module")
def runner(tmp_path_factory, day_cache):
    return Runner(Store(tmp_path_factory.mktemp("results") / "smoke"), day_cache)


def test_plants_are_of_each_kind_in_turn_and_the_same_at_every_draw():
    plants = [drawn(CONFIG, "smoke", number) for number in range(70)]
    assert plants == [drawn(CONFIG, "smoke", number) for number in range(70)]
    assert [plant.kind for plant in plants] == [*KINDS, "none"] * 10
    assert [plant.config.data_seed for plant in plants[::7]] == [1005, 1007] * 5
    assert len({plant.config.run_seed for plant in plants}) == 70
    for plant in plants:
        of_rate = plant.kind == "rate"
        assert plant.config.learning_rate == pytest.approx(1.0 if of_rate else 0.1)
        assert plant.day in ([0] if of_rate else [2, 3, 4])
        assert plant.day * PER_DAY <= plant.step < (plant.day + 1) * PER_DAY
        assert plant.kind in ("none", "rate") or 10 <= plant.factor <= 1000
        assert plant.steps == (4 + 2 if of_rate else plant.day + 2) * PER_DAY
    assert {plant.day for plant in plants} == {0, 2, 3, 4}
    assert {plant.column for plant in plants if plant.kind == "label"} == {3, 4, 5}
    assert {plant.rank for plant in plants} == set(range(RANKS))


def plant(kind, **given):
    about = {"day": 3, "step": 20, "column": 4, "factor": 50.0, "feature": 1, "rank": 1}
    return Plant(kind, **about | given, config=CALM, steps=24)


@pytest.mark.parametrize("kind, field", [("input", "dense"), ("label", "labels"), ("id", "dense")])
def test_one_column_of_one_day_is_changed(runner, kind, field):
    days, made = runner.days(CALM), plant(kind)
    faulty, usual = FaultyDays(days, made), np.array(days.day(3))
    assert faulty.rows(3) == days.rows(3)
    assert np.array_equal(faulty.day(2), days.day(2))
    hit = np.ones(len(usual), bool)
    if kind == "id":
        ids = usual["categorical"][:, 1]
        second = np.argsort(-np.bincount(ids), kind="stable")[1]
        hit = ids == second
        assert made.name(usual) == f"categorical_1={second}"
        assert 0 < hit.sum() < len(usual) / 2
    else:
        assert made.name(usual) == {"input": "dense_4", "label": "completion"}[kind]
    usual[field][hit, 4] *= 50.0
    assert np.array_equal(faulty.day(3), usual)
    assert np.array_equal(faulty.day(3), usual)  # and not a second time


def losses(runner, made):
    return planted(made, runner, TELEMETRY).telemetry.set_index("step")["loss"]


def test_a_batch_is_changed_once_and_a_layer_dies_for_good(runner):
    usual = losses(runner, plant("rate"))  # whose rate is that of its config
    assert usual.index.tolist() == list(range(1, 25))
    batch = losses(runner, plant("batch", factor=1e4))
    assert batch.loc[:20].tolist() == usual.loc[:20].tolist()
    assert batch.loc[21] > 100 * usual.loc[21]
    dead = planted(plant("layer", column=1), runner, TELEMETRY).telemetry.set_index("step")
    assert dead.loc[:20, "loss"].tolist() == usual.loc[:20].tolist()
    assert dead.loc[20, "dead/hidden_1"] < 1 == dead.loc[21:, "dead/hidden_1"].min()
    bias = next(iter(runner._programs.values())).model.hidden[1].bias.numpy()
    assert (bias == np.float32(DEAD_BIAS)).all()
    assert losses(runner, plant("none")).tolist() == usual.tolist()  # the next run starts anew


def test_days_that_are_not_in_order_are_refused():
    with pytest.raises(ValueError, match=r"PlantsConfig.last_day = 1: expected at least 2"):
        dataclasses.replace(CONFIG, last_day=1)
    with pytest.raises(ValueError, match=r"PlantsConfig.data_seeds = 11: expected"):
        dataclasses.replace(CONFIG, data_seeds=(11,))


@pytest.mark.parametrize(
    "scales, said",
    [
        ((1.0, 2.0, 3.0), r"scales = \(1.0, 2.0, 3.0\): expected two numbers above 0, the second"),
        ((0.0, 5.0), r"scales\[0\] = 0.0: expected"),
        ((9.0, 5.0), r"scales\[1\] = 5.0: expected"),
        ((1.0, "much"), r"scales\[1\] = 'much': expected"),
    ],
)
def test_factors_that_cannot_be_drawn_are_refused(scales, said):
    with pytest.raises(ValueError, match=f"PlantsConfig.{said}"):
        dataclasses.replace(CONFIG, scales=scales)


def test_a_stream_in_which_a_fault_has_no_place_is_refused():
    binary = CONFIG.values | {"StreamConfig.tasks": {"click": "binary"}}
    with pytest.raises(BadInput, match="profile smoke has no regression tasks: expected some to"):
        drawn(dataclasses.replace(CONFIG, values=binary), "smoke", 0)

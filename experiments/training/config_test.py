"""Identity of runs, and the schedule."""

import dataclasses
import re

import pytest

from experiments.studies.grid import run_config
from experiments.training import config as config_module
from experiments.training.config import MethodConfig, RunConfig, TrainerConfig


@pytest.fixture(scope="module")
def config():
    return run_config("smoke", "small", "gc", learning_rate=0.1, data_seed=1, run_seed=0)


CHANGES = {
    "learning rate": lambda c: dataclasses.replace(c, learning_rate=0.2),
    "data seed": lambda c: dataclasses.replace(c, data_seed=2),
    "run seed": lambda c: dataclasses.replace(c, run_seed=1),
    "threshold": lambda c: dataclasses.replace(
        c, method=dataclasses.replace(c.method, thresholds={"lam": 0.01})
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_gives_another_run_on_the_same_trace(config, change):
    changed = change(config)
    assert changed.run_id != config.run_id
    assert changed.trace_key == config.trace_key


OTHER_TRACES = {
    "accumulate": lambda c: dataclasses.replace(
        c, method=dataclasses.replace(c.method, accumulate="raw")
    ),
    "scope": lambda c: dataclasses.replace(c, method=dataclasses.replace(c.method, scope="global")),
    "optimizer": lambda c: dataclasses.replace(
        c, method=dataclasses.replace(c.method, optimizer="adam")
    ),
    "rule": lambda c: dataclasses.replace(
        c, method=dataclasses.replace(c.method, rule="agc_per_unit")
    ),
    "depth": lambda c: dataclasses.replace(c, model=dataclasses.replace(c.model, depth=3)),
    "features": lambda c: dataclasses.replace(
        c, stream=dataclasses.replace(c.stream, dense_features=13)
    ),
}


@pytest.mark.parametrize("change", OTHER_TRACES.values(), ids=OTHER_TRACES)
def test_a_change_of_the_program_needs_another_trace(config, change):
    changed = change(config)
    assert changed.run_id != config.run_id
    assert changed.trace_key != config.trace_key


@pytest.mark.parametrize("name", ["scope", "optimizer"])
def test_a_younger_parameter_at_its_default_is_no_part_of_the_identity(config, name):
    """Records that are older than the parameter keep their ids."""
    assert name not in config.to_dict()["method"]
    other = OTHER_TRACES[name](config)
    assert name in other.to_dict()["method"]
    assert RunConfig.from_dict(other.to_dict()) == other
    assert RunConfig.from_dict(config.to_dict()) == config


def test_the_numerics_version_is_part_of_the_identity(config, monkeypatch):
    before = config.run_id
    monkeypatch.setattr(config_module, "NUMERICS_VERSION", -1)
    assert dataclasses.replace(config).run_id != before


def test_a_run_id_reads_as_model_method_hash(config):
    assert re.fullmatch(r"small-gc-[0-9a-f]{12}", config.run_id)


def test_warmup_rises_linearly_and_then_stays():
    trainer = TrainerConfig(
        window_days=1, steps_per_day=2, batch_size=1, evaluate_every_steps=1, warmup_days=2
    )
    rates = [trainer.rate_at(step, 0.8) for step in range(6)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_no_warmup_is_constant(config):
    assert [config.trainer.rate_at(step, 0.3) for step in (0, 1, 99)] == [0.3] * 3


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), "0.1", None, True])
def test_a_bad_rate_is_refused(config, rate):
    with pytest.raises(ValueError, match="run.learning_rate = .*: allowed is a finite number"):
        dataclasses.replace(config, learning_rate=rate)


@pytest.mark.parametrize("value", [0, -0.5, float("nan"), float("inf"), "1"])
def test_a_bad_threshold_is_refused(value):
    with pytest.raises(ValueError, match="MethodConfig.thresholds = .*: allowed"):
        MethodConfig(name="gc", rule="gc", thresholds={"lam": value}, accumulate="raw")


@pytest.mark.parametrize("optimizer", ["Adam", "sgd", None, ["adam"]])
def test_an_unknown_optimizer_is_refused(optimizer):
    with pytest.raises(ValueError, match="MethodConfig.optimizer = .*: allowed is one of adagrad"):
        MethodConfig(name="m", rule="naive", thresholds={}, accumulate="raw", optimizer=optimizer)


def test_parts_of_another_kind_are_refused(config):
    with pytest.raises(ValueError, match="run.model = .*: allowed is @ModelConfig"):
        dataclasses.replace(config, model=config.method)

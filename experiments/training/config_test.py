"""Identity of runs, and the schedule."""

import dataclasses
import json
import re

import pytest

from experiments.studies.testing import smoke, with_part
from experiments.training import config as config_module
from experiments.training.config import MethodConfig, RunConfig


@pytest.fixture(scope="module")
def config():
    return smoke()


CHANGES = {
    "learning rate": lambda c: dataclasses.replace(c, learning_rate=0.2),
    "data seed": lambda c: dataclasses.replace(c, data_seed=2),
    "run seed": lambda c: dataclasses.replace(c, run_seed=1),
    "threshold": lambda c: with_part(c, "method", thresholds={"lam": 0.01}),
}
OTHER_TRACES = {
    "accumulate": lambda c: with_part(c, "method", accumulate="raw"),
    "scope": lambda c: with_part(c, "method", scope="global"),
    "optimizer": lambda c: with_part(c, "method", optimizer="adam"),
    "rule": lambda c: with_part(c, "method", rule="agc_per_unit"),
    "depth": lambda c: with_part(c, "model", depth=3),
    "features": lambda c: with_part(c, "stream", dense_features=13),
}


@pytest.mark.parametrize("name", [*CHANGES, *OTHER_TRACES])
def test_a_change_gives_another_run_and_another_trace_where_the_program_is_another(config, name):
    changed = (CHANGES | OTHER_TRACES)[name](config)
    assert changed.run_id != config.run_id
    assert (changed.trace_key == config.trace_key) == (name in CHANGES)


@pytest.mark.parametrize("name", ["scope", "optimizer"])
def test_a_younger_parameter_at_its_default_is_no_part_of_the_identity(config, name):
    """Records that are older than the parameter keep their ids."""
    assert name not in config.to_dict()["method"]
    other = OTHER_TRACES[name](config)
    assert name in other.to_dict()["method"]
    assert RunConfig.from_dict(other.to_dict()) == other


def test_a_configuration_comes_back_from_the_json_of_its_record(config):
    without = with_part(config, "stream", shocks=None, label_noise=None)
    for one in (config, without, with_part(config, "model", tasks=("like", "rating"))):
        again = RunConfig.from_dict(json.loads(json.dumps(one.to_dict())))
        assert again.run_id == one.run_id
        assert again == one


@pytest.mark.parametrize("change", [{"stream": {}}, {"model": [1]}, {"method": None}, {"extra": 1}])
def test_fields_of_another_version_are_refused(config, change):
    with pytest.raises((ValueError, TypeError, KeyError)):
        RunConfig.from_dict(config.to_dict() | change)


def test_the_numerics_version_is_part_of_the_identity(config, monkeypatch):
    before = config.run_id
    monkeypatch.setattr(config_module, "NUMERICS_VERSION", -1)
    assert dataclasses.replace(config).run_id != before


def test_a_run_id_reads_as_model_method_hash(config):
    assert re.fullmatch(r"small-gc-[0-9a-f]{12}", config.run_id)


def test_warmup_rises_linearly_and_then_stays(config):
    warm = with_part(config, "trainer", steps_per_day=2, warmup_days=2)
    rates = [dataclasses.replace(warm, learning_rate=0.8).rate_at(step) for step in range(6)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    assert [config.rate_at(step) for step in (0, 1, 99)] == [0.1] * 3


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), "0.1", None, True])
def test_a_bad_rate_is_refused(config, rate):
    with pytest.raises(ValueError, match="run.learning_rate = .*: expected a finite number"):
        dataclasses.replace(config, learning_rate=rate)


@pytest.mark.parametrize("value", [0, -0.5, float("nan"), float("inf"), "1"])
def test_a_bad_threshold_is_refused(value):
    with pytest.raises(ValueError, match="MethodConfig.thresholds = .*: (expected|gc: lam = )"):
        MethodConfig(name="gc", rule="gc", thresholds={"lam": value}, accumulate="raw")


@pytest.mark.parametrize("optimizer", ["Adam", "sgd", None, ["adam"]])
def test_an_unknown_optimizer_is_refused(optimizer):
    with pytest.raises(ValueError, match="MethodConfig.optimizer = .*: expected one of adagrad"):
        MethodConfig(name="m", rule="naive", thresholds={}, accumulate="raw", optimizer=optimizer)


def test_parts_of_another_kind_are_refused(config):
    with pytest.raises(ValueError, match="run.model = .*: expected @ModelConfig"):
        dataclasses.replace(config, model=config.method)

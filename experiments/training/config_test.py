"""Identity of runs, and the schedule."""

import dataclasses
import json
import re
import shutil

import pytest

from data import TASKS
from data.logs.testing import config as logs_config
from data.logs.testing import write_days
from experiments.studies.testing import smoke, with_part
from experiments.training.config import RunConfig


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
    assert re.fullmatch(r"small-gc-[0-9a-f]{12}", changed.run_id)
    assert (changed.trace_key == config.trace_key) == (name in CHANGES)


YOUNG = {
    "scope": ("method", OTHER_TRACES["scope"]),
    "optimizer": ("method", OTHER_TRACES["optimizer"]),
    "tasks": ("stream", lambda config: with_part(config, "stream", tasks=SEVEN, label_shocks=None)),
    "reported": ("stream", lambda config: with_part(config, "stream", reported=("like", "rating"))),
    "drift": ("stream", lambda config: with_part(config, "stream", drift=False)),
}
SEVEN = (*TASKS, ("bought", "binary"))


@pytest.mark.parametrize("name", YOUNG)
def test_a_younger_parameter_at_its_default_is_no_part_of_the_identity(config, name):
    """Records that are older than the parameter keep their ids."""
    part, changed = YOUNG[name]
    assert name not in config.to_dict()[part]
    other = changed(config)
    assert name in other.to_dict()[part] and other.run_id != config.run_id
    assert RunConfig.from_dict(json.loads(json.dumps(other.to_dict()))) == other


def test_a_run_on_a_log_comes_back_from_its_record(config, tmp_path):
    folder = write_days(tmp_path / "log")
    trainer = dataclasses.replace(config.trainer, window_days=2)
    one = dataclasses.replace(config, stream=logs_config(folder), trainer=trainer)
    fields = json.loads(json.dumps(one.to_dict(), sort_keys=True))
    shutil.rmtree(folder)  # what was in it is in the identity
    again = RunConfig.from_dict(fields)
    assert again == one and again.run_id == one.run_id
    assert list(again.stream.encodings) == ["country", "device", "item"]


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


def test_warmup_rises_linearly_and_then_stays(config):
    warm = with_part(config, "trainer", steps_per_day=2, warmup_days=2)
    rates = [dataclasses.replace(warm, learning_rate=0.8).rate_at(step) for step in range(6)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    assert [config.rate_at(step) for step in (0, 1, 99)] == [0.1] * 3


NO_NUMBERS = (0, -1.0, float("nan"), float("inf"), "0.1")


@pytest.mark.parametrize(
    "field, values, said",
    [
        ("run.learning_rate", (*NO_NUMBERS, None, True), "expected a finite number"),
        ("run.model", (None, smoke().method), "expected @ModelConfig"),
        ("MethodConfig.thresholds", [{"lam": bad} for bad in NO_NUMBERS], "(expected|gc: lam = )"),
        ("MethodConfig.optimizer", ("Adam", "sgd", None, ["adam"]), "expected one of adagrad"),
    ],
)
def test_a_bad_value_is_refused_by_name(config, field, values, said):
    kind, _, name = field.partition(".")
    for value in values:
        with pytest.raises(ValueError, match=f"{field} = .*: {said}"):
            dataclasses.replace(config if kind == "run" else config.method, **{name: value})

"""Which devices and hosts a run gets, and how TF_CONFIG is read."""

import dataclasses
import json

import pytest

from experiments.errors import BadInput
from experiments.machinery.workers.placement import Placement, placement, placement_here
from experiments.studies.grid import run_config

THREE = {"worker": ["10.0.0.1:2222", "node-b:2223", "[::1]:2224"]}
CHIEF = {"chief": ["head:1"], "worker": ["left:2", "right:3"]}


def config_of(cluster, kind, index, **more):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}, **more})


@pytest.mark.parametrize(
    "text, rank, workers",
    [
        (config_of(THREE, "worker", 0), 0, ("10.0.0.1:2222", "node-b:2223", "[::1]:2224")),
        (config_of(THREE, "worker", 2), 2, ("10.0.0.1:2222", "node-b:2223", "[::1]:2224")),
        (config_of(CHIEF, "chief", 0), 0, ("head:1", "left:2", "right:3")),
        (config_of(CHIEF, "worker", 0), 1, ("head:1", "left:2", "right:3")),
        (config_of(CHIEF, "worker", 1, environment="cloud"), 2, ("head:1", "left:2", "right:3")),
    ],
)
def test_a_worker_knows_its_place(text, rank, workers):
    found = placement(None, text)
    assert (found.rank, found.workers, found.devices) == (rank, workers, 1)
    assert found.is_chief == (rank == 0)
    assert found.processes == 3
    assert not found.is_one_device


def test_without_hosts_devices_count():
    assert placement() == placement(1) == placement(None, "") == Placement()
    assert placement().is_one_device
    two = placement(2)
    assert (two.devices, two.processes, two.is_chief) == (2, 1, True)
    assert not two.is_one_device


def test_the_environment_is_read(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert placement_here(3) == Placement(3)
    monkeypatch.setenv("TF_CONFIG", config_of(THREE, "worker", 1))
    assert placement_here().rank == 1
    with pytest.raises(BadInput, match="DEVICES = 2: allowed is none with TF_CONFIG"):
        placement_here(2)


@pytest.mark.parametrize(
    "text, said",
    [
        ("{'cluster'", "TF_CONFIG: not JSON"),
        ("[]", "TF_CONFIG: cluster = None: allowed is a dict"),
        ('{"cluster": {"worker": ["a:1"]}}', "TF_CONFIG: task = None: allowed is a dict"),
        (config_of({"worker": "a:1"}, "worker", 0), "cluster.worker = 'a:1': allowed is a list of"),
        (config_of({"worker": ["a"]}, "worker", 0), r"cluster.worker = \['a'\]: allowed is a list"),
        (config_of({"worker": ["a:x"]}, "worker", 0), r"\['a:x'\]: allowed is a list of 'host:por"),
        (config_of({}, "worker", 0), r"cluster = \{\}: allowed is at least one worker"),
        (config_of({**THREE, "ps": ["a:1"]}, "worker", 0), "cluster has 'ps': allowed are chief"),
        (config_of({"chief": ["a:1", "b:1"]}, "chief", 0), "allowed is one address"),
        (config_of({"worker": ["a:1", "a:1"]}, "worker", 0), "cluster has 'a:1' twice"),
        (config_of(THREE, "chief", 0), "task.type = 'chief': allowed is worker"),
        (config_of(CHIEF, "evaluator", 0), "'evaluator': allowed is chief or worker"),
        (config_of(THREE, "worker", 3), "task.index = 3: allowed is a whole number from 0 to 2"),
        (config_of(THREE, "worker", "1"), "task.index = '1': allowed is a whole number"),
        (config_of(THREE, "worker", True), "task.index = True: allowed is a whole number"),
        (config_of(CHIEF, "worker", -1), "task.index = -1: allowed is a whole number from 0 to 1"),
    ],
)
def test_a_bad_tf_config_is_said_in_one_line(text, said):
    with pytest.raises(BadInput, match=said) as caught:
        placement(None, text)
    assert "\n" not in str(caught.value)


def smoke(batch_size):
    config = run_config("smoke", "small", "gc", learning_rate=0.1, data_seed=1, run_seed=0)
    trainer = dataclasses.replace(config.trainer, batch_size=batch_size)
    return dataclasses.replace(config, trainer=trainer)


def test_replicas_divide_the_batch():
    placement(3).check(smoke(96), None)
    placement(None, config_of(THREE, "worker", 1)).check(smoke(96), None)
    with pytest.raises(BadInput, match="DEVICES = 3: allowed is a divisor of .* = 98"):
        placement(3).check(smoke(98), None)
    with pytest.raises(BadInput, match="TF_CONFIG: workers = 3: .*TrainerConfig.batch_size = 98"):
        placement(None, config_of(THREE, "worker", 1)).check(smoke(98), None)


@pytest.mark.parametrize("where", [placement(2), placement(None, config_of(THREE, "worker", 0))])
def test_telemetry_is_for_one_device(where):
    placement().check(smoke(96), object())
    with pytest.raises(BadInput, match="TELEMETRY = 1: allowed is one device"):
        where.check(smoke(96), object())

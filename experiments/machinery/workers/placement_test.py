"""Which devices and hosts a run gets, and how TF_CONFIG is read."""

import json

import pytest

from experiments.errors import BadInput
from experiments.machinery.workers.placement import Placement, placement, placement_here
from experiments.studies.testing import smoke, with_part

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
    with pytest.raises(BadInput, match="DEVICES = 2: expected none with TF_CONFIG"):
        placement_here(2)


@pytest.mark.parametrize(
    "text, said",
    [
        ("{'cluster'", "TF_CONFIG: not JSON"),
        ("[]", "TF_CONFIG: cluster = None: expected a dict"),
        ('{"cluster": {"worker": ["a:1"]}}', "TF_CONFIG: task = None: expected a dict"),
        (config_of({"worker": "a:1"}, "worker", 0), "cluster.worker = 'a:1': expected a list of"),
        (config_of({"worker": ["a"]}, "worker", 0), r"cluster.worker = \['a'\]: expected a list"),
        (config_of({"worker": ["a:x"]}, "worker", 0), r"\['a:x'\]: expected a list of 'host:por"),
        (config_of({}, "worker", 0), r"cluster = \{\}: expected at least one worker"),
        (config_of({**THREE, "ps": ["a:1"]}, "worker", 0), "cluster has 'ps': expected chief"),
        (config_of({"chief": ["a:1", "b:1"]}, "chief", 0), "expected one address"),
        (config_of({"worker": ["a:1", "a:1"]}, "worker", 0), "expected each address once"),
        (config_of(THREE, "chief", 0), "'index': 0}: expected .* one of worker 0, .*, worker 2$"),
        (config_of(CHIEF, "evaluator", 0), "'type': 'evaluator'.* one of chief 0, worker 0, work"),
        (config_of(THREE, "worker", 3), "'index': 3}: expected type and index"),
        (config_of(THREE, "worker", "1"), "'index': '1'}: expected type and index"),
        (config_of(THREE, "worker", True), "'index': True}: expected type and index"),
        (config_of(CHIEF, "worker", [-1]), r"'index': \[-1\]}: expected type and index"),
    ],
)
def test_a_bad_tf_config_is_said_in_one_line(text, said):
    with pytest.raises(BadInput, match=said) as caught:
        placement(None, text)
    assert "\n" not in str(caught.value)


def batches_of(rows):
    return with_part(smoke(), "trainer", batch_size=rows)


def test_replicas_divide_the_batch():
    placement(3).check(batches_of(96), None)
    placement(None, config_of(THREE, "worker", 1)).check(batches_of(96), None)
    with pytest.raises(BadInput, match="DEVICES = 3: expected a divisor of .* = 98"):
        placement(3).check(batches_of(98), None)
    with pytest.raises(BadInput, match="TF_CONFIG: workers = 3: .*TrainerConfig.batch_size = 98"):
        placement(None, config_of(THREE, "worker", 1)).check(batches_of(98), None)


@pytest.mark.parametrize("where", [placement(2), placement(None, config_of(THREE, "worker", 0))])
def test_telemetry_is_for_one_device(where):
    placement().check(batches_of(96), object())
    with pytest.raises(BadInput, match="TELEMETRY = 1: expected one device"):
        where.check(batches_of(96), object())

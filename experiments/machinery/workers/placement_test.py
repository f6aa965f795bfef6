"""Which devices and hosts a run gets, and how TF_CONFIG is read."""

import json

import pytest

from experiments.errors import BadInput
from experiments.machinery.workers.placement import Placement, placement
from experiments.studies.testing import smoke, with_part

THREE = {"worker": ["10.0.0.1:2222", "node-b:2223", "[::1]:2224"]}
CHIEF = {"chief": ["head:1"], "worker": ["left:2", "right:3"]}


def config_of(cluster, kind, index, **more):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}, **more})


HOSTS = placement(None, config_of(THREE, "worker", 1))
PLACES = [(THREE, "worker", 0, 0), (CHIEF, "chief", 0, 0), (CHIEF, "worker", 1, 2)]
BAD = [
    ("{'cluster'", "TF_CONFIG: not JSON"),
    ("[]", "TF_CONFIG: cluster = None: expected a dict"),
    ('{"cluster": {"worker": ["a:1"]}}', "TF_CONFIG: task = None: expected a dict"),
    (config_of({"worker": "a:1"}, "worker", 0), "cluster.worker = 'a:1': expected a list of"),
    (config_of({"worker": ["a:x"]}, "worker", 0), r"\['a:x'\]: expected a list of 'host:por"),
    (config_of({}, "worker", 0), r"cluster = \{\}: expected at least one worker"),
    (config_of({**THREE, "ps": ["a:1"]}, "worker", 0), "cluster has 'ps': expected chief"),
    (config_of({"chief": ["a:1", "b:1"]}, "chief", 0), "expected one address"),
    (config_of({"worker": ["a:1", "a:1"]}, "worker", 0), "expected each address once"),
    (config_of(THREE, "chief", 0), "'index': 0}: expected .* one of worker 0, .*, worker 2$"),
    (config_of(THREE, "worker", True), "'index': True}: expected type and index"),
    (config_of(CHIEF, "worker", [-1]), r"'index': \[-1\]}: expected type and index"),
]


@pytest.mark.parametrize("cluster, kind, index, rank", PLACES)
def test_a_worker_knows_its_place(cluster, kind, index, rank):
    found = placement(None, config_of(cluster, kind, index, environment="cloud"))
    assert found == Placement(1, tuple(sum(cluster.values(), [])), rank)
    assert (found.is_chief, found.processes, found.is_one_device) == (rank == 0, 3, False)


def test_without_hosts_devices_count():
    assert placement() == placement(1) == placement(None, "") == Placement()
    assert placement().is_one_device
    two = placement(2)
    assert (*two, two.processes, two.is_chief, two.is_one_device) == (2, (), 0, 1, True, False)
    with pytest.raises(BadInput, match="DEVICES = 2: expected none with TF_CONFIG"):
        placement(2, config_of(THREE, "worker", 1))


@pytest.mark.parametrize("text, said", BAD)
def test_a_bad_tf_config_is_said_in_one_line(text, said):
    with pytest.raises(BadInput, match=said) as caught:
        placement(None, text)
    assert "\n" not in str(caught.value)


def batches_of(rows):
    return with_part(smoke(), "trainer", batch_size=rows)


@pytest.mark.parametrize("where, what", [(placement(3), "DEVICES"), (HOSTS, "TF_CONFIG: workers")])
def test_replicas_divide_the_batch_and_telemetry_is_for_one_device(where, what):
    placement().check(batches_of(98), object())
    where.check(batches_of(96), None)
    with pytest.raises(BadInput, match=f"{what} = 3: expected a divisor of .*batch_size = 98"):
        where.check(batches_of(98), None)
    with pytest.raises(BadInput, match="TELEMETRY = 1: expected one device"):
        where.check(batches_of(96), object())

"""What the workers of a run make of a record that is there; scripts/run_test.py has them work."""

import contextlib
import types

import pytest

from experiments.machinery.records.record import Store
from experiments.machinery.workers import crew
from experiments.machinery.workers.crew import recorded
from experiments.machinery.workers.placement import Placement
from experiments.studies.testing import leave

CHIEF, OTHER = (Placement(1, ("a:1", "b:1"), rank) for rank in (0, 1))


@pytest.mark.parametrize("where", [CHIEF, OTHER, Placement(2)])
def test_a_record_is_found_by_all(tmp_path, where):
    record, said = leave(tmp_path), []
    assert recorded(record.run_id, where, Store(tmp_path), said.append) == record
    assert recorded("small-gc-0", where, Store(tmp_path), said.append) is None
    assert said == []


def test_a_damaged_record_is_set_aside_by_the_chief_alone(tmp_path):
    record, said = leave(tmp_path), []
    path = tmp_path / "runs" / f"{record.run_id}.json"
    path.write_bytes(path.read_bytes()[:99])
    assert recorded(record.run_id, OTHER, Store(tmp_path), said.append) is None
    assert path.exists()
    assert said == []
    assert recorded(record.run_id, CHIEF, Store(tmp_path), said.append) is None
    assert not path.exists()
    (line,) = said
    assert line.startswith(f"damaged: {path}: ")
    assert recorded(record.run_id, OTHER, Store(tmp_path), said.append) is None


def test_the_chief_claims_the_run_after_all_have_met(tmp_path, monkeypatch):
    """A chief that held the claim and waited for a host that waits for the claim never ends."""
    told = []

    class Hosts(Placement):
        def strategy(self, batch_size):
            told.append(f"met for batches of {batch_size}")
            return types.SimpleNamespace(num_replicas_in_sync=2)

    class Claims(crew.Claims):
        @contextlib.contextmanager
        def of(self, name, wait=None):
            with super().of(name, wait):
                told.append(f"claimed {name}")
                yield

    class Runner:
        def __init__(self, *arguments, **options):
            pass

        def run(self, config, on_row):
            told.append("ran")
            return "record"

    monkeypatch.setattr(crew, "Claims", Claims)
    monkeypatch.setattr(crew, "Runner", Runner)
    trainer = types.SimpleNamespace(batch_size=12)
    config = types.SimpleNamespace(run_id="small-gc-0", trainer=trainer)
    hosts = Hosts(1, ("a:1", "b:1"), 0)
    done = crew.run_placed(config, hosts, Store(tmp_path), tmp_path, print, told.append)
    assert done == "record"
    assert told == [
        "worker 0 of 2: waiting for the others",
        "met for batches of 12",
        "claimed small-gc-0",
        "ran",
    ]

"""What the workers of a run make of a record that is there; scripts/run_test.py has them work."""

import contextlib
import types
from unittest import mock

from experiments.machinery.records.record import Store
from experiments.machinery.workers import crew
from experiments.machinery.workers.crew import recorded
from experiments.machinery.workers.placement import Placement
from experiments.studies.testing import leave

CHIEF, OTHER = (Placement(1, ("a:1", "b:1"), rank) for rank in (0, 1))


def test_a_record_is_found_by_all_and_a_damaged_one_is_set_aside_by_the_chief_alone(tmp_path):
    record, said = leave(tmp_path), []
    path = tmp_path / "runs" / f"{record.run_id}.json"

    def found(where):
        return recorded(record.run_id, where, Store(tmp_path), said.append)

    assert found(CHIEF) == found(OTHER) == record
    path.write_bytes(path.read_bytes()[:99])
    assert found(OTHER) is None
    assert path.exists() and said == []
    assert found(CHIEF) is None
    assert not path.exists()
    (line,) = said
    assert line.startswith(f"damaged: {path}: ")
    assert found(OTHER) is None


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

    runner = mock.Mock()
    runner.return_value.run.side_effect = lambda config, on_row: told.append("ran") or "record"
    monkeypatch.setattr(crew, "Claims", Claims)
    monkeypatch.setattr(crew, "Runner", runner)
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

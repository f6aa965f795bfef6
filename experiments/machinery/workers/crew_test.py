"""What the workers of a run make of a record that is there; scripts/run_test.py has them work."""

from unittest import mock

from experiments.machinery.records.record import Store
from experiments.machinery.workers import crew
from experiments.machinery.workers.crew import recorded
from experiments.machinery.workers.placement import Placement
from experiments.studies.testing import leave, smoke_run

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
    told = mock.MagicMock()
    told.meet.return_value.num_replicas_in_sync = 2
    monkeypatch.setattr(crew, "Claims", told.claims)
    monkeypatch.setattr(crew, "Runner", told.runner)
    monkeypatch.setattr(Placement, "strategy", lambda self, batch_size: told.meet(batch_size))
    crew.run_placed(smoke_run(), CHIEF, Store(tmp_path), tmp_path, print, told.say)
    told.say.assert_called_once_with("worker 0 of 2: waiting for the others")
    calls = [name for name, *_ in told.mock_calls]
    order = ["say", "meet", "claims().of", "claims().of().__enter__", "runner().run"]
    assert [name for name in calls if name in order] == order

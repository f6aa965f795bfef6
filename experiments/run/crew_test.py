"""What the workers of a run make of a record that is there; scripts/run_test.py has them work."""

import pytest

from experiments.listing_test import leave
from experiments.run.crew import recorded
from experiments.run.placement import Placement
from experiments.run.record import Store

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

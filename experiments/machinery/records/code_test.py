"""Which records count as runs of this code."""

import types

import pytest

from experiments.machinery.records import code

PROOFS = [
    {"code": "b", "same_as": "a", "group": "small-naive", "runs": []},
    {"code": "c", "same_as": "b", "group": "small-naive", "runs": []},
    {"code": "c", "same_as": "d", "group": "small-gc", "runs": []},
    {"code": "a", "same_as": None, "group": "small-naive", "runs": []},
]


@pytest.mark.parametrize(
    ("recorded", "here", "same"),
    [
        ("x", "x", True),
        ("a", "b", True),
        ("b", "a", True),  # a proof holds both ways
        ("a", "c", True),  # over b
        (None, "c", True),  # a record of before there was a digest
        ("d", "c", False),  # proven for another method
        (None, "d", False),
        ("x", "c", False),
    ],
)
def test_a_record_is_of_this_code_if_proofs_of_its_group_lead_there(
    monkeypatch, recorded, here, same
):
    monkeypatch.setattr(code, "proofs", lambda: PROOFS)
    monkeypatch.setattr(code, "code_digest", lambda: here)
    record = types.SimpleNamespace(code=recorded, run_id="small-naive-0a1b2c")
    assert code.is_of_this_code(record) == same


def test_the_proofs_of_the_project_can_be_read():
    assert all(set(proof) == {"code", "same_as", "group", "runs"} for proof in code.proofs())

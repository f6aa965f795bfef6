"""The code that a run executes: a record of other code is not taken for a run of this one."""

import json
import pathlib

from data.source import source_digest

# What a run executes. How records are stored is left out: it changes no number.
EXECUTED = (
    "experiments.machinery.workers.runner",
    "experiments.training.config",
    "experiments.training.distributed",
)
LEFT_OUT = ("experiments.machinery.records", "experiments.errors")
PROVEN = pathlib.Path(__file__).with_name("proven.json")


def code_digest():
    """Digest of the code that a run of this process executes: 12 hexadecimal digits."""
    return source_digest(*EXECUTED, left_out=LEFT_OUT)


def is_of_this_code(record):
    """Whether the code of a RunRecord is this code, or is proven to give the same bits.

    A proof holds for a pair of model and method, and proofs are followed from one code to the next.
    """
    here = code_digest()
    return record.code == here or _reaches(record.code, here, group_of(record))


def group_of(record):
    """The model and the method of a RunRecord, as its id begins: what a proof is about."""
    return record.run_id.rpartition("-")[0]


def proofs():
    """What `prove` has shown: list of dicts with `code`, `same_as`, `group` and `runs`."""
    return json.loads(PROVEN.read_text())


def _reaches(code, wanted, group):
    """Whether proofs lead from one digest to another, in either direction."""
    pairs = [(proof["code"], proof["same_as"]) for proof in proofs() if proof["group"] == group]
    pairs += [(second, first) for first, second in pairs]
    reached, seen = {code}, set()
    while reached:
        seen |= reached
        reached = {second for first, second in pairs if first in seen} - seen
    return wanted in seen

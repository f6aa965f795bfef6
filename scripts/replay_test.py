"""What `make replay` says, and which method it refuses."""

import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.machinery.workers.replay import Replay
from experiments.studies.testing import smoke
from scripts.replay import method_for, report, verdict

ROWS = pd.DataFrame({"step": [20, 25], "loss": [1.25, 40.5], "auc": [0.7, float("nan")]})


def test_the_report_has_a_line_for_each_row():
    shown = Replay(10, 22, ROWS, (15, 15), True, {"as it was": "full"}, 0)
    assert report(shown).splitlines() == [
        "from the snapshot of step 10; the detector dates the onset at 22",
        "   step        loss     AUC",
        "     20      1.2500  0.7000",
        "     25     40.5000     nan",
        "bits: the losses of all 15 steps are those recorded",
        "verdict: the replay ends as 'full'",
    ]


def test_what_was_tried_stands_beside_it():
    rows = ROWS.assign(other_loss=[1.25, 1.0], other_auc=[0.7, 0.75])
    kinds = {"as it was": "full", "clippy at rate 0.02": "healthy"}
    shown = Replay(10, 22, rows, (14, 15), False, kinds, 443)
    _, head, first, second, bits, last = report(shown).splitlines()
    assert head.endswith("| clippy at rate 0.02:       loss     AUC")
    assert (first[-16:], second[-16:]) == ("  1.2500  0.7000", "  1.0000  0.7500")
    assert len(head) == len(first) == len(second)
    assert bits.startswith("bits: the losses of 1 of 15 steps differ; this machine rounds")
    assert last.startswith("verdict 443 steps before the end of the run: clippy at rate 0.02 would")


@pytest.mark.parametrize(
    "own, other, said",
    [
        ("full", "healthy", "clippy would have saved this run: it ends as 'healthy'"),
        ("full", "micro", "would have saved"),
        ("full", "damaged", "would have kept this run from a full divergence, not from harm"),
        ("full", "full", "would not have saved this run"),
        ("damaged", "damaged", "would not have saved this run"),
        ("healthy", "full", "there was nothing to save; clippy ends as 'full'"),
    ],
)
def test_the_verdict_on_what_was_tried(own, other, said):
    assert said in verdict({"as it was": own, "clippy": other}, 0)


def test_a_method_on_another_optimizer_cannot_go_on_from_the_state_of_the_run():
    assert method_for(smoke("naive"), "clippy").rule == "clippy"
    with pytest.raises(BadInput, match="METHOD = 'clippy_adam': .*: expected one on adagrad"):
        method_for(smoke("naive"), "clippy_adam")

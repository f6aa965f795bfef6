"""Runs less their undisturbed twins: who is a twin, and what is counted."""

import pandas as pd
import pytest

from experiments.errors import NotDefined
from experiments.findings.figures import onset, testing
from experiments.findings.figures.onset import Followed, followed

NOISE, SHOCKED = 0.02, "30-35 60-65"  # the first shock begins with step 30
WARMUP_STEPS, WARM = 4, [0.7, 0.6, 0.7, 0.7]


def run(name, gaps, label="full", label_step=40, aucs=None):
    """A run of this many evaluations, every tenth step."""
    rows = pd.DataFrame({"step": range(10, 10 * len(gaps) + 1, 10), "gap": gaps})
    auc = [0.7 + gap for gap in gaps] if aucs is None else aucs
    about = {"run_id": name, "label": label, "label_step": label_step, "auc": auc}
    return rows.assign(**about, noise=NOISE, shocked=SHOCKED, warmup_steps=WARMUP_STEPS)


@pytest.mark.parametrize(
    "given, calm, unhurt, onsets, followed_by",
    [
        (run("after", [0, 0.019, 0, -0.2]), 1, 1, 1, 1),
        (run("at the first step", [0, 0, -0.2, -0.2], label_step=30), 1, 1, 1, 1),
        (run("before", [0, 0, 0, -0.2], label_step=20), 1, 1, 1, 0),
        (run("above its twin", [0, 0.021, 0, -0.2]), 0, 1, 1, 1),
        (run("below its twin", [0, -0.021, 0, -0.2]), 0, 0, 1, 1),
        (run("falls with its twin", [0, 0, 0, 0], aucs=WARM), 1, 0, 1, 1),
        (run("dips in its warmup", [0] * 4, aucs=WARM).assign(warmup_steps=10), 1, 1, 1, 1),
        (run("comes back", [0, 0, -0.2, 0], "micro", 30), 1, 1, 0, 0),
        (run("survives", [0, 0, 0, 0], "healthy", float("nan")), 1, 1, 0, 0),
        (run("not seen before", [0, 0, 0, -0.2]).tail(2), 0, 0, 1, 1),
    ],
    ids=lambda given: given["run_id"].iloc[0] if isinstance(given, pd.DataFrame) else "",
)
def test_a_run_is_held_to_its_twin_until_its_shock_and_its_onset_to_the_shock(
    given, calm, unhurt, onsets, followed_by
):
    assert followed(given) == Followed(1, calm, unhurt, onsets, followed_by)


def test_the_caption_says_what_is_counted():
    rows = onset.frame(testing.material())
    # clean-3 falls by 0.05 at step 12, before the shock of step 31.
    assert followed(rows) == Followed(n=4, calm=3, unhurt=3, onsets=3, followed=2)
    drawing = onset.drawing(rows)
    for text in (
        "Naive Large+DCN at 0.4x, data seed 7: ",
        "n = 4 single runs",
        "first shock (step 31) the AUC is within noise (±0.02) of the twin's in 3 of 4 runs",
        "3 of 4 runs fully diverge, 2 of these 3 after that shock began. 4 of 4 twins are healthy",
    ):
        assert text in drawing.caption
    names = ["noise, ±0.02", "micro-diverged (1)", "fully diverged (3)", "onset of a divergence"]
    assert [key.name for key in drawing.keys] == names


def test_a_row_is_an_evaluation_that_both_have():
    made = testing.material()
    made.found["off-1"] = made.found["off-1"].iloc[::3]
    made.found["clean-1"] = made.found["clean-1"].iloc[:20]
    rows = onset.frame(made)
    part = rows[rows["run_id"] == "clean-1"]
    assert part["step"].tolist() == [2, 8, 14, 20, 26, 32, 38]
    at = part.set_index("step").loc[38]
    auc, other = 0.7 + 0.02 * 8 / 30, 0.7 + 0.05 * 8 / 30
    assert at[["auc", "undisturbed", "gap"]].tolist() == pytest.approx([auc, other, auc - other])
    assert set(zip(rows["run_id"], rows["twin_id"], strict=True)) == {
        (f"clean-{seed}", f"off-{seed}") for seed in range(4)
    }


def test_what_is_no_twin_is_refused():
    def refused(said, **changes):
        made = testing.material()
        vars(made).update(changes)
        with pytest.raises(NotDefined, match=f"^smoke, data seed 7: no undisturbed twin of {said}"):
            onset.frame(made)

    def config(run_id):
        warmup = 5 if run_id.startswith("off") else 0
        return {"trainer": {"warmup_days": warmup, "evaluate_every_steps": warmup}}

    studies = {name: testing.material().recorded(name) for name in ("table3", "shocks")}
    studies["shocks"] = studies["shocks"][studies["shocks"]["seed"] != 2]
    refused("clean-0: off-0 differs in trainer.warmup_days: expected", config=config)
    refused("clean-2: expected run seed 2 in shocks/off", recorded=studies.__getitem__)
    refused("clean-0: expected one with shocks and one without", shocked=lambda run_id: [(1, 2)])
    refused("clean-0: expected one with shocks and one without", shocked=lambda run_id: [])

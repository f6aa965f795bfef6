"""What the doctor says of telemetry made by hand, on the healthy days of a stream."""

import numpy as np
import pandas as pd
import pytest

from data import Stream
from experiments.findings import doctor
from experiments.findings.testing import DETECTOR, DIVERGENCE
from experiments.studies.testing import smoke

CALM = {"StreamConfig.shocks": None, "StreamConfig.label_shocks": None}
CONFIG = smoke("naive", data_seed=1000, values=CALM)
PER_DAY, STEPS, ONSET = 6, 42, 25
DAYS = Stream(CONFIG.stream, 1000)


def telemetry(**changes):
    """A healthy run of 7 days; `changes` are values of a column by step, from 1."""
    steps = np.arange(1, STEPS + 1)
    rows = {"step": steps, "day": (steps - 1) // PER_DAY, "learning_rate": 0.1, "loss": 1.0}
    rows |= {"loss/click": 0.6, "loss/rating": 1.0, "dead/hidden_0": 0.0, "dead/hidden_1": 0.0}
    for layer in ("bottom_hidden", "top_hidden"):
        rows |= {f"{layer}/grad_norm": 1.0, f"{layer}/sigma": 1.0, f"{layer}/sigma_gc": 1.0}
        rows |= {f"{layer}/update_norm": 1.0, f"{layer}/weight_norm": 10.0}  # moves by 0.01
    frame = pd.DataFrame(rows)
    for name, values in changes.items():
        for step, value in values.items():
            frame.loc[frame["step"] == step, name] = value
    return frame


def curves(auc):
    evaluations = {"step": PER_DAY * np.arange(1, 8), "loss": 1.0, "worst_loss": 1.1}
    return pd.DataFrame(evaluations | {"click/auc": auc, "click/log_loss": 0.6})


LOST = curves([0.6, 0.65, 0.68, 0.7, 0.5, 0.5, 0.5])


def diagnosis(frame, evaluations=LOST):
    return doctor.diagnose(CONFIG, frame, evaluations, DAYS.day, DIVERGENCE, DETECTOR)


def from_onset(value):
    return dict.fromkeys(range(ONSET, STEPS + 1), value)


FAR = {"bottom_hidden/update_norm": {20: 11.0}}  # 0.11 of the norm
DEATH = {"dead/hidden_1": from_onset(0.9)}
CASES = {
    "a batch": ({"loss/click": {ONSET: 9.0}, "loss/rating": {ONSET: 9.0}}, "batch", ""),
    "a gradient alone": ({"bottom_hidden/grad_norm": {ONSET: 99.0}}, "batch", ""),
    "a layer that dies": (DEATH, "layer", "hidden_1"),
    "a layer that dies after a large step": (DEATH | FAR, "rate", ""),
    "a large step": ({"top_hidden/update_norm": {ONSET: 11.0}}, "rate", ""),
    "a gradient that is lost": ({"bottom_hidden/grad_norm": from_onset(0.0)}, "unknown", ""),
}


@pytest.mark.parametrize("changes, culprit, name", CASES.values(), ids=CASES)
def test_what_came_first_names_the_culprit(changes, culprit, name):
    found = diagnosis(telemetry(**changes))
    assert (found.culprit, found.name) == (culprit, name), found.lines


def test_the_onset_is_named_by_step_day_and_sign():
    lines = diagnosis(telemetry(**DEATH)).lines
    assert lines[:2] == (
        f"{CONFIG.run_id}: full",
        "onset at step 25, day 4: most units of a layer die; certain at step 36",
    )
    assert "dead units: hidden_1 0% -> 90%" in lines
    assert "largest step before: bottom_hidden moved by 0.01 of its norm at step 1" in lines
    assert "culprit: the layer hidden_1: it died before any layer had moved far" in lines


def test_a_run_that_curves_call_diverged_has_a_diagnosis_without_an_event():
    found = diagnosis(telemetry())
    assert (found.culprit, found.lines[0]) == ("unknown", f"{CONFIG.run_id}: full")
    assert found.lines[1] == "no step shows an onset; the evaluation of step 30 dates the label"
    assert found.lines[2:] == (
        "culprit: not found",
        f"try: make replay RUN={CONFIG.run_id} METHOD=clippy",
    )


def test_an_episode_of_a_lost_run_is_not_said_to_be_over():
    loud = dict.fromkeys(range(ONSET, ONSET + 3), 9.0)
    found = diagnosis(telemetry(**{"loss/click": loud, "loss/rating": loud}))
    assert found.lines[1].endswith("explodes; the loss came back without the AUC at step 37")
    alive = curves([0.6, 0.65, 0.68, 0.7, 0.6, 0.69, 0.7])
    alive["worst_loss"] = [1.1] * 4 + [9.0, 1, 1]
    found = diagnosis(telemetry(**{"loss/click": loud, "loss/rating": loud}), alive)
    assert found.lines[1].endswith("explodes; over at step 37")


def test_what_a_step_shows_after_the_label_is_named_as_that():
    early = curves([0.6, 0.65, 0.7, 0.5, 0.5, 0.5, 0.5])
    said = "no step shows an onset; the evaluation of step 24 dates the label; the first sign is "
    found = diagnosis(telemetry(**DEATH), early).lines[1]
    assert found == f"{said}at step 25: most units of a layer die"


@pytest.mark.parametrize(
    "method, ends",
    [("naive", " METHOD=clippy"), ("adam", " METHOD=clippy_adam"), ("clippy", ""), ("adamw", "")],
)
def test_a_replay_is_advised_under_a_method_that_can_continue_the_run(method, ends):
    config = smoke(method, data_seed=1000, values=CALM)
    found = doctor.diagnose(config, telemetry(), LOST, DAYS.day, DIVERGENCE, DETECTOR)
    assert found.lines[-1] == f"try: make replay RUN={config.run_id}{ends}"


def test_a_run_that_never_learned_is_said_to_be_that():
    found = diagnosis(telemetry(**DEATH), curves([0.51, 0.55, 0.5, 0.5, 0.5, 0.5, 0.5]))
    assert found.lines[1] == "it never learned: its AUC was never 0.08 above chance"
    assert found.lines[0].endswith(": full")
    assert "never learned" not in "".join(diagnosis(telemetry(**DEATH)).lines)


def test_a_healthy_run_has_no_culprit():
    found = diagnosis(telemetry(), curves(np.linspace(0.6, 0.7, 7)))
    assert found == ("none", "", (f"{CONFIG.run_id}: healthy", "no step shows a divergence"))

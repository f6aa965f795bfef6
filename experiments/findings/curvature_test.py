"""What is read from curvature at step-b, against numbers that are counted out here."""

import types

import numpy as np
import pandas as pd
import pytest

from experiments.findings import curvature
from experiments.findings.testing import DETECTOR, DIVERGENCE
from experiments.machinery.records.curvature_store import CurvatureStore
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.training.curvature import CurvatureConfig

HOW = CurvatureConfig(
    every_steps=4, days=(6, 9), lead_steps=2, follow_steps=4, vectors=8, restarts=9, tolerance=0.1
)
TRAINER = {"window_days": 2, "steps_per_day": 4, "warmup_days": 2}
STEPS = [4, 8, 12, 16, 20, 23, 24, 25, 26, 27, 28, 32, 36]
OWN = [13, 2, 3, 5, 4, 7, 6, 8, 11, 90, 12, 13, 14]
B = 26


def telemetry():
    """The loss of each step; it jumps at B, the third step of day 6."""
    steps = np.arange(1, 41)
    return pd.DataFrame({"step": steps, "loss": np.where(steps < B, 1.0, 9.0)})


def curves():
    """An AUC that is lost for good two days after B."""
    steps = np.arange(4, 41, 4)
    auc = np.where(steps < 32, 0.6 + steps / 1000, 0.5)
    return pd.DataFrame({"step": steps, "loss": 1.0, "worst_loss": 1.0, "click/auc": auc})


def rows_of(rate=0.5):
    """Rows as Curvature has them: the probe is half as steep, and unknown at 27."""
    own = pd.DataFrame({"step": STEPS, "day": 0, "learning_rate": rate, "loss": 1.0})
    own = own.assign(largest=np.array(OWN) / rate, applied=np.array(OWN) / 4 / rate)
    probe = own.assign(batch="probe", largest=own["largest"] / 2)
    probe.loc[probe["step"] == 27, "largest"] = np.nan
    frame = pd.concat([own.assign(batch="own"), probe], ignore_index=True)
    return frame.assign(largest_why="", applied_why="")


@pytest.fixture
def store(tmp_path):
    """A store with the runs hit-0, calm-0 and clippy-0.

    Of clippy-0 there is no curvature, of calm-0 no telemetry, as of what is not shocked.
    """
    (tmp_path / "runs").mkdir()
    asked = types.SimpleNamespace(measures={})
    about = {"config": asked, "curves_sha256": "same", "events": []}
    for run_id in ("hit-0", "clippy-0"):
        TelemetryStore(tmp_path).write(run_id, telemetry(), **about)
    for run_id in ("hit-0", "calm-0"):
        write(tmp_path, run_id)
    record = types.SimpleNamespace(config={"trainer": TRAINER})
    return types.SimpleNamespace(
        root=tmp_path, read=lambda run_id: record, curves=lambda record: curves()
    )


def write(root, run_id, curves_sha256="same"):
    CurvatureStore(root).write(run_id, rows_of(), config=HOW, curves_sha256=curves_sha256)


def runs(*names):
    cases = {"hit": "shocked", "calm": "undisturbed", "clippy": "clippy"}
    rows = [(cases[name.split("-")[0]], int(name[-1]), name, "naive") for name in names]
    return pd.DataFrame(
        rows, columns=["case", "seed", "run_id", "method"], index=range(9, 9 + len(rows))
    )


def test_each_case_is_read_at_the_b_of_the_shocked_run_of_its_seed(store):
    given = runs("hit-0", "calm-0", "clippy-0", "calm-1")
    found = curvature.measured_rows(given, store, DIVERGENCE, DETECTOR)
    assert list(found.columns) == [*given.columns, *curvature.COLUMNS]
    hit, calm, clippy, alone = found.to_dict("records")
    expected = {
        "own/usual": 4.5,  # of steps 8 to 24: 2 3 5 4 7 6
        "own/peak": 13.0,
        "own/struck": 11.0,
        "own/at_b": 11.0,
        "own/after": 90.0,  # within 8 steps of b
        "own/applied": 90 / 4,
        "probe/peak": 6.5,
        "probe/after": 6.5,  # 27 is not known
    }
    assert {name: hit[name] for name in expected} == pytest.approx(expected)
    assert (hit["curvature_b"], hit["curvature_c"]) == (B, 32)
    assert {name: calm[name] for name in expected} == pytest.approx(expected)
    assert np.isnan(clippy["own/usual"]) and np.isnan(clippy["own/peak"])
    assert np.isnan(alone["own/peak"]) and np.isnan(alone["curvature_b"])


def test_curvature_of_a_run_with_other_bits_is_not_read(store):
    write(store.root, "hit-0", "other")
    assert curvature.curvature_of(store, "hit-0") is None
    assert curvature.curvature_of(store, "clippy-0") is None
    rows = curvature.curvature_of(store, "calm-0")
    assert rows["largest"].iloc[:3].tolist() == pytest.approx([13, 2, 3])


def test_the_table_has_the_medians_of_each_case(store):
    given = runs("hit-0", "calm-0", "clippy-0")
    text = curvature.markdown(curvature.measured_rows(given, store, DIVERGENCE, DETECTOR))
    assert "| shocked | Naive | 1 | own | 4.5 | 13 | 11 | 11 | 90 | 22.5 |" in text
    assert "| clippy | Naive | 1 | probe | - | - | - | - | - | - |" in text

"""What telemetry reads before a shock, on runs made by hand."""

import types

import numpy as np
import pandas as pd
import pytest

from experiments.findings import readings
from experiments.studies import known
from experiments.studies.search import SHARED

NAN = float("nan")


class Measured:
    """A store of records whose telemetry and curves are given."""

    def __init__(self, telemetry):
        self.telemetry = telemetry

    def read(self, run_id):
        trainer = {"steps_per_day": 10, "evaluate_every_steps": 5}
        return types.SimpleNamespace(config={"trainer": trainer})

    def curves(self, record):
        return pd.DataFrame({"step": range(5, 45, 5), "click/auc": np.arange(51, 59) / 100})


def telemetry():
    """Forty steps, the first ten in warmup; from the twentieth on every number is another."""
    step = np.arange(1, 41)
    rows = pd.DataFrame({"step": step, "learning_rate": np.where(step > 10, 0.5, 0.1)})
    late = step > 20
    for place, layer in enumerate(SHARED):
        rows[f"{layer}/grad_norm"] = np.where(late, 9.0, 0.1 * (place + 1) + 0.001 * step)
    for rule in readings.GUARDS:
        rows[f"shared/sigma_{rule}"] = np.where(late, 0.5, 1.0)
    rows.loc[step == 12, "shared/sigma_gc"] = 0.99
    rows.loc[step == 14, "shared/sigma_gc"] = 0.9
    rows.loc[step == 9, "shared/sigma_agc"] = 0.1
    return rows


def test_readings_are_of_the_full_rate_before_a_shock_and_before_a_run_is_lost(monkeypatch):
    found = {name: telemetry() for name in ("shocked", "lost", "at_once", "calm", "slow")}
    monkeypatch.setattr(readings, "telemetry_of", lambda store, run_id: store.telemetry.get(run_id))
    about = [("shocked", 2, NAN), ("lost", NAN, 21), ("at_once", 2, 12), ("not_measured", 2, NAN)]
    about += [("calm", NAN, NAN), ("slow", 2, 5)]
    runs = pd.DataFrame(about, columns=["run_id", "shock_day", "label_step"])
    runs = runs.assign(steps=40, label=["healthy", "full", "full", "micro", "healthy", "untrained"])
    rows = readings.measured_rows(runs, Measured(found)).set_index("run_id")
    assert rows["steps_read"].fillna(0).to_dict() == {
        "shocked": 10,  # 11 to 20
        "lost": 6,  # 11 to 16, a step after the evaluation of step 15
        "at_once": 0,
        "not_measured": 0,
        "calm": 30,
        "slow": 10,
    }
    early = runs[:1].assign(shock_day=1.2)  # steps 11 and 12
    late = Measured(found)
    late.curves = lambda record: Measured(found).curves(record).iloc[3:]  # from step 20 on
    read = readings.measured_rows(early, late)
    assert (read["steps_read"].item(), read["auc_read"].isna().item()) == (2, True)
    aucs = {"shocked": 0.54, "lost": 0.53, "calm": 0.58, "slow": 0.54}
    assert rows["auc_read"].dropna().to_dict() == aucs
    assert rows.loc["shocked", "norm"] == pytest.approx(0.3155)
    assert rows.loc["shocked", ["clips_gc", "clips_agc", "clips_clippy"]].tolist() == [0.2, 0, 0]
    assert rows.loc["lost", "clips_gc"] == pytest.approx(2 / 6)


def test_a_row_of_the_table_is_a_loss_and_a_rate_over_data_seeds():
    def run(rate, label, **read):
        return {"case": f"loss=0.125, rate_multiple={rate}", "label": label} | read

    read = {"norm": 0.1, "auc_read": 0.7, "clips_gc": 0.5, "clips_agc": 0.0, "clips_clippy": 1.0}
    other = {"norm": 0.3, "auc_read": 0.6, "clips_gc": 0.0, "clips_agc": 0.5, "clips_clippy": 1.0}
    runs = [run(0.4, "full", **read), run(0.4, "full"), run(0.1, "healthy", **read)]
    frame = pd.DataFrame([*runs, run(0.1, "full", **other), run(2, "full")])
    _, _, low, edge, dead = readings.markdown(frame).splitlines()
    assert low == "| 0.125 | 0.1 | 2 of 2 | 65.0 | 0.2 | 25 % | 25 % | 100 % | 1/2 |"
    assert edge == "| 0.125 | 0.4 | 1 of 2 | 70.0 | 0.1 | 50 % | 0 % | 100 % | 2/2 |"
    assert dead == "| 0.125 | 2 | 0 of 1 | - | - | - | - | - | 1/1 |"


def test_the_runs_are_untreated_ones_of_the_map_at_the_shock_of_table_2():
    read, mapped = (known.study_config(name).cases for name in (readings.STUDY, "regimes"))
    twins = [name.replace(", rate", ", shock=4, rate") + ", setting=naive" for name in read]
    assert len(read) == 9
    for name, twin in zip(read, twins, strict=True):
        assert (read[name].values, read[name].method) == (mapped[twin].values, "naive")
        assert read[name].rate_multiple == mapped[twin].rate_multiple

"""The map of regimes, on runs made by hand."""

import itertools
import types

import numpy as np
import pandas as pd
import pytest

from experiments.findings import regimes
from experiments.studies import known
from experiments.studies.search import SHARED

NAN = float("nan")


def run(data_seed, shock, method, threshold, auc, label="healthy"):
    case = f"loss=0.125, shock={shock}, rate_multiple=2, setting={method}"
    about = {"data_seed": data_seed, "case": case, "method": method, "threshold": threshold}
    return about | {"rate_multiple": 2, "auc": auc, "label": label}


RUNS = pd.DataFrame(
    [
        run(1006, 4, "naive", NAN, NAN, "full"),
        run(1006, 4, "gc", 0.1, 0.75),
        run(1006, 4, "gc", 0.01, 0.70),
        run(1006, 4, "agc", 0.01, 0.69),
        run(1006, 4, "clippy", NAN, 0.76),
        run(1007, 4, "naive", NAN, 0.60),
        run(1007, 4, "gc", 0.1, 0.49, "full"),
        run(1007, 4, "gc", 0.01, 0.71),
        run(1007, 4, "agc", 0.01, 0.73),
        run(1007, 4, "clippy", NAN, 0.74),
        run(1006, 1, "naive", NAN, 0.71),
        run(1006, 1, "gc", 0.1, 0.74),
        run(1006, 1, "agc", 0.01, 0.72),
        run(1006, 1, "clippy", NAN, 0.73),
    ]
)


def test_a_threshold_is_the_best_over_all_data_seeds():
    found = regimes.chosen(RUNS).set_index(["shock", "method"])
    assert found["threshold"].loc[[(4, "gc"), (1, "gc")]].tolist() == [0.01, 0.1]
    assert found.loc[(4, "gc"), "auc"] == pytest.approx((0.70 + 0.71) / 2)
    naive = found.loc[(4, "naive")]
    assert naive["auc"] == pytest.approx((0.5 + 0.60) / 2) and np.isnan(naive["threshold"])
    assert (naive["full"], naive["n"], found.loc[(1, "naive"), "n"]) == (1, 2, 1)


def test_a_row_of_the_table_is_a_regime_with_the_gap_to_the_best_other_method():
    lines = [line.split(" | ") for line in regimes.markdown(RUNS).splitlines()]
    assert lines[0][3:] == ["Naive", "GC", "AGC", "Clippy", "Clippy less the best other |"]
    calm, shocked = lines[2:]
    assert calm[:3] == ["| 0.125", "1", "2"] and calm[-1] == "-1.00 (GC) |"
    assert shocked[3:5] == ["55.00, 1/2 diverge", "70.50 (0.01)"]
    assert shocked[-1] == "+4.00 (AGC) |"


class Measured:
    """A store of records whose telemetry is given: by run id, DataFrame."""

    def __init__(self, telemetry):
        self.telemetry = telemetry

    def read(self, run_id):
        trainer = {"steps_per_day": 10, "evaluate_every_steps": 5}
        return types.SimpleNamespace(config={"trainer": trainer})


def telemetry():
    """Forty steps, the first ten in warmup; from the twentieth on every number is another."""
    step = np.arange(1, 41)
    rows = pd.DataFrame({"step": step, "learning_rate": np.where(step > 10, 0.5, 0.1)})
    late = step > 20
    for place, layer in enumerate(SHARED):
        rows[f"{layer}/grad_norm"] = np.where(late, 9.0, 0.1 * (place + 1) + 0.001 * step)
        for rule in regimes.GUARDS:
            rows[f"{layer}/sigma_{rule}"] = np.where(late, 0.5, 1.0)
    rows.loc[step == 12, "cross/sigma_gc"] = 0.99
    rows.loc[step == 12, "top_hidden/sigma_gc"] = 0.9
    rows.loc[step == 14, "bottom_hidden/sigma_gc"] = 0.9
    rows.loc[step == 9, "cross/sigma_agc"] = 0.1
    return rows


def test_readings_are_of_the_full_rate_before_a_shock_and_before_a_run_is_lost(monkeypatch):
    found = {"shocked": telemetry(), "lost": telemetry(), "at_once": telemetry()}
    monkeypatch.setattr(regimes, "telemetry_of", lambda store, run_id: store.telemetry.get(run_id))
    about = [("shocked", 2, NAN), ("lost", NAN, 21), ("at_once", 2, 12), ("not_measured", 2, NAN)]
    runs = pd.DataFrame(about, columns=["run_id", "shock_day", "label_step"])
    rows = regimes.measured_rows(runs, Measured(found)).set_index("run_id")
    assert rows["steps_read"].fillna(0).to_dict() == {
        "shocked": 10,  # 11 to 20
        "lost": 6,  # 11 to 16, the evaluation before that of step 21
        "at_once": 0,
        "not_measured": 0,
    }
    assert rows.loc["shocked", "norm"] == pytest.approx(0.3155)
    assert rows.loc["shocked", ["clips_gc", "clips_agc", "clips_clippy"]].tolist() == [0.2, 0, 0]
    assert rows.loc["lost", "clips_gc"] == pytest.approx(2 / 6)


def test_readings_take_shocks_and_data_seeds_together_and_leave_out_what_is_not_read():
    read = {"norm": [0.1, 0.3, 0.2], "clips_gc": [0.5, 0.7, 0.0]}
    read |= {"clips_agc": [0.0, 0.0, 0.3], "clips_clippy": [1.0, 1.0, 1.0]}
    rows = [run(seed, shock, "naive", NAN, 0.7) for seed, shock in ((1, 4), (2, 8), (2, 1))]
    frame = pd.DataFrame([*rows, run(2, 1, "clippy", NAN, 0.7)])
    frame = pd.concat([frame, pd.DataFrame(read)], axis=1)
    head, _, line = regimes.readings(frame).splitlines()
    assert head.split(" | ")[2:4] == ["Runs", "Layer's gradient norm"]
    assert line == "| 0.125 | 2 | 3 | 0.2 | 40 % | 10 % | 100 % |"


def test_the_study_has_every_method_at_every_threshold_of_the_paper_in_every_regime():
    cases, paper = known.study_config(regimes.STUDY).cases, known.table2_config().thresholds
    found = {}
    for case in cases.values():
        found.setdefault(case.method, set()).add(case.threshold)
    assert found == {"naive": {None}, "clippy": {None}} | {m: set(v) for m, v in paper.items()}
    regime = {name.partition(", setting=")[0] for name in cases}
    settings = {name.partition(", setting=")[2] for name in cases}
    pairs = itertools.product(regime, settings)
    assert len(regime) == 27 and set(cases) == {f"{r}, setting={s}" for r, s in pairs}

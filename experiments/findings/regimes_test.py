"""The map of regimes, on runs made by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest

from experiments.findings import regimes
from experiments.studies import known

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

"""The criteria of a search, each on runs that meet it and on runs that miss it by one thing."""

import pandas as pd
import pytest

from experiments.findings.criteria import CRITERIA, criteria
from experiments.studies.search_config import CriteriaConfig
from experiments.studies.testing import table2_row

LIMITS = CriteriaConfig(noise=0.02, least_factor=0.9, between=2, distinct=3, days_after=7)
RATIOS = {"clean": 3, "smaller_model": 1, "no_dcn": 2, "fewer_features": 3, "one": 0, "two": 0}


def run(role, seed, model="large_dcn", multiple=0.4, auc=None, **changes):
    row = {"candidate": "a", "data_seed": seed, "shock_step": 144, "dip": 0.01, "days_after": 10}
    auc = auc or 0.7 + seed / 1e4
    return table2_row(model, "naive", multiple, auc, role=role, **row | changes)


def runs(**changes):
    """The runs of a candidate that meets every criterion, on three streams."""
    rows = []
    for seed in (1003, 1004, 1005):
        full = {"label": "full", "label_step": 156}
        rows.append(run("edge", seed, **full))
        for case, dead in RATIOS.items():
            rows.append(run(case, seed, **(full if seed - 1003 < dead else {})))
        rows.append(run("calm", seed, shock_step=None))
        for multiple in (0.4, 1.0):
            rows.append(run("rate", seed, "small", multiple, auc=0.7 + multiple / 50 + seed / 1e5))
        for size, model in enumerate(("small", "large", "large_dcn")):
            auc = 0.6 + size / 20 + seed * size / 1e5
            rows.append(run("size", seed, model, 0.2, auc=auc))
    frame = pd.DataFrame(rows)
    clean = frame.index[frame["role"] == "clean"]
    frame.loc[clean[:2], "factor_gc"] = [1.0, 0.95]
    frame.loc[clean[:2], "factor_agc"] = [0.92, 1.0]
    return frame


def met(frame):
    found = criteria(frame, LIMITS)
    assert list(found["id"]) == list(CRITERIA)
    return dict(zip(found["id"], found["met"], strict=True))


def test_a_stream_that_meets_every_criterion():
    found = criteria(runs(), LIMITS)
    assert found["met"].all() and found["edge"].tolist() == pytest.approx([0.04] * 7)
    text = dict(zip(found["id"], found["found"], strict=True))
    assert text["N1"] == "3 of 3" and text["N7"] == "10 days"
    assert text["N3"] == "gc 0.95, agc 0.92"
    assert text["N5"].startswith("clean 1.00, smaller_model 0.33, no_dcn 0.67, fewer_features 1.00")


MISSED = {
    "one run survives": ("N1", "clean", 1, {"label": "micro"}),
    "one dies before its shock": ("N1", "clean", 0, {"label_step": 144}),
    "one has dipped before its shock": ("N1", "clean", 2, {"dip": 0.03}),
    "one dies without shocks": ("N2", "calm", 1, {"label": "full"}),
    "a guard steers": ("N3", "clean", 1, {"factor_gc": 0.89}),
    "a higher rate gains nothing": ("N4", "rate", 1, {"auc": 0.69}),
    "size gains nothing": ("N6", "size", 2, {"auc": 0.5}),
    "a shock comes late": ("N7", "clean", 0, {"days_after": 6}),
}


@pytest.mark.parametrize("how", MISSED.values(), ids=MISSED)
def test_one_run_is_enough_to_miss_a_criterion(how):
    name, role, place, changes = how
    frame = runs()
    index = frame.index[frame["role"] == role][place]
    for column, value in changes.items():
        frame.loc[index, column] = value
    assert met(frame) == {one: one != name for one in CRITERIA}


@pytest.mark.parametrize("ratios", [{"no_dcn": 3}, {"smaller_model": 2, "fewer_features": 0}])
def test_ratios_of_table3_that_are_not_spread(ratios):
    frame = runs()
    for case, dead in ratios.items():
        own = frame["role"] == case
        frame.loc[own, "label"] = ["full"] * dead + ["healthy"] * (3 - dead)
    assert not met(frame)["N5"]


def test_a_candidate_without_an_edge_meets_nothing():
    frame = runs()
    found = criteria(frame[frame["role"] == "edge"], LIMITS)
    assert not found["met"].any() and found["edge"].isna().all()
    assert set(found["found"]) == {"no edge"}


def test_a_candidate_that_was_only_looked_at_has_one_criterion():
    frame = runs()
    (found,) = criteria(frame[frame["role"] == "size"], LIMITS).itertuples()
    assert (found.id, found.met) == ("N6", True) and pd.isna(found.edge)

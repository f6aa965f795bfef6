"""The scorecard as a whole: one data seed, several, and what must not decide."""

import json

import numpy as np
import pandas as pd
import pytest

from experiments.findings import claims, statistics
from experiments.findings.claims.runs_test import changed, everything, shocks, table2, table3
from experiments.findings.claims.scorecard import COLUMNS, RULES, WITHOUT_RUNS

COLUMNS_OUT = "id text source verdict statistic interval n paper data_seed run_ids reason"
KEYS = COLUMNS_OUT.split(" ")
UNRECORDED = {"C33", "C35"}


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    """The statistics have tests of their own; here they only have to be there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "RESAMPLES", 400)
        yield


@pytest.fixture(scope="module")
def runs():
    return everything(1)


@pytest.fixture(scope="module")
def three():
    return everything(1, 2, 3)


@pytest.fixture(scope="module")
def pooled(three):
    return claims.evaluate_pooled(three)


def by_id(found):
    return {claim["id"]: claim for claim in found}


def not_run(found):
    return {claim["id"] for claim in found if claim["verdict"] == "not run"}


def test_every_claim_is_listed_once_in_order(runs):
    found = claims.evaluate(runs)
    assert [claim["id"] for claim in found] == [f"C{number:02}" for number in range(1, 36)]
    assert all(list(claim) == KEYS for claim in found)
    assert {claim["id"] for claim in found if claim["verdict"] == "not run"} == UNRECORDED
    assert all(claim["data_seed"] == 1 for claim in found)
    assert set(RULES).isdisjoint(UNRECORDED)


def test_run_ids_are_of_the_runs_that_decided(runs):
    known = set(runs["run_id"])
    for claim in claims.evaluate(runs):
        assert len(claim["run_ids"]) == claim["n"] == len(set(claim["run_ids"]))
        assert set(claim["run_ids"]) <= known


def test_the_order_of_rows_means_nothing(runs):
    assert claims.evaluate(runs.sample(frac=1, random_state=0)) == claims.evaluate(runs)


def search_rows(runs):
    """Rows of every cell, and of others, with values that would turn any verdict."""
    generator = np.random.default_rng(7)
    rows = pd.concat([runs, runs.iloc[::-1]], ignore_index=True)
    rows["role"] = "search"
    rows["run_id"] = "search-" + rows["run_id"]
    rows["data_seed"] = generator.integers(1, 9, len(rows))
    for column in ("auc", "rmse", "early_auc", "onset_day", "shock_day", "x"):
        rows[column] = generator.choice([np.nan, 0.0, 1.0, 99.0], len(rows))
    rows["label"] = generator.choice(["full", "healthy", "micro", "?"], len(rows))
    rows["chosen"] = True
    return rows


def test_search_rows_decide_nothing(runs, three, pooled):
    assert claims.evaluate(pd.concat([search_rows(runs), runs])) == claims.evaluate(runs)
    assert claims.evaluate_pooled(pd.concat([three, search_rows(three)])) == pooled
    alone = claims.evaluate(search_rows(runs))
    assert not_run(alone) == {f"C{number:02}" for number in range(1, 36)} - set(WITHOUT_RUNS)
    assert {claim["data_seed"] for claim in alone} == {None}


def test_runs_of_other_studies_do_not_mix(runs):
    found = by_id(claims.evaluate(table3()))
    assert {name for name in found if found[name]["verdict"] == "reproduced"} == {
        "C16", "C17", "C18", "C19", *WITHOUT_RUNS,
    }  # fmt: skip
    assert found["C01"]["reason"].startswith("data seed 1 has 0 runs of table2, model=small")
    assert found["C01"]["statistic"] is None


def test_pooled_verdicts_stand_beside_those_of_each_data_seed(pooled):
    assert all(list(claim) == [*KEYS, "per_data_seed"] for claim in pooled)
    found = by_id(pooled)
    for name in RULES:
        assert found[name]["verdict"] == "reproduced"
        assert found[name]["data_seed"] == ([] if name in WITHOUT_RUNS else [1, 2, 3])
        assert found[name]["per_data_seed"] == dict.fromkeys("123", "reproduced")
    assert found["C33"]["verdict"] == "not run"
    assert found["C33"]["data_seed"] == []
    assert (found["C16"]["n"], found["C31"]["n"], found["C09"]["n"]) == (15, 36, 60)


def test_one_data_seed_against_two_widens_the_interval(three):
    place = (three["data_seed"] == 2) & (three["method"] == "clippy") & three["chosen"].eq(True)
    other = three.copy()
    other.loc[place, "auc"] -= 0.02
    pooled = by_id(claims.evaluate_pooled(other))
    assert pooled["C14"]["verdict"] == "reproduced"  # both sides moved
    found = pooled["C10"]
    assert found["verdict"] == "inconclusive"
    assert found["per_data_seed"] == {"1": "reproduced", "2": "contradicted", "3": "reproduced"}
    assert found["statistic"]["auc"] == pytest.approx(0.002 - 0.02 / 3)


def test_a_data_seed_without_the_runs_is_left_out_of_a_claim(three):
    four = pd.concat([three, table3(4), shocks(5)], ignore_index=True)
    found = by_id(claims.evaluate_pooled(four))
    assert found["C16"]["data_seed"] == [1, 2, 3, 4]
    assert found["C31"]["data_seed"] == [1, 2, 3, 5]
    assert found["C02"]["data_seed"] == [1, 2, 3]
    assert found["C02"]["verdict"] == "reproduced"
    assert found["C02"]["per_data_seed"]["4"] == "not run"


def test_fewer_than_three_data_seeds_are_open(three, pooled):
    two = three[(three["data_seed"] != 2) | (three["study"] == "window")]
    found = by_id(claims.evaluate_pooled(two))
    assert found["C02"]["verdict"] == "inconclusive"
    assert found["C02"]["reason"].startswith("2 of 3 data seeds needed; full at 2x: small 0/10")
    assert found["C02"]["per_data_seed"] == {
        "1": "reproduced", "2": "not run", "3": "reproduced",
    }  # fmt: skip
    assert found["C02"]["data_seed"] == [1, 3]
    assert found["C02"]["n"] == 40
    assert found["C30"] == by_id(pooled)["C30"]
    assert found["C33"]["verdict"] == "not run"
    assert found["C28"]["verdict"] == "reproduced"


def test_one_data_seed_judges_as_a_whole_frame_of_it(three):
    alone = by_id(claims.evaluate_pooled(three[three["data_seed"] == 2]))
    single = by_id(claims.evaluate(three[three["data_seed"] == 2]))
    for name in RULES:
        assert alone[name]["statistic"] == single[name]["statistic"]
        assert alone[name]["interval"] == single[name]["interval"]
        assert alone[name]["per_data_seed"] == {"2": single[name]["verdict"]}
    assert single["C02"]["data_seed"] == 2


def test_the_output_is_strict_json(three, pooled):
    odd = changed(three, {"rmse": np.nan}, method="clippy", model="large")
    odd = changed(odd, {"auc": 0.7}, method="clippy", model="large_dcn")
    found = claims.evaluate_pooled(odd)
    assert by_id(found)["C05"]["statistic"]["1x"] is None
    for each in (found, pooled, claims.evaluate(odd[odd["data_seed"] == 3])):
        assert json.loads(json.dumps(each, allow_nan=False)) == each


@pytest.mark.parametrize("nothing", [everything(1)[:0], pd.DataFrame(columns=COLUMNS)])
def test_nothing_at_all_is_not_run(nothing):
    everything_else = {f"C{number:02}" for number in range(1, 36)} - set(WITHOUT_RUNS)
    assert not_run(claims.evaluate(nothing)) == everything_else
    pooled = claims.evaluate_pooled(nothing)
    assert claims.markdown(claims.evaluate(nothing), pooled)
    assert not_run(pooled) == everything_else
    assert all(
        claim["per_data_seed"] == {} == dict.fromkeys(claim["data_seed"]) for claim in pooled
    )


def test_input_that_cannot_be_judged_is_refused(runs, three):
    with pytest.raises(ValueError, match=r"one data seed is allowed, got \[1, 2, 3\]"):
        claims.evaluate(three)
    with pytest.raises(ValueError, match="columns chosen, run_id are missing"):
        claims.evaluate(runs.drop(columns=["run_id", "chosen"]))
    with pytest.raises(ValueError, match="label 'Full'; allowed are healthy, micro"):
        claims.evaluate(changed(runs, {"label": "Full"}, case="clean"))
    with pytest.raises(ValueError, match="table3, case=clean has seed 0 of data seed 1 twice"):
        claims.evaluate(pd.concat([runs, table3()], ignore_index=True))


def test_missing_values_may_be_none(runs):
    loose = runs.astype({"auc": object, "rmse": object, "early_auc": object, "onset_day": object})
    loose = loose.where(loose.notna(), None)
    assert claims.evaluate(loose) == claims.evaluate(runs)


def test_the_input_is_left_alone(runs):
    before = runs.copy()
    claims.evaluate(runs)
    pd.testing.assert_frame_equal(runs, before)


def test_only_the_columns_that_are_read_are_needed(runs):
    assert {"days", "threshold"} == set(runs.columns) - set(COLUMNS)
    assert claims.evaluate(runs[COLUMNS]) == claims.evaluate(runs)


def test_other_models_and_methods_are_no_obstacle(runs):
    more = pd.concat([table2().assign(model="huge"), table2().assign(method="new")])
    more["run_id"] = "more-" + more["run_id"]
    more = more.drop_duplicates(["study", "model", "method", "rate_multiple", "seed"])
    assert claims.evaluate(pd.concat([runs, more], ignore_index=True)) == claims.evaluate(runs)

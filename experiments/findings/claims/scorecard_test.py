"""The scorecard as a whole and as people read it, of one data seed and of several."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.findings import claims, statistics
from experiments.findings.claims.outcome import listed
from experiments.findings.claims.quantities import MissingRuns
from experiments.findings.claims.scorecard import COLUMNS, KEYS, WITHOUT_DATA_SEEDS
from experiments.findings.claims.table import summary
from experiments.findings.testing import (
    NOISE,
    changed,
    decide,
    everything,
    joined,
    shifted,
    table2,
    table3,
    where,
)

IDS = [f"C{number:02}" for number in range(1, 36)]
UNRECORDED = {"C35"}


@pytest.fixture(scope="module", autouse=True)
def few_permutations():
    """The statistics have tests of their own; here they only have to be there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "PERMUTATIONS", 400)
        yield


RUNS, FIVE = everything(1), everything(1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def single():
    return claims.evaluate(RUNS)


@pytest.fixture(scope="module")
def pooled():
    return claims.evaluate_pooled(FIVE)


def by_id(found):
    return {claim["id"]: claim for claim in found}


def with_verdict(verdict, found):
    return {claim["id"] for claim in found if claim["verdict"] == verdict}


def test_every_claim_with_a_rule_holds_in_this_world(single):
    assert [claim["id"] for claim in single] == IDS
    assert all(tuple(claim) == KEYS and claim["data_seed"] == 1 for claim in single)
    assert with_verdict("not run", single) == UNRECORDED
    assert with_verdict("reproduced", single) == set(IDS) - UNRECORDED
    for claim in single:
        assert len(claim["run_ids"]) == claim["n"] == len(set(claim["run_ids"]))
        assert set(claim["run_ids"]) <= set(RUNS["run_id"])


# C28 has no runs; C27 does not name the undisturbed ones that it holds the others against.
NAMED = [claim for claim in IDS if claim not in {*UNRECORDED, "C27", "C28"}]


@pytest.mark.parametrize("claim", NAMED)
def test_a_claim_rests_on_the_runs_it_names_and_on_all_their_cells(claim):
    found = decide(claim, RUNS)
    used = RUNS[RUNS["run_id"].isin(found.run_ids)]
    assert decide(claim, used) == found
    cell = ["case", "model", "method", "rate_multiple", "x"]
    for _, rows in used.groupby(cell, dropna=False):
        with pytest.raises(MissingRuns):
            decide(claim, used.drop(rows.index[2:]))


def test_pooled_verdicts_stand_beside_those_of_each_data_seed(pooled):
    assert [claim["id"] for claim in pooled] == IDS
    for claim in pooled:
        assert tuple(claim) == (*KEYS, "per_data_seed")
        verdict = "not run" if claim["id"] in UNRECORDED else "reproduced"
        assert claim["per_data_seed"] == dict.fromkeys("12345", verdict)
        assert claim["verdict"] == verdict
        alone = {*UNRECORDED, *WITHOUT_DATA_SEEDS}
        assert claim["data_seed"] == ([] if claim["id"] in alone else [1, 2, 3, 4, 5])
    assert json.loads(json.dumps(pooled, allow_nan=False)) == pooled
    found = by_id(pooled)
    assert (found["C16"]["n"], found["C31"]["n"], found["C09"]["n"]) == (60, 60, 100)


def search_rows():
    """Rows of every cell, and of others, with values that would turn any verdict."""
    generator = np.random.default_rng(7)
    rows = joined([RUNS, RUNS.iloc[::-1]]).assign(role="search", chosen=True)
    rows["data_seed"] = generator.integers(1, 9, len(rows))
    for column in ("auc", "rmse", "early_auc", "onset_day", "shock_day", "x"):
        rows[column] = generator.choice([np.nan, 0.0, 1.0, 99.0], len(rows))
    rows["label"] = generator.choice(["full", "healthy", "micro", "?"], len(rows))
    return rows


def test_what_has_chosen_and_what_no_claim_is_about_decides_nothing(single):
    """Nor does the order of the rows, a column more, or how a missing value is written."""
    before = RUNS.copy()
    other = pd.concat([table2().assign(model="huge"), table2().assign(method="new")])
    other = other.drop_duplicates(["model", "method", "rate_multiple", "seed"])
    more = joined([search_rows(), other, RUNS]).sample(frac=1, random_state=0)
    assert claims.evaluate(more.assign(days=30)) == single
    pd.testing.assert_frame_equal(RUNS, before)
    loose = RUNS.astype({"auc": object, "rmse": object, "early_auc": object, "onset_day": object})
    assert claims.evaluate(loose.where(loose.notna(), None)) == single


@pytest.mark.parametrize("frame", [RUNS[:0], pd.DataFrame(columns=COLUMNS), search_rows()])
def test_without_repeats_nothing_is_run(frame):
    found, pooled = claims.evaluate(frame), claims.evaluate_pooled(frame)
    assert {claim["data_seed"] for claim in found} == {None}
    assert with_verdict("not run", found) == set(IDS) - {"C28"}
    assert with_verdict("not run", pooled) == set(IDS) - {"C28"}
    assert all(claim["per_data_seed"] == {} and claim["data_seed"] == [] for claim in pooled)
    assert claims.markdown(found, pooled)


def c10(*more):
    """Claim C10, pooled, where the gap in AUC is 0.002 and so much more on each data seed."""
    runs = FIVE[where(FIVE, study="table2", model="large_dcn", chosen=True)]
    for seed, gap in enumerate(more, start=1):
        runs = shifted(runs, "auc", gap, data_seed=seed, method="clippy")
    return by_id(claims.evaluate_pooled(runs))["C10"]


def test_where_data_seeds_are_not_of_one_mind_the_interval_over_their_means_decides():
    """The runs of the first scatter, and their mean stays."""
    for second, expected in ((0.01, "reproduced"), (0.03, "inconclusive")):
        found = c10(0.008 * NOISE, second, 0.001, 0.004, 0.003)
        assert found["verdict"] == expected
        own = dict.fromkeys("2345", "reproduced") | {"1": "inconclusive"}
        assert found["per_data_seed"] == own
        test = stats.ttest_1samp([0.002, 0.002 + second, 0.003, 0.006, 0.005], 0)
        # RMSE is clearer, so that the second of two levels is that of AUC.
        interval = [*test.confidence_interval(0.95)]
        assert found["interval"]["auc"] == pytest.approx(interval)


@pytest.mark.parametrize("all_, one", [(0.0, 0.05), (-0.004, -0.06)])
def test_a_pooled_verdict_is_no_milder_than_a_unanimous_one(all_, one):
    found, expected = c10(*[all_] * 4, one), "reproduced" if one > 0 else "contradicted"
    assert found["per_data_seed"] == dict.fromkeys("12345", expected)
    assert found["verdict"] == expected
    low, high = found["interval"]["auc"]
    assert low < 0 < high
    assert found["reason"].startswith(f"{expected} on every data seed; Clippy - GC: auc ")


def test_one_data_seed_that_contradicts_does_not_outweigh_the_interval():
    found = c10(0, 0, -0.0025, 0, 0)
    own = dict.fromkeys("1245", "reproduced") | {"3": "contradicted"}
    assert (found["verdict"], found["per_data_seed"]) == ("reproduced", own)
    assert found["interval"]["auc"][0] > 0
    runs = joined([*(table3(seed) for seed in range(1, 5)), table3(5, clean=11)])
    assert by_id(claims.evaluate_pooled(runs))["C16"]["verdict"] == "contradicted"


def test_fewer_than_five_data_seeds_are_open(pooled):
    some = FIVE[FIVE["study"].isin(["table2", "window"])]
    four = some[some["data_seed"].ne(2) | some["study"].eq("window")]
    found = by_id(claims.evaluate_pooled(four))
    c02 = found["C02"]
    assert (c02["verdict"], c02["data_seed"], c02["n"]) == ("inconclusive", [1, 3, 4, 5], 80)
    assert c02["reason"].startswith("4 of 5 data seeds needed; full at 2x: small 0/20")
    assert c02["per_data_seed"] == dict.fromkeys("1345", "reproduced") | {"2": "not run"}
    assert found["C30"] == by_id(pooled)["C30"]
    assert (found["C35"]["verdict"], found["C28"]["verdict"]) == ("not run", "reproduced")


def test_input_that_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match=r"data seeds \[1, 2, 3, 4, 5\]: expected"):
        claims.evaluate(FIVE)
    with pytest.raises(ValueError, match="columns chosen, run_id are missing"):
        claims.evaluate(RUNS.drop(columns=["run_id", "chosen"]))
    with pytest.raises(ValueError, match="label 'Full': expected one of healthy, micro"):
        claims.evaluate(changed(RUNS, {"label": "Full"}, case="clean"))


EACH = "<br>".join(f"{seed}: reproduced" for seed in range(1, 6))
SHOWN = {
    "C16": "| C16 | Large+DCN at 0.4x, untreated: every run diverges (Table 3) | clean 5/5 "
    f"| **reproduced** | {EACH} | 1 [0.94, 1] | 60 |",
    "C31": "<br>ratio off 0 [0, 0.114]<br>on - off 1 [",
    "C05": "| 1x - [-, -]<br>2x 15 [",
    "C35": f"| **not run** | {EACH.replace('reproduced', 'not run')} | - | 0 |",
}


def test_the_counts_of_both_stand_above_a_row_a_claim(pooled, single):
    """C05 is undefined at 1x and of one data seed; on that, C16 fails."""
    flat = {"method": "clippy", "model": "large_dcn", "rate_multiple": 1.0}
    odd = by_id(claims.evaluate_pooled(changed(table2(), {"auc": 0.7}, **flat)))["C05"]
    dead = by_id(claims.evaluate(table3(clean=11)))["C16"]
    single, pooled = by_id(single) | {"C16": dead}, by_id(pooled) | {"C05": odd}
    text = claims.markdown(list(single.values()), list(pooled.values()))
    first, _, second, *lines = text.splitlines()
    assert first == "All data seeds: 33 reproduced, 0 contradicted, 1 inconclusive, 1 not run."
    assert second == "Data seed 1: 33 reproduced, 1 contradicted, 0 inconclusive, 1 not run."
    rows = {line.split(" ")[1]: line for line in lines if line.startswith("|")}
    assert list(rows) == ["Claim", "---", *IDS]
    assert {row.count("|") for row in rows.values()} == {8}
    for claim, cells in SHOWN.items():
        assert cells in rows[claim]


def test_the_summary_has_the_claims_that_were_run_and_a_column_a_data_seed():
    runs = joined([table3(2), table3(10, clean=11), table3(3)])
    lines = summary(claims.evaluate_pooled(runs)).splitlines()
    assert lines[0] == "Of 35 claims: 1 reproduced, 0 contradicted, 4 inconclusive, 30 not run."
    assert lines[2].endswith("| Pooled | Data seed 2 | Data seed 3 | Data seed 10 |")
    assert len(lines) == 4 + 5
    clean = "Large+DCN at 0.4x, untreated: every run diverges (Table 3)"
    decided = "**inconclusive** | reproduced | reproduced | contradicted"
    assert f"| C16 | {clean} | {decided} |" in lines


def test_a_figure_of_one_run_has_no_interval():
    figures = {"a": statistics.Estimate(0.5, np.nan, np.nan), "b": statistics.Estimate(2, 1, 3)}
    assert listed(figures | {"c": statistics.UNDEFINED}) == "a 0.5; b 2 [1, 3]; c undefined"

"""Settings of studies that cannot be right are refused by name."""

import re

import pytest

from experiments.studies import configs
from experiments.studies.configs import CalibrationConfig, Case, CasesConfig
from experiments.studies.testing import table2

CALIBRATION = {
    "model": "large_dcn",
    "first_rate": 0.1,
    "factor": 1.5,
    "rates": 3,
    "data_seeds": (1000, 1001),
    "edge_multiple": 0.4,
}
CASE = {"model": "large_dcn", "rate_multiple": 0.4}
GRID = {"base": CASE, "crossed": {"A.b": (1, 2)}, "cases": {}}


BAD = {
    "Table2Config.models": [(), "small"],
    "Table2Config.methods": [("gc", "gc")],
    "Table2Config.rate_multiples": [(1, 0), (1, "2")],
    "Table2Config.thresholds": [{"agc": (0.1,)}, {"gc": ()}, {"gc": (-0.1,)}],
    "Table2Config.repeats": [0, 101],  # with the latter a search seed would be one of them
    "Table2Config.search_seeds": [100, (), (100, 100), (100, "a"), (100, 0), (100.0,)],
    "Table2Config.untreated": ["lamb"],
    "CalibrationConfig.data_seeds": [(1,), (1000, 1010), (1000, 1000), ()],
    "CalibrationConfig.factor": [1],
    "CalibrationConfig.rates": [0],
}


def test_no_repeat_has_searched_whatever_the_order_of_the_seeds():
    assert table2(search_seeds=[101, 7], repeats=7).search_seeds == (101, 7)
    with pytest.raises(ValueError, match="Table2Config.repeats = 8: .* at most 7"):
        table2(search_seeds=(101, 7), repeats=8)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_refused_by_name(name):
    kind, _, field = name.partition(".")
    good = vars(table2()) if kind == "Table2Config" else CALIBRATION
    for value in BAD[name]:
        with pytest.raises(ValueError, match=f"{name} = .*: expected "):
            getattr(configs, kind)(**good | {field: value})


def test_the_grid_of_rates_is_geometric():
    assert CalibrationConfig(**CALIBRATION).grid() == [0.1, 0.15, 0.225]


def of_a_case(**fields):
    return {"cases": {"a": CASE | fields}}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"title": ""}, "CasesConfig.title = '': expected a text"),
        ({"runs": 0}, "CasesConfig.runs = 0: expected a whole number"),
        ({"telemetry": "all"}, "CasesConfig.telemetry = 'all': expected @TelemetryConfig() or"),
        ({"curvature": 12}, "CasesConfig.curvature = 12: expected @CurvatureConfig() or None"),
        ({"title": "two\nlines"}, r"CasesConfig.title = 'two\nlines': expected a text of one line"),
        ({"cases": {1: CASE}}, "CasesConfig.cases = 1: expected a text of one line in quotes"),
        ({"cases": {"a|b": CASE}}, "CasesConfig.cases = 'a|b': expected a name without |"),
        ({"cases": {"a ": CASE}}, "CasesConfig.cases = 'a ': expected a name without | and"),
        (GRID | {"crossed": {"x": {1: {}}}}, "CasesConfig.crossed['x'] = 1: expected a text of"),
        (GRID | {"crossed": {"x": {"": {}}}}, "CasesConfig.crossed = '': expected a text of one"),
        (GRID | {"zipped": {"B.c": ("|",)}}, "CasesConfig.crossed = 'b=1, c=|': expected a name"),
        (GRID | {"crossed": {"threshold": (1e400,)}}, "['threshold=inf']['threshold'] = inf: expe"),
        (GRID | {"base": CASE | {"threshold": -1}}, "CasesConfig.base['threshold'] = -1: expected"),
        ({"cases": {}}, "CasesConfig.cases = {}: expected a dict"),
        ({"cases": ["a"]}, "CasesConfig.cases = ['a']: expected a dict"),
        ({"cases": {"a": 3}}, "CasesConfig.cases['a'] = 3: expected a dict of model, method"),
        ({"cases": {"a": {"model": "x"}}}, "['a'] = {'model': 'x'}: expected a dict with 'rate_mu"),
        (of_a_case(wdith=1), "CasesConfig.cases['a'] = 'wdith': expected a gin parameter"),
        (of_a_case(values={}), "CasesConfig.cases['a'] = 'values': expected a gin parameter"),
        (of_a_case(method=3), "cases['a']['method'] = 3: expected a name"),
        (of_a_case(rate_multiple=0), "cases['a']['rate_multiple'] = 0: expected a finite"),
        (of_a_case(threshold=-1.0), "cases['a']['threshold'] = -1.0: expected a finite"),
        (of_a_case(features="few"), "cases['a']['features'] = 'few': expected 'all' or"),
        (of_a_case(shock_at=0.5), "cases['a']['shock_at'] = 0.5: expected a list"),
        (of_a_case(shock_at=(0.1, 1.5)), "cases['a']['shock_at'] = 1.5: expected a finite"),
        (of_a_case(runs=0), "cases['a']['runs'] = 0: expected a whole number"),
        (of_a_case(measured=1), "cases['a']['measured'] = 1: expected True or False"),
        (of_a_case(measured=True), "cases['a']['measured'] = True: expected False without"),
        (of_a_case(against="a"), "['a']['against'] = 'a': expected '' in a study of one"),
        (
            {"cases": {"a": CASE | {"against": "a"}, "b": CASE, "c": CASE}},
            "CasesConfig.cases['a']['against'] = 'a': expected one of b, c",
        ),
        (GRID | {"crossed": {"batch": (1, 2)}}, "CasesConfig.crossed = 'batch': expected one of"),
        (GRID | {"crossed": {"A.b": 3}}, "CasesConfig.crossed['A.b'] = 3: expected a list"),
        (GRID | {"crossed": {"A.b": ()}}, "CasesConfig.crossed['A.b'] = (): expected a list"),
        (GRID | {"crossed": {"x": {"y": 3}}}, "crossed['x']['y'] = 3: expected a dict of fields"),
        (GRID | {"crossed": {"A.b": (1, 1)}}, "zipped = {'A.b': 1}: expected each combination"),
        (GRID | {"crossed": [1]}, "CasesConfig.crossed = [1]: expected a dict"),
        (GRID | {"zipped": {"B.d": (1, 2), "B.c": (1,)}}, "expected lists of one length"),
        (GRID | {"zipped": {"A.b": (2,)}}, "CasesConfig.zipped = 'A.b': expected a parameter that"),
        (GRID | {"zipped": {"x": {"y": {}}}}, "CasesConfig.zipped['x'] = {'y': {}}: expected a li"),
        (GRID | {"baseline": {"A.b": 7}}, "CasesConfig.baseline = {'A.b': 7}: expected values of"),
        (GRID | {"baseline": 3}, "CasesConfig.baseline = 3: expected a dict"),
        (GRID | {"cases": {"b=2": {}}}, "CasesConfig.cases = 'b=2': expected a name that no point"),
        (GRID | {"base": {"rate_multiple": 1}}, "expected a dict with 'model'"),
        ({"baseline": {"A.b": 1}}, "CasesConfig.baseline = {'A.b': 1}: expected empty without"),
    ],
)
def test_a_bad_study_is_refused_by_name(changes, message):
    given = {"title": "A study", "runs": 2, "cases": {"a": CASE}} | changes
    with pytest.raises(ValueError, match=re.escape(message)):
        CasesConfig(**given)


def test_a_case_is_its_own_fields_over_those_of_all():
    study = CasesConfig(
        title="A study",
        runs=1,
        base=CASE | {"A.b": 1, "THRESHOLD": 2.0},
        crossed={"A.c": (3,)},
        cases={"own": {"A.b": [4, {"x": None}], "rate_multiple": 2, "shock_at": [0.5]}},
    )
    assert study.cases == {
        "c=3": Case(**CASE, values={"A.b": 1, "THRESHOLD": 2.0, "A.c": 3}),
        "own": Case(
            model="large_dcn",
            rate_multiple=2,
            shock_at=(0.5,),
            values={"A.b": [4, {"x": None}], "THRESHOLD": 2.0},
        ),
    }

"""A grid becomes the cases that a person would have written out."""

import pytest

from experiments.errors import BadInput
from experiments.machinery.gin_files import CONFIGS, named_file
from experiments.studies import ablation
from experiments.studies.configs import CasesConfig
from experiments.studies.grid import run_config
from experiments.studies.known import cases_config

BASE = {"model": "small", "rate_multiple": 1, "set": ("StreamConfig.shocks = None",)}
CROSSED = {"TrainerConfig.warmup_days": (0, 3), "method": ("gc", "agc")}
ZIPPED = {"threshold": (0.1, 0.01, None), "rate_multiple": (1, 2, 4)}
EXAMPLES = ("batch_and_rate", "clippy_thresholds", "scope", "template")


def test_crossed_parameters_make_every_combination():
    cases = ablation.expand(BASE, CROSSED, {}, {})
    assert list(cases) == [
        "warmup_days=0, method=gc",
        "warmup_days=0, method=agc",
        "warmup_days=3, method=gc",
        "warmup_days=3, method=agc",
    ]
    assert cases["warmup_days=3, method=agc"] == {
        "model": "small",
        "rate_multiple": 1,
        "method": "agc",
        "set": ("StreamConfig.shocks = None", "TrainerConfig.warmup_days = 3"),
    }


def test_zipped_parameters_go_together_and_are_crossed_with_the_others():
    cases = ablation.expand(BASE, {"RELATIVE": (0.5,)}, ZIPPED, {})
    points = [(case["threshold"], case["rate_multiple"]) for case in cases.values()]
    assert points == [(0.1, 1), (0.01, 2), (None, 4)]
    assert list(cases)[1:] == [
        "relative=0.5, threshold=0.01, rate_multiple=2",
        "relative=0.5, rate_multiple=4",
    ]
    assert all(case["set"][-1] == "RELATIVE = 0.5" for case in cases.values())


def test_every_point_but_the_baseline_is_compared_with_it():
    cases = ablation.expand(BASE, CROSSED, {}, {"TrainerConfig.warmup_days": 0, "method": "agc"})
    reference = "warmup_days=0, method=agc"
    assert {name: case.get("against") for name, case in cases.items()} == {
        "warmup_days=0, method=gc": reference,
        reference: None,
        "warmup_days=3, method=gc": reference,
        "warmup_days=3, method=agc": reference,
    }


def test_a_baseline_in_part_is_that_of_the_same_values_elsewhere():
    cases = ablation.expand(BASE, CROSSED, {}, {"TrainerConfig.warmup_days": 3})
    assert cases["warmup_days=0, method=gc"]["against"] == "warmup_days=3, method=gc"
    assert cases["warmup_days=0, method=agc"]["against"] == "warmup_days=3, method=agc"
    assert "against" not in cases["warmup_days=3, method=agc"]


def test_parameters_that_end_alike_keep_their_whole_names():
    crossed = {"Shocks.days": ((4,),), "LabelShocks.days": ((9, 5),)}
    assert list(ablation.expand(BASE, crossed, {}, {})) == [
        "Shocks.days=(4,), LabelShocks.days=(9, 5)"
    ]


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"crossed": {"batch": (1, 2)}}, "CasesConfig.crossed = 'batch': allowed is one of model"),
        ({"crossed": {"A.b": 3}}, "CasesConfig.crossed['A.b'] = 3: allowed is a list of values"),
        ({"crossed": {"A.b": ()}}, "CasesConfig.crossed['A.b'] = (): allowed is a list"),
        ({"crossed": {"A.b": (1, 1)}}, "CasesConfig.crossed and zipped = {'A.b': 1}: allowed is"),
        ({"crossed": [1]}, "CasesConfig.crossed = [1]: allowed is a dict"),
        ({"zipped": {"B.d": (1, 2), "B.c": (1,)}}, "allowed is lists of one length"),
        (
            {"crossed": {"A.b": (1,)}, "zipped": {"A.b": (2,)}},
            "CasesConfig.zipped = 'A.b': allowed",
        ),
        ({"baseline": {"A.b": 7}}, "CasesConfig.baseline = {'A.b': 7}: allowed is values of"),
        ({"baseline": 3}, "CasesConfig.baseline = 3: allowed is a dict"),
        ({"base": BASE | {"set": "A.c = 1"}}, "CasesConfig.base['set'] = 'A.c = 1': allowed is"),
        ({"cases": {"b=2": {}}}, "CasesConfig.cases = 'b=2': allowed is a name that no point"),
        ({"base": {"rate_multiple": 1}}, "a dict with 'model'"),
        ({"crossed": {}}, "CasesConfig.base = "),
        ({"crossed": {}, "base": {}}, "CasesConfig.cases = {}: allowed is a dict"),
    ],
)
def test_a_bad_grid_is_refused_by_name(changes, named):
    given = {"base": BASE, "crossed": {"A.b": (1, 2)}} | changes
    with pytest.raises(ValueError, match="CasesConfig") as caught:
        CasesConfig(title="a", runs=1, **given)
    assert named in str(caught.value)


@pytest.mark.parametrize("profile", ["smoke", "laptop", "paper"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_resolve_to_runs_that_differ(name, profile):
    config, seen = cases_config(named_file("studies", name)), set()
    for case in config.cases.values():
        run = run_config(
            profile,
            case.model,
            case.method,
            learning_rate=case.rate_multiple,
            data_seed=1,
            run_seed=0,
            threshold=case.threshold,
            bindings=case.set,
        )
        seen.add(run.run_id)
    assert len(seen) == len(config.cases) >= 4


def test_the_baseline_of_clippys_thresholds_is_the_run_of_table_2():
    config = cases_config(named_file("studies", "clippy_thresholds"))
    (bindings,) = {case.set for case in config.cases.values() if not case.against}
    runs = [
        run_config(
            "laptop",
            "large_dcn",
            "clippy",
            learning_rate=0.5,
            data_seed=1,
            run_seed=0,
            bindings=given,
        )
        for given in (bindings, ())
    ]
    assert runs[0].run_id == runs[1].run_id


def test_a_misspelt_parameter_of_a_grid_is_refused_before_anything_runs(tmp_path):
    file = tmp_path / "mine.gin"
    text = (CONFIGS / "studies" / "template.gin").read_text()
    file.write_text(text.replace("TrainerConfig.warmup_days", "TrainerConfig.warmup_dais"))
    case = next(iter(cases_config(file).cases.values()))
    with pytest.raises(BadInput, match="did you mean warmup_days"):
        run_config(
            "smoke",
            case.model,
            case.method,
            learning_rate=1,
            data_seed=1,
            run_seed=0,
            bindings=case.set,
        )

"""Studies of cases: what a gin file may say, and which runs come of it."""

from typing import NamedTuple

import pytest

from data import TASKS, Stream
from experiments.machinery.gin_files import ROOT, named_file
from experiments.studies.cases import CasesStudy
from experiments.studies.configs import DESIGN_SEEDS, Case, CasesConfig
from experiments.studies.grid import run_config
from experiments.studies.known import cases_config, section_3_2

CASE = {"model": "large_dcn", "rate_multiple": 0.4}


def config(**changes):
    return CasesConfig(**({"title": "A study", "runs": 2, "cases": {"clean": CASE}} | changes))


def jobs(cases, profile="smoke", base_rate=0.5):
    protocol = CasesStudy(config(cases=cases), profile, 7, study=None)
    return protocol.jobs(base_rate)


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"title": ""}, "CasesConfig.title = ''"),
        ({"runs": 0}, "CasesConfig.runs = 0"),
        ({"cases": {}}, "CasesConfig.cases = {}"),
        (
            {"cases": {"clean": CASE | {"against": "clean"}, "b": CASE, "c": CASE}},
            "CasesConfig.cases['clean']['against'] = 'clean': allowed is one of b, c",
        ),
        ({"cases": ["clean"]}, "CasesConfig.cases = "),
        ({"cases": {"clean": {"model": "large"}}}, "CasesConfig.cases['clean'] = "),
        ({"cases": {"clean": CASE | {"wdith": 1}}}, "CasesConfig.cases['clean'] = "),
        ({"cases": {"a": CASE | {"rate_multiple": 0}}}, "cases['a']['rate_multiple'] = 0"),
        ({"cases": {"a": CASE | {"threshold": -1.0}}}, "cases['a']['threshold'] = -1.0"),
        ({"cases": {"a": CASE | {"set": "x = 1"}}}, "cases['a']['set'] = 'x = 1'"),
        ({"cases": {"a": CASE | {"features": "few"}}}, "cases['a']['features'] = 'few'"),
        ({"cases": {"a": CASE | {"shock_at": 0.5}}}, "cases['a']['shock_at'] = 0.5"),
        ({"cases": {"a": CASE | {"shock_at": (0.1, 1.5)}}}, "cases['a']['shock_at'] = 1.5"),
        ({"cases": {"a": CASE | {"runs": 0}}}, "cases['a']['runs'] = 0"),
        ({"cases": {"a": CASE | {"measured": 1}}}, "cases['a']['measured'] = 1"),
        ({"cases": {"a": CASE | {"measured": True}}}, "allowed is False without telemetry"),
        ({"telemetry": "all"}, "CasesConfig.telemetry = 'all'"),
    ],
)
def test_a_bad_study_is_refused_by_name(changes, named):
    with pytest.raises(ValueError, match=": allowed is") as caught:
        config(**changes)
    assert named in str(caught.value)


def test_each_case_runs_on_the_same_seeds_at_its_multiple_of_1x():
    cases = {"clean": CASE, "slow": CASE | {"rate_multiple": 0.1, "method": "clippy"}}
    found = jobs(cases)
    assert [(name, run.run_seed) for name, _, run in found] == [
        ("clean", 0),
        ("clean", 1),
        ("slow", 0),
        ("slow", 1),
    ]
    assert [run.learning_rate for _, _, run in found] == pytest.approx([0.2, 0.2, 0.05, 0.05])
    assert {run.data_seed for _, _, run in found} == {7}
    assert [run.method.name for _, _, run in found] == ["naive", "naive", "clippy", "clippy"]


def test_a_case_may_have_a_number_of_runs_of_its_own():
    found = jobs({"clean": CASE, "more": CASE | {"runs": 3}})
    assert [name for name, _, _ in found] == ["clean"] * 2 + ["more"] * 3


def test_measured_cases_are_asked_for_with_their_telemetry():
    study = cases_config(named_file("studies", "divergences"))
    asked = []

    class Recorder:
        """Has every record, none of the telemetry."""

        def is_done(self, config, telemetry=None):
            return telemetry is None

        def execute(self, configs, telemetry=None):
            asked.append((len(configs), telemetry))
            return [RunIdOnly(config.run_id) for config in configs]

    class RunIdOnly(NamedTuple):
        run_id: str

    protocol = CasesStudy(study, "laptop", 7, Recorder())
    sizes = {name: case.runs or study.runs for name, case in study.cases.items()}
    measured = sum(sizes[name] for name, case in study.cases.items() if case.measured)
    runs, done, seconds = protocol.plan(0.5)
    assert (runs, done) == (sum(sizes.values()), sum(sizes.values()) - measured)
    assert seconds > 0
    assert protocol.recorded(0.5, None, None) is None
    records = protocol._execute(protocol.jobs(0.5))
    assert len(records) == runs
    assert asked == [(measured, study.telemetry), (runs - measured, None)]


def test_the_recorded_divergences_of_clippy_are_runs_of_table_2():
    study = cases_config(named_file("studies", "divergences"))
    protocol = CasesStudy(study, "laptop", 7, study=None)
    found = {(name, run.run_seed): run for name, _, run in protocol.jobs(0.5)}
    table = run_config("laptop", "large_dcn", "clippy", learning_rate=1.0, data_seed=7, run_seed=0)
    assert found["clippy", 0].run_id == table.run_id


def test_a_case_overrides_the_profile():
    case = CASE | {"set": ["TrainerConfig.warmup_days = 3"], "method": "gc", "threshold": 0.01}
    (_, _, run), _ = jobs({"warm": case})
    assert run.trainer.warmup_days == 3
    assert run.method.thresholds == {"lam": 0.01}


def test_heavy_features_can_be_left_out():
    (_, _, run), _ = jobs({"light": CASE | {"features": "not_heavy"}})
    every = run.stream.heavy_feature_every
    assert 0 < every <= run.stream.dense_features
    kept = [i for i in range(run.stream.dense_features) if (i + 1) % every]
    assert list(run.model.dense_kept) == kept


def test_the_only_shock_of_each_run_is_where_the_case_says():
    cases = {"shock": CASE | {"shock_at": [0.0, 0.5, 1.0]}}
    protocol = CasesStudy(config(runs=4, cases=cases), "smoke", 7, study=None)
    runs = [run for _, _, run in protocol.jobs(0.5)]
    assert {run.stream.days for run in runs} == {8}  # seven of them are trained on
    assert [run.stream.shocks.days for run in runs] == [(0,), (3,), (6,), (0,)]
    assert [run.stream.label_shocks.days for run in runs] == [(0,), (3,), (6,), (0,)]


def test_a_case_has_the_defaults_of_an_untreated_run():
    case = Case(**CASE)
    assert (case.method, case.set, case.threshold) == ("naive", (), None)
    assert (case.features, case.shock_at) == ("all", ())


@pytest.mark.parametrize("profile", ["smoke", "laptop"])
def test_every_study_of_section_3_2_resolves(profile):
    for name, study in section_3_2().items():
        protocol = CasesStudy(study, profile, 7, study=None)
        runs = protocol.jobs(0.5)
        assert len(runs) == study.runs * len(study.cases), name
        assert {run.method.name for _, _, run in runs} == {"naive"}


@pytest.mark.parametrize(
    "file", sorted((ROOT / "configs" / "studies").glob("why_*.gin")), ids=lambda x: x.stem
)
def test_every_study_that_explains_resolves(file):
    study = cases_config(file)
    runs = CasesStudy(study, "laptop", 7, study=None).jobs(0.5)
    assert len({run.run_id for _, _, run in runs}) == study.runs * len(study.cases)


def test_tasks_are_removed_in_the_order_of_the_variance_of_their_labels():
    study = cases_config(named_file("studies", "table3"))
    clean, one, two = (
        CasesStudy(study, "laptop", DESIGN_SEEDS[0], None)._run_config(study.cases[name], 1.0, 0)
        for name in ("clean", "one_task_removed", "two_tasks_removed")
    )
    stream = Stream(clean.stream, DESIGN_SEEDS[0])
    days = range(clean.stream.days - 1)
    spread = sum(stream.block(day, 0)["labels"].var(axis=0) for day in days)
    order = [TASKS[column].name for column in (-spread).argsort()]
    names = {task.name for task in TASKS}
    assert names - set(one.model.tasks) == set(order[:1])
    assert names - set(two.model.tasks) == set(order[:2])

"""Studies of cases: which runs come of them."""

import dataclasses
import types

import pytest

from data import TASKS, Stream
from data.logs.testing import write_days
from experiments.errors import BadInput
from experiments.machinery.gin_files import CONFIGS, named_file
from experiments.studies import cases as module
from experiments.studies.cases import case_jobs, case_run, check_cases, plan_cases, run_cases
from experiments.studies.configs import DESIGN_SEEDS, CasesConfig
from experiments.studies.known import cases_config, section_3_2, study_config
from experiments.studies.registry import telemetry_config
from experiments.studies.settings import run_config
from experiments.studies.testing import session
from experiments.training.detector import SHARED

CASE = {"model": "large_dcn", "rate_multiple": 0.4}
FILES = sorted((CONFIGS / "studies").glob("*.gin"))
STUDIES = [file.stem for file in FILES if "CasesConfig" in file.read_text()]
STUDIES.remove("flights")  # which is of a log that need not have been fetched


def runs_of(cases, runs=2):
    """The runs of a study of `cases` as (name, RunConfig), on data seed 7 and a 1x of 0.5."""
    study = CasesConfig(title="A", runs=runs, cases=cases)
    return [(name, run) for name, _, run in case_jobs(study, session(data_seed=7))]


def test_each_case_runs_on_the_same_seeds_at_its_multiple_of_1x():
    cases = {"clean": CASE, "slow": CASE | {"rate_multiple": 0.1, "method": "clippy", "runs": 3}}
    assert [
        (name, run.run_seed, run.learning_rate, run.method.name, run.data_seed)
        for name, run in runs_of(cases)
    ] == [
        *(("clean", seed, 0.2, "naive", 7) for seed in range(2)),
        *(("slow", seed, 0.05, "clippy", 7) for seed in range(3)),
    ]


def test_a_case_overrides_the_profile():
    values = {"TrainerConfig.warmup_days": 3, "MethodConfig.thresholds": {"lam": 0.25}}
    case = CASE | {"method": "gc", "StreamConfig.shocks": None, "features": "not_heavy"}
    (_, plain), (_, bound) = runs_of({"a": case | {"threshold": 0.01}, "b": case | values}, runs=1)
    assert (plain.method.thresholds, plain.trainer.warmup_days) == ({"lam": 0.01}, 0)
    assert (bound.method.thresholds, bound.trainer.warmup_days) == ({"lam": 0.25}, 3)
    assert plain.stream.shocks is bound.stream.shocks is None
    features, every = plain.stream.dense_features, plain.stream.heavy_feature_every
    assert 0 < every <= features
    assert list(plain.model.dense_kept) == [i for i in range(features) if (i + 1) % every]


def test_the_only_shock_of_each_run_is_where_the_case_says():
    found = runs_of({"shock": CASE | {"shock_at": [0.0, 0.5, 1.0]}}, runs=4)
    assert {run.stream.days for _, run in found} == {8}  # seven of them are trained on
    assert [run.stream.shocks.days for _, run in found] == [(0,), (3,), (6,), (0,)]
    assert [run.stream.label_shocks.days for _, run in found] == [(0,), (3,), (6,), (0,)]


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"TrainerConfig.warmup_dais": 2}, "TrainerConfig.warmup_dais is unknown.*did you mean"),
        ({"TrainerConfig.warmup_days": -2}, "TrainerConfig.warmup_days = -2: expected"),
        ({"run.data_seed": 4}, "run.data_seed = 4: expected none"),
        ({"method": "gc", "threshold": 0.1, "THRESHOLD": 0.1}, "THRESHOLD = 0.1: expected none"),
        ({"shock_at": (0.5,), "Shocks.days": (3,)}, r"Shocks.days = \(3,\): expected none"),
        ({"model": "smal"}, "configs/models: no 'smal': expected"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_case_before_anything_runs(tmp_path, fields, said):
    file, cases = tmp_path / "my.gin", {"good": CASE, "bad": CASE | fields}
    file.write_text(f"CasesConfig.title = 'A'\nCasesConfig.runs = 1\nCasesConfig.cases = {cases}\n")
    with pytest.raises(BadInput, match=rf"^{file}:3: case 'bad': {said}"):
        check_cases(cases_config(file), "smoke", file)


def test_measured_cases_are_asked_for_with_their_telemetry(monkeypatch):
    config, asked = study_config("divergences"), []

    def execute(configs, telemetry=None):
        asked.append((len(configs), telemetry))
        return [types.SimpleNamespace(run_id=config.run_id) for config in configs]

    # It has every record, and none of the telemetry.
    recorder = types.SimpleNamespace(
        is_done=lambda config, telemetry: telemetry is None, execute=execute
    )
    monkeypatch.setattr(module, "runs_frame", lambda heads, records, session: len(records))
    display = types.SimpleNamespace(begin=lambda title, *plan: None)
    opened = session(recorder, display, profile="laptop", data_seed=7)
    jobs = case_jobs(config, opened)
    measured, total = sum(case.measured for _, case, _ in jobs), len(jobs)
    *counts, seconds = plan_cases(config, opened)
    assert counts == [total, total - measured] and seconds > 0
    assert run_cases(config, opened) == total
    assert asked == [(measured, config.telemetry), (total - measured, None)]


def test_curvature_is_asked_for_once_the_runs_are_there(monkeypatch):
    config, asked = study_config("curvature"), []

    def execute(configs, how=None):
        asked.append((len(configs), how))
        return [types.SimpleNamespace(run_id=config.run_id) for config in configs]

    begun = []
    display = types.SimpleNamespace(begin=lambda *plan: begun.append(plan))
    study = types.SimpleNamespace(
        is_done=lambda run, how: how is not config.curvature, execute=execute
    )
    monkeypatch.setattr(module, "runs_frame", lambda heads, records, session: len(records))
    opened = session(study, display, profile="laptop", data_seed=7)
    runs, dated = run_cases(config, opened), config.runs  # the shocked case dates all others
    assert asked == [(dated, config.telemetry), (runs - dated, None), (runs, config.curvature)]
    assert begun[0][1:] == (runs, runs, 0)
    title, *counts, seconds, how = begun[1]
    assert title == f"{config.title}: curvature"
    assert (counts, how) == ([runs, 0], config.curvature)
    empty = types.SimpleNamespace(is_done=lambda run, how: False)
    plain = module.outlook(empty, [(run, None) for *_, run in case_jobs(config, opened)])
    assert seconds > 5 * plain[2] > 0


def test_curvature_is_of_methods_that_it_is_defined_for(tmp_path):
    study, file = study_config("curvature"), tmp_path / "my.gin"
    case = CASE | {"method": "adam"}
    file.write_text(f"CasesConfig.runs = 1\nCasesConfig.cases = {{'a': {case}}}\n")
    about = {"title": "A", "runs": 1, "cases": {"a": case}}
    said = rf"^{file}:2: case 'a': MethodConfig.optimizer = 'adam': expected 'adagrad'"
    with pytest.raises(BadInput, match=said):
        check_cases(CasesConfig(**about, curvature=study.curvature), "smoke", file)
    check_cases(CasesConfig(**about), "smoke", file)


def test_the_study_of_flights_resolves_to_runs_that_differ(tmp_path):
    config, log = study_config("flights"), {"LogsConfig.path": str(write_days(tmp_path, days=1))}
    cases = {
        name: dataclasses.replace(case, values=log | case.values)
        for name, case in config.cases.items()
    }
    runs = {case_run(case, config.profile, 1, 0.5, 0).run_id for case in cases.values()}
    assert len(runs) == len(cases) == 5 * 3 * 2


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_of_the_project_resolves_to_runs_that_differ(name):
    config = study_config(name)
    jobs = case_jobs(config, session(profile="laptop", data_seed=7))
    assert len({run.run_id for _, _, run in jobs}) == len(jobs) >= config.runs
    for profile in ("smoke", "paper"):
        check_cases(config, profile, named_file("studies", name))


@pytest.mark.parametrize("name", ["curvature", "detection", "divergences"])
def test_what_dates_an_onset_is_measured_in_every_study_that_reads_one(name):
    own, shared = study_config(name).telemetry.layers, telemetry_config().layers
    assert [own[label] for label in SHARED] == [shared[label] for label in SHARED]


def test_the_studies_of_section_3_2_are_of_untreated_runs():
    for study in section_3_2().values():
        assert {case.method for case in study.cases.values()} == {"naive"}


@pytest.mark.parametrize(
    "study, case, rate",
    [("divergences", "clippy", 2), ("clippy_thresholds", "relative=0.5, absolute=0.01", 1)],
)
def test_cases_that_are_runs_of_table_2(study, case, rate):
    found = case_run(study_config(study).cases[case], "laptop", 7, base_rate=0.5, run_seed=0)
    setting = {"learning_rate": rate * 0.5, "data_seed": 7, "run_seed": 0}
    assert found.run_id == run_config("laptop", "large_dcn", "clippy", **setting).run_id


def test_tasks_are_removed_in_the_order_of_the_variance_of_their_labels():
    cases = study_config("table3").cases
    one, two = (
        case_run(cases[name], "laptop", DESIGN_SEEDS[0], base_rate=1.0, run_seed=0)
        for name in ("one_task_removed", "two_tasks_removed")
    )
    stream = Stream(one.stream, DESIGN_SEEDS[0])
    spread = sum(stream.block(day, 0)["labels"].var(axis=0) for day in range(one.stream.days - 1))
    order = [TASKS[column].name for column in (-spread).argsort()]
    names = {task.name for task in TASKS}
    assert names - set(one.model.tasks) == set(order[:1])
    assert names - set(two.model.tasks) == set(order[:2])

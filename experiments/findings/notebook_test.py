"""What a notebook imports from `experiments`, on made-up records where these are enough."""

import contextlib
import json
import re
import subprocess
import sys
from unittest import mock

import numpy as np
import pandas as pd
import pytest

import experiments
from experiments import load_curves, load_runs, run
from experiments.errors import BadInput
from experiments.findings import notebook
from experiments.findings.seeds import remembered
from experiments.machinery.gin_files import ROOT
from experiments.machinery.workers.testing import Opened, leave_run
from experiments.studies import session as sessions
from experiments.studies.cases import case_jobs
from experiments.studies.known import cases_config
from experiments.studies.testing import FULL, leave, session

SMALL_GC = ["configs/models/small.gin", "configs/methods/gc.gin"]
STUDY = """
CasesConfig.title = 'Own'
CasesConfig.runs = 1
CasesConfig.cases = {
    'a': {'model': 'small', 'rate_multiple': 1}, 'b': {'model': 'small', 'rate_multiple': 2},
    'as a': {'model': 'small', 'rate_multiple': 1}}
"""


@pytest.fixture
def results(tmp_path):
    """Two runs and one that crashed on data seed 1, one on data seed 7; a study of the first."""
    root = tmp_path / "smoke"
    first = leave(root, threshold=0.1, rate=0.4)
    leave(root, method="clippy", aucs=FULL, seed=3)
    leave(root, method="naive", status="crashed")
    leave(tmp_path / "smoke-data17", method="naive", data_seed=17)
    (root / "calibration.json").write_text(json.dumps({"base_rate": 0.2}))
    study = pd.DataFrame({"run_id": [first.run_id], "label": ["healthy"]})
    study.to_csv(root / "own_runs.csv", index=False)
    return tmp_path


def test_runs_are_rows(results):
    runs = load_runs("smoke", results=results)
    names = runs["run_id"].str.rpartition("-")[0].tolist()
    assert names == ["small-naive", "small-gc", "small-clippy", "small-naive"]
    gc = runs.loc[1]
    about = [gc[name] for name in ("threshold", "learning_rate", "rate_multiple", "seed", "label")]
    assert about == ["0.1", 0.4, 2.0, 0, "healthy"]
    assert (gc["auc"], gc["click/auc"], gc["rmse"]) == (0.75, 0.75, 1.25)
    assert runs["status"].tolist() == ["crashed", "finished", "finished", "finished"]
    assert runs["data_seed"].tolist() == [11, 11, 11, 17]
    assert runs.loc[0, ["label", "auc", "wall_s", "click/auc"]].isna().all()
    assert runs["seed"].dtype.kind == "i"
    assert (runs.dtypes[["auc", "rate_multiple", "watch_time/rmse"]] == "float64").all()


def test_runs_are_chosen_as_by_make_list(results):
    def count(**wanted):
        return len(load_runs("smoke", results=results, **wanted))

    assert [count(data_seed=17), count(method="gc, clippy"), count(status="full")] == [1, 2, 1]
    assert [count(study="own"), count(study="own", method="clippy")] == [1, 0]
    none = load_runs("smoke", results=results, study="own", method="clippy")
    assert list(none)[:3] == ["run_id", "model", "method"]
    with pytest.raises(BadInput, match=r"METHOD = 'clipy': .*did you mean clippy\?"):
        count(method="clipy")
    settings = load_runs("smoke", results=results, method="gc", settings=True)
    assert settings.loc[0, "trainer.window_days"] == 3
    assert settings.loc[0, "method.thresholds.lam"] == 0.1


def test_curves_are_in_long_form(results):
    runs = load_runs("smoke", results=results)
    every = load_curves(runs, results=results)
    assert list(every)[:8] == notebook.CURVES
    assert every["run_id"].unique().tolist() == runs["run_id"][1:].tolist()  # the first crashed
    one = load_curves("small-clippy", results=results)
    assert one["auc"].tolist() == one["click/auc"].tolist() == list(FULL)
    assert one["step"].tolist() == [6, 12, 18]
    some = load_curves(["small-clippy", "small-gc", runs["run_id"][2]], results=results)
    assert some["run_id"].unique().tolist() == runs["run_id"][[2, 1]].tolist()
    assert list(load_curves(runs.head(0), results=results)) == notebook.CURVES


def test_a_study_returns_its_runs_with_their_cases_and_leaves_its_table(tmp_path, monkeypatch):
    file, root = tmp_path / "own.gin", tmp_path / "smoke"
    file.write_text(STUDY)
    reads = Opened(root)
    recorded = session(reads.study(), reads.display, base_rate=0.1)
    for *_, config in case_jobs(cases_config(file), recorded):
        leave_run(root, config)
    monkeypatch.setattr(sessions, "opened", lambda *_: contextlib.nullcontext(recorded))
    runs = run(file, {"CasesConfig.title": "Other"}, profile="smoke", results=tmp_path)
    assert runs["case"].tolist() == ["a", "b", "as a"]
    assert runs["rate_multiple"].tolist() == [1, 2, 1]
    assert runs["run_id"].nunique() == len(load_runs("smoke", study="own", results=tmp_path)) == 2
    assert (root / "own.md").read_text().startswith("## Other")
    assert (root / "figures" / "study_own.png").exists()
    assert remembered(root) == {"own": cases_config(file).runs}


def test_a_run_is_trained_here_once_with_its_overrides(tmp_path, capfd):
    where = {"profile": "smoke", "results": tmp_path, "cache": tmp_path / "cache"}
    changes = {"learning_rate": np.float64(0.1), "TrainerConfig.evaluate_every_steps": 21}
    found = run(SMALL_GC, changes, data_seed=np.int64(3), **where)
    ((run_id, seed, auc),) = found[["run_id", "data_seed", "auc"]].to_numpy().tolist()
    out, error = capfd.readouterr()
    lines = [line.split("  ")[0] for line in error.splitlines()]
    assert (out, lines) == ("", [f"{run_id}: rate 0.1, threshold 0.1", "step", "step"])
    assert seed == 3
    assert load_curves(run_id, results=tmp_path)["auc"].tolist()[1:] == [auc]
    text = "learning_rate=0.1 TrainerConfig.evaluate_every_steps=21 data_seed=3"
    again = run(SMALL_GC, text, quiet=True, **where)
    pd.testing.assert_frame_equal(again, found)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: load_runs("lap"), r"no 'lap': .*did you mean laptop\?"),
        (lambda: load_runs("smoke", results="nowhere"), "nowhere/smoke: no run: expected"),
        (lambda: load_curves("nobody"), "runs = 'nobody': no record in"),
        (lambda: load_curves([3]), "runs = 3: expected the id of a run"),
        (lambda: load_curves(pd.DataFrame({"id": []})), "a DataFrame without run_id"),
        (lambda: run([]), r"files = \[\]: expected a gin file"),
        (lambda: run("nowhere.gin"), "nowhere.gin: cannot be read"),
        (lambda: run(SMALL_GC), "gc.gin: run.learning_rate has no value"),
        (lambda: run(SMALL_GC, {"learning_rat": 1}), r"did you mean learning_rate\?"),
        (lambda: run(SMALL_GC, [3]), "overrides: 3: expected"),
        (lambda: run(SMALL_GC, workers=2), "workers = 2: expected none"),
        (lambda: run("configs/studies/warmup.gin", workers=0), "workers = 0: expected a whole"),
        (lambda: run("configs/studies/warmup.gin", data_seed="1"), "data_seed = '1': expected"),
        (lambda: run("configs/studies/warmup.gin", "run_seed=1"), "has no effect"),
    ],
)
def test_a_mistake_is_one_line(call, said):
    with pytest.raises(BadInput, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_code_of_the_page_reads_the_committed_records_and_calls_run_as_it_is(monkeypatch):
    called = mock.create_autospec(run)
    monkeypatch.setattr(experiments, "run", called, raising=False)
    page = (ROOT / "experiments" / "README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(block, names)
    assert names["auc"].between(0.4, 0.9).all()
    assert names["curves"]["run_id"].isin(names["runs"]["run_id"]).all()
    assert all((ROOT / call.args[0]).exists() for call in called.call_args_list)


def test_the_package_imports_its_functions_when_they_are_asked_for(results):
    assert ROOT / "results" == notebook.RESULTS
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import experiments
assert set(experiments.__all__) <= set(dir(experiments))
import experiments.errors
assert not {{"experiments.findings", "pandas"}} & set(sys.modules)
from experiments import *
runs = load_runs("smoke", results="../{results.name}")
assert len(load_curves(runs, results="../{results.name}")) == 9
assert not {{"tensorflow", "matplotlib", "pebble"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=results, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with pytest.raises(AttributeError, match="has no attribute 'load_run'"):
        _ = experiments.load_run

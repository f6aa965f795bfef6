"""Studies by name: theirs are the project's, and a person's own have others."""

import pytest

from experiments.errors import BadInput
from experiments.machinery.gin_files import CONFIGS, ROOT
from experiments.studies.known import (
    ARTEFACTS,
    cases_config,
    own_name,
    studies_of_the_project,
    study_name,
)

COMMITTED = sorted((ROOT / "results").glob("laptop*/*.*"))


@pytest.mark.parametrize(
    "name", ["table2", "claims", "warmup", "table3", "seed_runs", "report", "rescues", ""]
)
def test_a_name_of_the_project_is_refused(tmp_path, name):
    with pytest.raises(BadInput, match=f"{name}.gin: the project has files so named: expected"):
        own_name(tmp_path / f"{name}.gin")


@pytest.mark.parametrize("file", ["configs/studies/table3.gin", "/tmp/bound_0.5.gin", "own"])
def test_a_study_of_the_project_and_one_of_another_name_have_theirs(file):
    assert own_name(file) == study_name(file) == study_name(file.removesuffix(".gin"))


def test_every_file_of_the_committed_results_is_of_a_study_or_has_a_name_that_is_taken():
    known = {*ARTEFACTS, *studies_of_the_project()}
    assert {path.stem.removesuffix("_runs") for path in COMMITTED} <= known


def test_files_of_single_runs_and_files_that_are_no_gin_are_no_studies(tmp_path, monkeypatch):
    known = studies_of_the_project()
    assert {"warmup", "table2"} <= set(known)
    assert "one_large_dcn_clippy" not in known and "calibration" not in known
    (tmp_path / "studies").mkdir()
    texts = {"a": "words\n", "b.c": "CasesConfig.runs = 1\n", "d": "run.run_seed = 1\n"}
    for name, text in texts.items():
        (tmp_path / "studies" / f"{name}.gin").write_text(text)
    monkeypatch.setattr("experiments.studies.known.CONFIGS", tmp_path)
    assert studies_of_the_project() == ["b.c"]


@pytest.mark.parametrize("name", ["one_large_dcn_clippy", "table2"])
def test_a_file_of_another_kind_is_no_study_of_cases(name):
    with pytest.raises(BadInput, match=f"{name}.gin: binds no parameter of CasesConfig: expected"):
        cases_config(CONFIGS / "studies" / f"{name}.gin")

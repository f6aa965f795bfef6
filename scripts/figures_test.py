"""From a command to pictures on disk."""

import pandas as pd
import pytest

from experiments.errors import NotDefined
from experiments.findings.figures import catalogue
from experiments.findings.figures.material import Material
from scripts.testing import attempt, refused


@pytest.mark.parametrize("number", [2, 3])
def test_figures_without_runs_need_no_records(tmp_path, capfd, number):
    for _ in range(2):
        given = [f"--figure={number}"]
        status, out, _ = attempt("figures", given, capfd, tmp_path, tmp_path / "cache")
        assert (status, out) == (0, f"{tmp_path}/smoke/figures/figure{number}.png\n")
        folder = tmp_path / "smoke" / "figures"
        written = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert set(written) == {
            f"figure{number}.{ending}" for ending in ("png", "pdf", "csv", "txt")
        }
        assert list((tmp_path / "smoke" / "runs").iterdir()) == []


def test_without_an_example_of_each_kind_the_figure_is_refused(tmp_path, capfd, monkeypatch):
    columns = ["data_seed", "seed", "case", "label", "run_id", "step_b"]
    monkeypatch.setattr(Material, "divergences", pd.DataFrame(columns=columns))
    said = refused("figures", ["--figure=4"], capfd, tmp_path, tmp_path / "cache")
    assert "figure4a: smoke, data seed 11: no run seed has a healthy" in said


@pytest.mark.parametrize("name", ["labels", "onset"])
def test_our_figures_train_nothing(tmp_path, capfd, name):
    said = refused("figures", [f"--figure={name}"], capfd, tmp_path, tmp_path / "cache")
    assert f"{name}: smoke, data seed 11: no study table" in said
    assert "the runs of the calibration are not recorded: expected those of make reproduce-" in said
    assert list((tmp_path / "smoke" / "runs").iterdir()) == []


def test_a_figure_that_is_not_defined_is_left_out_of_all_and_refused_alone(
    tmp_path, capfd, monkeypatch
):
    def frame(material):
        raise NotDefined("no twin")

    given = {"3": catalogue.FIGURES["3"], "onset": catalogue.Figure("", frame, None)}
    monkeypatch.setattr(catalogue, "FIGURES", given)
    status, out, error = attempt("figures", [], capfd, tmp_path, tmp_path / "cache")
    assert (status, out) == (0, f"{tmp_path}/smoke/figures/figure3.png\n")
    assert error == "left out: onset: no twin\n"
    said = refused("figures", ["--figure=onset"], capfd, tmp_path, tmp_path / "cache")
    assert said == "error: onset: no twin\n"

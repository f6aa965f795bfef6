"""From a command to pictures on disk."""

import pandas as pd
import pytest

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
        assert set(written) == {f"figure{number}.{ending}" for ending in ("png", "pdf", "csv")}
        assert list((tmp_path / "smoke" / "runs").iterdir()) == []


def test_without_an_example_of_each_kind_the_figure_is_refused(tmp_path, capfd, monkeypatch):
    columns = ["data_seed", "seed", "case", "label", "run_id", "step_b"]
    monkeypatch.setattr(Material, "divergences", pd.DataFrame(columns=columns))
    said = refused("figures", ["--figure=4"], capfd, tmp_path, tmp_path / "cache")
    assert "figure4a: smoke, data seed 11: no run seed has a healthy" in said

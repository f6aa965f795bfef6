"""From a command to pictures on disk."""

import pandas as pd
import pytest

from experiments.errors import BadInput
from experiments.findings.figures.material import Material
from experiments.findings.report.testing import options
from scripts.figures import write_figures


@pytest.mark.parametrize("number", [2, 3])
def test_figures_without_runs_need_no_records(tmp_path, number):
    text, folder = write_figures(options(tmp_path), number), tmp_path / "smoke" / "figures"
    assert text == str(folder / f"figure{number}.png")
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(written) == {f"figure{number}.{ending}" for ending in ("png", "pdf", "csv")}
    assert list((tmp_path / "smoke" / "runs").iterdir()) == []
    write_figures(options(tmp_path), number)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == written


def test_without_an_example_of_each_kind_the_figure_is_refused_in_one_line(tmp_path, monkeypatch):
    columns = ["data_seed", "seed", "case", "label", "run_id", "step_b"]
    monkeypatch.setattr(Material, "divergences", pd.DataFrame(columns=columns))
    with pytest.raises(BadInput, match="figure4a: smoke, data seed 1: no run seed has a healthy"):
        write_figures(options(tmp_path), 4)

"""What a study leaves in its folder."""

from types import SimpleNamespace

import pytest

from experiments.findings import make
from experiments.findings.figures import testing
from experiments.findings.figures.study import MOST_CASES
from experiments.findings.testing import cell_runs, joined


@pytest.mark.parametrize("count", [MOST_CASES, MOST_CASES + 1])
def test_a_study_of_too_many_cases_has_no_figure_and_says_so(tmp_path, count):
    names = [f"case_{place}" for place in range(count)]
    runs = joined([cell_runs("own", case=name, seeds=1) for name in names])
    store = SimpleNamespace(read=lambda run_id: run_id, curves=lambda record: testing.curves(0.7))
    session = SimpleNamespace(folder=tmp_path, found=None, run_cases=lambda config: runs)
    session.study = SimpleNamespace(store=store)
    case = SimpleNamespace(against="")
    config = SimpleNamespace(cases=dict.fromkeys(names, case), title="Own", curvature=None)
    _, text = make.make_study(session, "own", config)
    drawn = count <= MOST_CASES
    assert (tmp_path / "figures" / "study_own.png").exists() == drawn
    assert ("No figure: no legend tells 41 cases apart." in text) == (not drawn)
    assert (tmp_path / "own.md").read_text() == text

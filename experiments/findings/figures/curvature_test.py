"""Curvature as a figure: whose runs are shown, and which steps."""

import pytest

from experiments.errors import NotDefined
from experiments.findings.figures import curvature, testing

GROUPS = ["undisturbed", "naive", "clippy"]


def test_the_run_seed_is_the_first_divergence_with_a_healthy_control():
    rows = curvature.frame(testing.material())
    assert set(rows["run_id"]) == {"curved-off-1", "curved-shocked-1", "curved-clippy-1"}
    assert set(rows["batch"]) == {"own", "probe"}
    made = testing.material()
    rows = made.curvature
    control = (rows["case"] == "undisturbed") & (rows["seed"] == 1)
    made.curvature = rows.assign(label=rows["label"].where(~control, "full"))
    assert set(curvature.frame(made)["seed"]) == {2}
    made.curvature = rows.assign(label="healthy")
    with pytest.raises(NotDefined, match="^smoke, data seed 7: no divergence with curvature: exp"):
        curvature.frame(made)


def test_a_run_is_shown_whole_and_around_b():
    drawing = curvature.drawing(curvature.frame(testing.material()))
    assert "Large+DCN at 0.4x, data seed 7, run seed 1, n = 1" in drawing.caption
    whole, near = drawing.panels[:2]
    assert (whole.marks, near.marks) == ({"b": 31}, {"b": 31, "c": 42})
    assert (whole.level, whole.shaded) == (2.0, (testing.SHOCK,))
    for line in near.lines:
        assert line.x.between(31 - 12, 31 + 24).all()
    assert [line.key.group for line in whole.lines] == [*GROUPS, "applied"]
    clippy, applied = (line.y.to_numpy() for line in whole.lines[2:])
    assert (applied < clippy).all()
    hit = whole.lines[1]
    assert hit.key.name == "naive, shocked"
    assert hit.y[hit.x >= 44].isna().all() and hit.y[hit.x < 40].notna().all()
    drawing = curvature.drawing(curvature.frame(testing.material()).query("case != 'clippy'"))
    assert [key.name for key in drawing.keys] == ["naive, undisturbed", "naive, shocked"]

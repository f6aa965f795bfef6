"""`make compare`: what differs, what came of the runs, their curves as text and picture."""

import pandas as pd
import pytest

from experiments.findings import comparison
from experiments.studies.testing import FULL, HEALTHY, leave
from scripts.compare import write_comparison
from scripts.testing import lines_of


def compared(results, given, **how):
    """Lines of the comparison; `how` is as for lines_of."""
    return lines_of(lambda console: write_comparison(given, str(results), console), **how)


def rows(lines, kind):
    """Dict from the second field of the lines of a kind to the others."""
    found = [line.split("\t") for line in lines if line.startswith(f"{kind}\t")]
    return {name: values for _, name, *values in found}


@pytest.fixture
def runs(tmp_path):
    """Ids of two made-up runs of different methods, rates and fates."""
    first = leave(tmp_path / "smoke", threshold=0.1, rate=0.4)
    second = leave(tmp_path / "smoke", method="clippy", rate=0.25, aucs=FULL)
    return first.run_id, second.run_id


def test_only_the_fields_that_differ_are_shown(tmp_path, runs):
    assert rows(compared(tmp_path, " ".join(runs)), "config") == {
        "learning_rate": ["0.4", "0.25"],
        "method.accumulate": ["clipped", "raw"],
        "method.name": ["gc", "clippy"],
        "method.rule": ["gc", "clippy"],
        "method.thresholds.abs_": ["-", "0.01"],
        "method.thresholds.lam": ["0.1", "-"],
        "method.thresholds.rel": ["-", "0.5"],
    }


def test_runs_are_called_by_model_method_and_rate_and_by_seeds_where_these_are_the_same(
    tmp_path, runs
):
    expected = ["Small, GC, rate 0.4", "Small, Clippy, rate 0.25"]
    assert rows(compared(tmp_path, " ".join(runs)), "run")["name"] == expected
    other = leave(tmp_path / "smoke", threshold=0.1, rate=0.4, seed=3)
    given = f"{runs[0]} {other.run_id}"
    expected = ["Small, GC, rate 0.4, seed 0", "Small, GC, rate 0.4, seed 3"]
    assert rows(compared(tmp_path, given), "run")["name"] == expected


def test_a_part_that_one_run_lacks():
    configs = [{"a": None, "b": {"c": 1, "d": [1, 2]}}, {"a": {"x": "y"}, "b": {"c": 1, "d": [1]}}]
    expected = {"a": ["null", "-"], "a.x": ["-", "y"], "b.d": ["[1, 2]", "[1]"]}
    assert comparison.differences(configs) == expected
    assert comparison.differences([configs[0]] * 2) == {}


def test_what_came_of_the_runs_with_curves_on_one_scale(tmp_path, runs):
    lines = compared(tmp_path, ",".join(runs))
    found = rows(lines, "result") | rows(lines, "curve")
    assert found["label"] == ["healthy", "full"]
    assert found["label step"] == ["-", "18"]
    assert found["click/auc"] == ["0.7500", "0.5000"]
    assert found["watch_time/rmse"] == ["1.2500", "1.2500"]
    assert found["AUC, 0.5 to 0.75"] == ["▄▇█", "▇▄▁"]
    assert found["loss, 1 to 3"] == ["█▃▁", "█▃▁"]


def test_a_run_without_a_binary_task_has_no_auc():
    curves = pd.DataFrame({"step": [6, 12], "loss": [2.0, 1.0], "rating/rmse": [1.0, 1.1]})
    assert list(comparison.sparklines([curves], 9).values()) == [["××"], ["█▁"]]
    assert comparison.frame([("a", "gc")], [curves])["auc"].isna().all()


def test_the_picture_and_its_points_have_the_same_name_each_time(tmp_path, runs):
    hashes = "-".join(run_id.split("-")[2] for run_id in runs)
    for _ in range(2):
        lines = compared(tmp_path, " ".join(runs))
        assert lines[-1] == str(tmp_path / "smoke" / "compare" / f"{hashes}.png")
    folder = tmp_path / "smoke" / "compare"
    names = {f"{hashes}.{ending}" for ending in ("png", "pdf", "csv", "txt")}
    assert {path.name for path in folder.iterdir()} == names
    points = pd.read_csv(folder / f"{hashes}.csv")
    assert points.groupby("run")["run_id"].first().to_dict() == dict(zip("AB", runs, strict=True))
    assert points["auc"].tolist() == [*HEALTHY, *FULL]
    assert points["step"].tolist() == [6, 12, 18] * 2


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_has_no_line_that_is_wider(tmp_path, runs, width):
    lines = compared(tmp_path, " ".join(runs), terminal=True, width=width)
    assert max(map(len, lines[:-1])) <= width  # the last is a path, to be copied
    assert lines[:2] == ["A  Small, GC, rate 0.4", f"   {runs[0]}"]
    assert any("▄▇█" in line and "▇▄▁" in line for line in lines)

"""Each figure, drawn from a few made-up records, looks as it did when somebody last looked at it.

`python -m experiments.findings.figures.figures_test` draws the pictures under baseline/ anew.
"""

from unittest import mock

import numpy as np
import pandas as pd
import pytest
from matplotlib.testing.compare import compare_images

from experiments.errors import BadInput
from experiments.findings import dynamics
from experiments.findings.figures import figure1, figure2, figure5, material, study, style, testing
from experiments.findings.figures.catalogue import FIGURES, stem
from experiments.findings.figures.material import Material
from experiments.findings.figures.testing import BASELINE, METHODS
from experiments.findings.testing import DETECTOR, DIVERGENCE
from experiments.machinery.records.telemetry_store import TelemetryStore
from experiments.machinery.workers.study import NotRecorded
from experiments.studies.registry import telemetry_config

BASELINE_DPI = 80
TOLERANCE = 2.0  # root mean square of the grey levels; a line in another colour makes 3 or more
NAMES = sorted(path.stem for path in BASELINE.glob("*.png"))


def pictures():
    """Every figure with a picture under baseline/; the last case of a study is like a formula."""
    found = {stem(name): FIGURES[name].draw(rows) for name, rows in testing.frames().items()}
    for name, count in (("study_few", 3), ("study_many", 7)):
        names = [f"warmup_days={place}" for place in range(count - 1)] + [f"rate=${count - 1}$"]
        found[name] = study.draw(testing.study_frame(names), "Warmup for $0")
    return found


def saved(figure, path):
    with style.sheet():
        figure.savefig(path, dpi=BASELINE_DPI, metadata={"Software": None})
    return str(path)


@pytest.fixture(scope="module")
def drawn():
    return pictures()


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_looks_as_it_did_and_nothing_is_cut_off(drawn, name, tmp_path):
    path = saved(drawn[name], tmp_path / f"{name}.png")
    difference = compare_images(str(BASELINE / f"{name}.png"), path, TOLERANCE)
    assert difference is None, difference
    assert set(drawn) == set(NAMES)
    with style.sheet():
        box, (width, height) = drawn[name].get_tightbbox(), drawn[name].get_size_inches()
    assert box.x0 >= -0.01 and box.x1 <= width + 0.01, box
    assert box.y0 >= -0.01 and box.y1 <= height + 0.01, box
    caption = drawn[name].get_supxlabel().replace("\n", " ")
    assert "n = " in caption and "interval" in caption


def test_an_added_method_and_model_have_a_name_and_a_colour_that_stay():
    models, methods = ["large_dcn", "own"], [*METHODS, "adam", "clippy_adam", "mine", "mine_too"]
    rows = figure5.frame(testing.material(models=models, methods=methods), model=models)
    assert FIGURES["5a"].draw(rows).axes[1].get_title() == "own, 1x"
    keys = {key.group: key for key in figure5.drawing(rows).keys}
    assert [keys[name].name for name in ("clippy_adam", "mine")] == ["Clippy on Adam", "mine"]
    assert len({key.colour for key in keys.values()}) == len(methods)
    alone = figure5.drawing(rows[rows["method"] == "mine_too"]).keys
    assert alone == [keys["mine_too"]]


def test_the_example_is_the_first_seed_with_all_three_kinds():
    found = figure1.choose(testing.divergences())
    assert found["run_id"].tolist() == ["undisturbed-2", "mild-2", "severe-2"]
    assert figure1.choose(testing.divergences().assign(label="full")) is None


@pytest.mark.parametrize("repeats, expected", [(2, 2), (None, 5)])
def test_the_repeats_of_figure_5_are_those_asked_for(repeats, expected):
    runs = pd.DataFrame({"role": ["search", "repeat"], "run_id": ["a", "b"]})
    asked = mock.Mock(**{"run_table2.return_value": (runs, {})})
    assert Material(None, lambda: asked, repeats).repeats["run_id"].tolist() == ["b"]
    assert asked.run_table2.call_args.args[0].repeats == expected


def test_a_study_that_is_not_whole_is_refused_in_a_line(monkeypatch):
    options = mock.Mock(profile="smoke", data_seed=3)
    reader = mock.Mock(**{"run_cases.side_effect": NotRecorded("2 runs are not recorded, as x")})
    monkeypatch.setattr(material, "recorded", lambda given: reader if given is options else None)
    said = "smoke, data seed 3: no study shocks: 2 runs are not recorded, as x: expected those of "
    with pytest.raises(BadInput, match=f"^{said}make reproduce-table3$"):
        Material(options, None, 4).recorded("shocks")
    assert reader.run_cases.call_args.args[0].runs == 4
    reader.run_table2.return_value = ("rows", {})
    assert Material(options, None).recorded("table2") == "rows"


def test_rows_of_divergences_come_from_curves_and_telemetry(tmp_path):
    trainer, found = {"window_days": 2, "steps_per_day": 5}, testing.telemetry()
    answers = {"read.return_value.config": {"trainer": trainer}}
    store = mock.Mock(root=tmp_path, **answers | {"curves.return_value": testing.curves(0.5)})
    (tmp_path / "runs").mkdir()
    about = {"config": telemetry_config(), "curves_sha256": None, "events": []}
    TelemetryStore(tmp_path).write("a-b-1", found, **about)
    runs = pd.DataFrame({"run_id": ["a-b-1", "a-b-2"], "case": "severe"}, index=[9, 4])
    rows = dynamics.measured_rows(runs, store, DIVERGENCE, DETECTOR)
    assert list(rows.columns) == ["run_id", "case", *dynamics.COLUMNS]
    told, untold = rows.to_dict("records")
    expected = dynamics.run_row(testing.curves(0.5), found, trainer, DIVERGENCE, DETECTOR)
    assert {name: told[name] for name in expected} == pytest.approx(expected)
    assert untold["days_at_chance"] > 0 and np.isnan(untold["step_b"])


def test_a_line_has_the_mean_of_its_runs_and_those_that_broke_off_are_at_chance():
    made = testing.material()
    made.found["small-naive-1.0-0"] = made.found["small-naive-1.0-0"].iloc[:20]
    rows = figure5.frame(made, model=["small"], method=["naive"])
    last = rows[(rows["rate_multiple"] == 1) & (rows["step"] == 60)].iloc[0]
    assert last["mean"] == pytest.approx((0.5 + 0.70 + 0.71) / 3)
    half = 4.302653 * np.std([0.5, 0.70, 0.71], ddof=1) / np.sqrt(3)
    assert last["high"] - last["mean"] == pytest.approx(half, rel=1e-5)
    assert (last["n"], len(rows)) == (3, 60)


def test_factors_are_smoothed_within_a_run_and_raw_beside():
    rows = testing.frames()["6"]
    place = rows[(rows["layer"] == "cross") & (rows["step"] == 20)].iloc[0]
    values = np.array([testing.telemetry(seed)["cross/sigma"] for seed in range(3)])
    assert place["raw"] == pytest.approx(values[:, 19].mean())
    smoothed = values[:, 15:20].mean(axis=1)
    expected = [smoothed.mean(), smoothed.min(), smoothed.max()]
    assert place[["mean", "low", "high"]].tolist() == pytest.approx(expected)


def test_the_boxes_are_the_layers_of_the_model():
    model = testing.model(depth=3, cross_layers=0, tasks=("click",), dense_kept=(0, 2))
    rows = figure2.frame(model, [testing.TASKS[0]], 3)
    hidden = ["hidden_0: 8 x 6, relu", "hidden_1: 6 x 6, relu", "hidden_2: 6 x 6, relu"]
    inputs = ["2 dense\nfeatures", "3 categorical features,\nembedded in 2", "concatenation: 8"]
    assert rows["text"].tolist() == [*inputs, *hidden, "click"]
    assert rows["level"].tolist() == [0, 0, 1, 2, 3, 4, 5]


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for each, figure in pictures().items():
        saved(figure, BASELINE / f"{each}.png")

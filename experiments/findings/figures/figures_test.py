"""Each figure, drawn from a few made-up records, looks as it did when somebody last looked at it.

`python -m experiments.findings.figures.figures_test` draws the pictures under baseline/ anew.
"""

from unittest import mock

import numpy as np
import pandas as pd
import pytest
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from PIL import Image

from experiments.errors import NotDefined
from experiments.findings import dynamics
from experiments.findings.figures import figure1, figure2, figure5, material, study, style, testing
from experiments.findings.figures.catalogue import FIGURES, stem
from experiments.findings.figures.drawing import draw
from experiments.findings.figures.material import Material
from experiments.findings.figures.testing import BASELINE, METHODS
from experiments.findings.seeds import remember, remembered
from experiments.machinery.workers.study import NotRecorded

BASELINE_DPI = 80
TOLERANCE = 2.0  # root mean square of the grey levels; a line in another colour makes 3 or more
NAMES = sorted(path.stem for path in BASELINE.glob("*.png"))


def pictures():
    """Every figure with a picture under baseline/; the last case of a study is like a formula."""
    found = {stem(name): FIGURES[name].draw(rows) for name, rows in testing.frames().items()}
    few = testing.study_frame(["warmup_days=0", "warmup_days=1", "rate=$2$"])
    found["study_few"] = draw(study.drawing(few))
    found["study_rates"] = draw(study.drawing(testing.study_frame(**by_rate())))
    return found


def by_rate():
    """Eighteen cases of five methods, Clippy twice, at three rates."""
    methods = [method for method in (*METHODS, "clippy") for _ in range(3)]
    names = [f"{method}_{rate}x" for method in METHODS for rate in (0.4, 1, 2)]
    names += [f"clippy_{rate}x_global" for rate in (0.4, 1, 2)]
    return {"names": names, "methods": methods, "rates": (0.4, 1.0, 2.0)}


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


@pytest.mark.parametrize("name", testing.frames())
def test_a_caption_says_how_many_runs_and_is_not_in_the_picture(drawn, name):
    caption = FIGURES[name].drawing(testing.frames()[name]).caption
    assert "n = " in caption and "interval" in caption
    texts = [text.get_text() for text in drawn[stem(name)].findobj(Text)]
    assert not [text for text in texts if "n = " in text]


def test_points_and_caption_stand_beside_the_picture(drawn, tmp_path):
    caption = " ".join(["word"] * 50)
    style.save(drawn["figure1"], testing.frames()["1"], caption, tmp_path, "one")
    written = {path.suffix: path for path in tmp_path.iterdir()}
    assert sorted(written) == [".csv", ".pdf", ".png", ".txt"]
    lines = written[".txt"].read_text().splitlines()
    assert " ".join(lines) == caption and max(map(len, lines)) <= 100


def test_a_saved_picture_is_that_of_the_screen_in_few_colours(drawn, tmp_path):
    style.save(drawn["figure5b"], testing.frames()["5b"], "n = 1", tmp_path, "few")
    with Image.open(tmp_path / "few.png") as few:
        assert few.mode == "P" and round(few.info["dpi"][0]) == style.DPI
    whole = tmp_path / "whole.png"
    with style.sheet():
        drawn["figure5b"].savefig(whole)
    assert compare_images(str(whole), str(tmp_path / "few.png"), TOLERANCE) is None
    assert (tmp_path / "few.png").stat().st_size < whole.stat().st_size / 2


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


def test_the_study_of_divergences_is_made_without_seeds(tmp_path, monkeypatch):
    remember(tmp_path, ["divergences", "table2"], 3)
    monkeypatch.setattr(material, "write_study", lambda *_: "")
    monkeypatch.setattr(dynamics, "measured_rows", lambda *_: "rows")
    found = Material(mock.Mock(data_seed=3), lambda: mock.Mock(folder=tmp_path))
    assert found.divergences == "rows"
    assert remembered(tmp_path) == {"table2": 3}


def test_a_study_that_is_not_whole_is_refused_in_a_line(monkeypatch):
    options = mock.Mock(profile="smoke", data_seed=3)
    reader = mock.Mock(**{"run_cases.side_effect": NotRecorded("2 runs are not recorded, as x")})
    monkeypatch.setattr(material, "recorded", lambda given: reader if given is options else None)
    said = "smoke, data seed 3: no study shocks: 2 runs are not recorded, as x: expected those of "
    with pytest.raises(NotDefined, match=f"^{said}make reproduce-table3$"):
        Material(options, None, 4).recorded("shocks")
    assert reader.run_cases.call_args.args[0].runs == 4
    reader.run_table2.return_value = ("rows", {})
    assert Material(options, None).recorded("table2") == "rows"


def test_a_line_has_the_mean_of_its_runs_and_those_that_broke_off_are_at_chance():
    made = testing.material()
    made.found["small-naive-1.0-0"] = made.found["small-naive-1.0-0"].iloc[:20]
    rows = figure5.frame(made, model=["small"], method=["naive"])
    last = rows[(rows["rate_multiple"] == 1) & (rows["step"] == 60)].iloc[0]
    assert last["mean"] == pytest.approx((0.5 + 0.70 + 0.71) / 3)
    half = 4.302653 * np.std([0.5, 0.70, 0.71], ddof=1) / np.sqrt(3)
    assert last["high"] - last["mean"] == pytest.approx(half, rel=1e-5)
    assert (last["n"], len(rows)) == (3, 60)


def test_the_axis_is_broken_where_a_line_ends_at_chance():
    rows = testing.frames()["5a"]
    drawn = figure5.drawing(rows)
    assert [panel.title for panel in drawn.panels] == ["Large+DCN, 1x", "Large+DCN, 2x"] * 2
    (at, high), (low, same) = (drawn.panels[place].limits for place in (0, 2))
    assert at == same
    assert [panel.continues for panel in drawn.panels] == [False, False, True, True]
    # The lowest of the lines that learn, in the second half of the steps: naive at 1x at step 30.
    assert at == pytest.approx(0.7 - 0.01)
    assert low < 0.5 and high > rows["high"].max()
    assert "Full divergences: Naive on Large+DCN at 2x 3/3. " in drawn.caption
    alive = figure5.drawing(rows[rows["method"] != "naive"])
    assert (len(alive.panels), alive.panels[0].limits) == (2, None)
    assert "Full divergences: none. " in alive.caption and "broken" not in alive.caption
    assert not any(panel.continues for panel in figure5.drawing(testing.frames()["5b"]).panels)


def test_the_steps_around_b_are_shown_once_more():
    rows = testing.frames()["4b"]
    whole, close, *_ = FIGURES["4b"].drawing(rows).panels
    assert (list(whole.marks), list(close.marks)) == (["b"], ["a", "b", "c"])
    ends = [tuple(panel.lines[0].x.iloc[[0, -1]]) for panel in (whole, close)]
    assert ends == [(1, 60), (11, 51)]
    assert whole.shaded == close.shaded == (testing.SHOCK,)
    late = rows.assign(shocked="2-5 8-12 50-55")
    assert FIGURES["4b"].drawing(late).panels[1].shaded == ((11, 12), (50, 51))


def test_the_lift_before_b_stands_beside_that_of_the_control():
    for name in ("1", "4a"):
        drawn = FIGURES[name].drawing(testing.frames()[name])
        ((step, auc, text),) = [note for panel in drawn.panels for note in panel.notes]
        assert (step, auc, text) == (30, pytest.approx(0.7), "lift 0.20")
        said = "step 30, the last evaluation before b = 31: 0.200, and 0.200 undisturbed; "
        assert f"{said}at the end 0.000 and 0.250." in drawn.caption


def test_a_method_has_its_colour_and_its_lines_are_told_apart():
    looks = style.looks(["naive", "clippy", "naive", "mine"])
    assert [looks[0], looks[1]] == [(style.METHODS[name], "-") for name in ("naive", "clippy")]
    assert looks[2][0] == "#BBBBBB" and looks[2][1] != "-"  # from #555555 six tenths to white
    assert looks[3] == (style.method_colour("mine"), "-")
    alone = style.looks(["naive"] * 8)
    assert len({colour for colour, _ in alone}) == 8
    assert not {colour.upper() for colour, _ in alone} & set(style.METHODS.values())
    assert style.looks(["gc"]) == [(style.METHODS["gc"], "-")]


def test_a_study_at_several_rates_has_a_panel_a_rate_and_one_of_the_ends():
    rows = testing.study_frame(**by_rate())
    drawn = study.drawing(rows, "Title")
    assert [panel.title for panel in drawn.panels] == ["0.4x", "1x", "2x", "at the end"]
    names = {key.group: key.colour for key in drawn.keys}
    assert list(names) == [*METHODS, "clippy_global"]
    assert [names[name] for name in METHODS] == [style.METHODS[name] for name in METHODS]
    assert drawn.keys[0].name == "naive (1/6)"
    last = drawn.panels[-1]
    assert (last.ticks, list(last.lines[1].x)) == ((0.4, 1.0, 2.0), [0.4, 1.0, 2.0])
    ends = rows[rows["step"] == 60].set_index("case")["mean"]
    assert list(last.lines[1].y) == [ends[f"gc_{rate}x"] for rate in (0.4, 1, 2)]
    assert drawn.caption.startswith("Title. Data seed 7: mean of n = 2 runs a case; its interval")


@pytest.mark.parametrize(
    "names, expected",
    [
        (["rate_multiple=0.1", "rate_multiple=0.3"], ["GC"]),
        (["method=gc, rate_multiple=1e-05", "method=gc, rate_multiple=2"], ["method=gc"]),
        (["rate_multiple=1, batch_size=5", "rate_multiple=2, batch_size=5"], ["batch_size=5"]),
        (["gc_0.4x_all_days", "gc_2x_all_days"], ["gc_all_days"]),
        (["a", "b"], ["a", "b"]),
        (["a_1x", "a_2x", "a_3x"], ["a_1x", "a_2x", "a_3x"]),  # two of them are at the same rate
    ],
)
def test_what_differs_in_its_rate_alone_is_one_line(names, expected):
    drawn = study.drawing(testing.study_frame(names, rates=(1.0, 2.0)))
    assert [key.group for key in drawn.keys] == expected


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

"""Interactive figures: valid for plotly, and of the points and colours of print."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from experiments.errors import BadInput
from experiments.findings.figures import style, testing
from experiments.findings.figures.catalogue import stem
from experiments.findings.figures.drawing import Key, Line
from experiments.findings.report import figures, plots
from experiments.findings.report.material import Run
from experiments.findings.report.testing import material


@pytest.fixture(scope="module")
def made():
    """(points, Interactive) of each figure by its stem."""
    frames = {stem(name): frame for name, frame in testing.frames().items()}
    frames["study_mine"] = testing.study_frame(["<b>%{x}", *"bcdefg"])
    shown = figures.interactive(material(figures=frames, texts={"mine": "## Mine\n"}))
    return {figure.stem: (frames[figure.stem], figure) for figure in shown}


def lines(figure, group):
    traces = figure.spec["data"]
    return [line for line in traces if line["meta"] == group and line.get("hovertemplate")]


def test_plotly_takes_every_figure_at_both_widths(made):
    assert all("n = " in figure.caption for _, figure in made.values())
    drawn = {stem: figure for stem, (_, figure) in made.items() if figure.spec}
    assert made.keys() - drawn.keys() == {"figure2"} and len(drawn) == 13
    for name, figure in drawn.items():
        for width in ("wide", "narrow"):
            go.Figure(figure.spec["data"], figure.spec[width])  # raises on what it does not know
        groups = {key["group"] for key in figure.spec["legend"]}
        assert groups <= {trace["meta"] for trace in figure.spec["data"]}, name


def test_a_line_has_every_point_and_the_methods_colour(made):
    frame, figure = made["figure5a"]
    rows = frame[(frame["method"] == "lamb") & (frame["rate_multiple"] == 2.0)]
    one, two, *_ = lines(figure, "lamb")
    assert (one["xaxis"], two["xaxis"], two["x"]) == ("x", "x2", list(rows["step"]))
    np.testing.assert_allclose(two["y"], rows["mean"], rtol=1e-5)
    assert two["line"]["color"] == style.METHODS["lamb"]
    assert "mean of 3 runs" in two["hovertemplate"]


def test_marks_dashes_and_ticks_are_those_of_print(made):
    layout = made["figure4a"][1].spec["wide"]
    marks = [shape["x0"] for shape in layout["shapes"] if shape["x0"] == shape["x1"]]
    assert marks == [31, 30, 31, 42] * 2
    notes = [note["text"] for note in layout["annotations"]]
    of_panels = [["whole run", "b"], ["40 steps around b", "a", "b", "c"]]
    assert notes == [*sum(of_panels, []), *of_panels[0], of_panels[1][0], "lift 0.20", *"abc"]
    figure6 = made["figure6"][1].spec
    dashes = {key["group"]: key["dash"] for key in figure6["legend"]}
    assert (dashes["cross"], dashes["bottom_hidden"]) == ("solid", "8px,2px")
    assert figure6["wide"]["yaxis"]["dtick"] == "D2"  # a narrow range on a log axis
    assert "dtick" not in made["figure4b"][1].spec["wide"]["yaxis"]


def test_what_is_shaded_and_the_ends_of_an_axis_are_those_of_print(made):
    rows, figure = made["labels"]
    layout = figure.spec["wide"]
    bands = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    assert {(band["x0"], band["x1"], band["layer"]) for band in bands} == {(31, 35, "below")}
    assert len(bands) == rows.loc[rows["shocked"] != "", "run_id"].nunique() > 15
    assert layout["yaxis"]["range"] == layout["yaxis20"]["range"] == pytest.approx([0.45, 0.8])
    assert layout["annotations"][-1]["text"].endswith(" 2x<br>full at 46")
    losses = [line for line in figure.spec["data"] if line["meta"] == "loss"]
    assert {line["hoverinfo"] for line in losses} == {"skip"}  # it has no axis to be read on
    assert not lines(figure, "loss") and len(lines(figure, "auc")) == 20


def test_single_runs_are_thin_lines_with_their_seed():
    runs = {"r<1>": testing.curves(0.8), "other": testing.curves(0.9)}
    table = {"model": "small", "method": ["gc", "agc", "gc"], "rate_multiple": 2.0}
    table |= {"role": "repeat", "seed": [4, 5, 6], "run_id": ["r<1>", "other", "gone"]}
    fields = {"runs": {name: Run(None, curves, {}) for name, curves in runs.items()}}
    fields |= {"tables": {"table2_runs": pd.DataFrame(table)}}
    fields |= {"figures": {"figure5b": testing.frames()["5b"]}}
    (figure,) = figures.interactive(material(**fields))
    (thin,) = (line for line in figure.spec["data"] if line.get("line", {}).get("width") == 0.7)
    assert (thin["xaxis"], thin["y"][-1]) == ("x3", 0.8)  # small at 2x, below small at 1x
    assert "seed 4, r&lt;1&gt;" in thin["hovertemplate"]
    assert figure.caption.endswith("Thin lines: the single runs.")


def test_an_axis_that_is_broken_in_print_is_whole_on_the_page():
    (figure,) = figures.interactive(material(figures={"figure5a": testing.frames()["5a"]}))
    axes = [figure.spec["wide"][name] for name in figure.spec["wide"] if name.startswith("yaxis")]
    assert len(axes) == 2 and not any("range" in axis for axis in axes)
    assert "broken" not in figure.caption


def test_a_study_has_one_line_a_case_whatever_it_is_called(made):
    figure = made["study_mine"][1]
    assert figure.heading == "Study mine: Mine"
    assert [key["name"] for key in figure.spec["legend"]][:2] == ["<b>%{x} (0/2)", "b (1/2)"]
    assert len({(key["colour"], key["dash"]) for key in figure.spec["legend"]}) == 7
    (line,) = lines(figure, "<b>%{x}")
    assert line["hovertemplate"].startswith("&lt;b&gt;%&#123;x}, mean of 2 runs")


def test_rates_are_named_on_a_log_axis():
    rows = testing.study_frame(["a_0.4x", "a_2x"], rates=(0.4, 2.0))
    (figure,) = figures.interactive(material(figures={"study_mine": rows}))
    axis = figure.spec["narrow"]["xaxis3"]
    assert (axis["type"], axis["tickvals"], axis["ticktext"]) == ("log", [0.4, 2.0], ["0.4", "2"])
    assert figure.of_study


def test_a_file_without_a_column_is_named():
    with pytest.raises(BadInput, match="figures/figure1.csv: no column 'kind': expected"):
        figures.interactive(material(figures={"figure1": pd.DataFrame({"step": [1]})}))


def test_a_band_leaves_out_what_is_unknown():
    key, low, high = Key("g", "g", "#000000"), [0.1, np.nan, 0.3], [0.2, 0.4, 0.6]
    line = Line(key, [1, 2, 3], [0, 0, 0], "", low, high)
    found = plots.band(line)
    assert set(zip(found["x"], found["y"], strict=True)) == {(1, 0.1), (3, 0.3), (3, 0.6), (1, 0.2)}


def test_a_number_keeps_six_digits_and_what_is_not_finite_is_null():
    values = [0.123456789, 1234567.0, -2.0, 1e-9, np.float64(0), None, np.nan, np.inf, -np.inf]
    found = plots.shorts(values)
    assert found == [0.123457, 1234570, -2, 1e-9, 0, None, None, None, None]
    assert json.dumps(found[:5]) == "[0.123457, 1234570, -2, 1e-09, 0]"  # whole numbers are short

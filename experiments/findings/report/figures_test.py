"""Interactive figures: valid for plotly, and of the points and colours of print."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from experiments.findings.figures import figure1, figure4, figure5, figure6, style
from experiments.findings.figures import figures_test as made_up
from experiments.findings.report import figures, plots, study_curves
from experiments.findings.report.plots import Key, Panel


class Nothing:
    """Material without runs."""

    tables, runs = {}, {}


def frames():
    runs, found = made_up.table2()
    ends = {"undisturbed": (0.75, 1), "mild": (0.72, 4), "severe": (0.5, 400)}
    three = {f"{case}-2": made_up.curves(*how) for case, how in ends.items()}
    telemetry = {str(seed): made_up.telemetry(seed) for seed in range(3)}
    methods = ["naive", "gc", "agc", "lamb", "clippy"]
    return {
        "1": figure1.frame(figure1.choose(made_up.divergences()), three),
        "3": figures.figure3.frame(),
        "4a": figure4.moments_frame(made_up.RUN, made_up.curves(0.5, 9), made_up.telemetry(), 12),
        "4b": figure4.layer_frame(made_up.RUN, made_up.telemetry(), 12, "top_hidden"),
        "5a": figure5.frame(runs, found, ["large_dcn"], methods),
        "5b": figure5.frame(runs, found, ["small", "large_dcn"], ["gc", "clippy"]),
        "6": figure6.frame(made_up.clippy_runs(), telemetry, 5),
    }


@pytest.fixture(scope="module")
def made():
    return {
        name: (frame, *figures.MAKERS[name][1](frame, Nothing)) for name, frame in frames().items()
    }


def test_plotly_takes_every_figure_at_both_widths(made):
    for name, (_, caption, spec) in made.items():
        for width in ("wide", "narrow"):
            go.Figure(data=spec["data"], layout=spec[width])  # raises on what it does not know
        groups = {key["group"] for key in spec["legend"]}
        assert groups <= {trace["meta"] for trace in spec["data"]}, name
        assert "n = " in caption


def test_the_columns_that_are_asked_for_are_those_of_the_files(made):
    for name, (frame, _, _) in made.items():
        assert set(figures.COLUMNS[name]) <= set(frame.columns), name
    assert set(figures.COLUMNS) == set(figures.MAKERS)


def lines(spec, group):
    return [trace for trace in spec["data"] if trace["meta"] == group and trace.get("line")]


def test_a_line_has_every_point_and_the_methods_colour(made):
    frame, _, spec = made["5a"]
    rows = frame[(frame["method"] == "lamb") & (frame["rate_multiple"] == 2.0)]
    one, two = lines(spec, "lamb")
    assert (one["xaxis"], two["xaxis"]) == ("x", "x2")
    np.testing.assert_allclose(two["y"], rows["mean"], rtol=1e-5)
    assert two["x"] == list(rows["step"])
    assert two["line"]["color"] == style.METHODS["lamb"]
    assert "mean of 3 runs" in two["hovertemplate"]


def test_moments_stand_where_they_are(made):
    _, _, spec = made["4a"]
    marks = [shape["x0"] for shape in spec["wide"]["shapes"] if shape["x0"] == shape["x1"]]
    assert marks == [30, 31, 42] * 2
    letters = [note["text"] for note in spec["wide"]["annotations"]]
    assert letters == ["a", "b", "c"] * 2


def test_dashes_of_layers_are_those_of_print(made):
    _, _, spec = made["6"]
    dashes = {key["group"]: key["dash"] for key in spec["legend"]}
    assert dashes["cross"] == "solid"
    assert dashes["bottom_hidden"] == "8px,2px"


def test_single_runs_are_thin_lines_with_their_seed(made):
    frame = made["5b"][0]

    class Run:
        def __init__(self, curves):
            self.curves = curves

    class Material:
        runs = {"r<1>": Run(made_up.curves(0.8, 1)), "other": Run(made_up.curves(0.9, 1))}
        tables = {
            "table2_runs": pd.DataFrame(
                {"model": "small", "method": ["gc", "agc", "gc"]}
                | {"rate_multiple": 2.0, "role": "repeat", "seed": [4, 5, 6]}
                | {"run_id": ["r<1>", "other", "gone"]}
            )
        }

    _, spec = figures.MAKERS["5b"][1](frame, Material)
    thin = [trace for trace in spec["data"] if trace.get("line", {}).get("width") == 0.7]
    assert [trace["xaxis"] for trace in thin] == ["x3"]  # small at 2x, below small at 1x
    assert thin[0]["y"][-1] == 0.8
    assert "seed 4, r&lt;1&gt;" in thin[0]["hovertemplate"]


def test_panels_do_not_overlap():
    key = Key("g", "g", "#000000")
    panels = [Panel(str(at), "x", "y", [plots.line(key, [1], [at], "")]) for at in range(5)]
    for columns in (1, 2, 3):
        layout = plots.layout(panels, columns)
        boxes = [
            (*layout[f"xaxis{at}"]["domain"], *layout[f"yaxis{at}"]["domain"])
            for at in ("", "2", "3", "4", "5")
        ]
        for at, (left, right, low, high) in enumerate(boxes):
            assert 0 <= left < right <= 1 and 0 <= low < high <= 1
            for other in boxes[at + 1 :]:
                beside = right < other[0] or other[1] < left
                assert beside or low > other[3], (columns, at)


def test_a_band_leaves_out_what_is_unknown():
    found = plots.band(Key("g", "g", "#000000"), [1, 2, 3], [0.1, np.nan, 0.3], [0.2, 0.4, 0.6])
    assert found["x"] == [1, 3, 3, 1]
    assert found["y"] == [0.1, 0.3, 0.6, 0.2]


def test_a_narrow_range_on_a_log_axis_has_few_labels(made):
    assert made["6"][2]["wide"]["yaxis"]["dtick"] == "D2"
    assert "dtick" not in made["4b"][2]["wide"]["yaxis"]


def test_a_study_has_one_line_a_case_whatever_it_is_called():
    rows = pd.DataFrame({"step": [6, 12], "mean": [0.6, 0.7], "low": [0.5, 0.6], "high": 0.8})
    names = ["<b>%{x}", *"bcdefg"]
    rows = pd.concat(
        rows.assign(data_seed=1, case=name, diverged=at, n=7) for at, name in enumerate(names)
    )

    class Material:
        figures, texts = {"study_mine": rows, "figure9": rows}, {"mine": "## Mine\n"}

    ((stem, heading, _, spec),) = study_curves.curves_of_studies(Material)
    assert (stem, heading) == ("study_mine", "Study mine: Mine")
    go.Figure(data=spec["data"], layout=spec["wide"])
    assert [key["name"] for key in spec["legend"]][:2] == ["<b>%{x} (0/7)", "b (1/7)"]
    assert len({(key["colour"], key["dash"]) for key in spec["legend"]}) == 7
    hover = lines(spec, "<b>%{x}")[0]["hovertemplate"]
    assert hover.startswith("&lt;b&gt;%&#123;x}, mean of 7 runs")

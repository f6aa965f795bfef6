"""Each figure, drawn from a few made-up records, looks as it did when somebody last looked at it.

`python -m experiments.findings.figures.figures_test` draws the pictures under baseline/ anew; look
at them before they are committed.
"""

import pathlib

import numpy as np
import pandas as pd
import pytest
from matplotlib.testing.compare import compare_images

from experiments.findings import dynamics
from experiments.findings.figures import (
    figure1,
    figure2,
    figure3,
    figure4,
    figure5,
    figure6,
    study,
    style,
)
from models.config import ModelConfig
from models.ranking import RankingModel

BASELINE = pathlib.Path(__file__).parent / "baseline"
BASELINE_DPI = 80
TOLERANCE = 2.0  # root mean square of the grey levels; a line in another colour makes 3 or more
STEPS = np.arange(1, 61)
RUN = pd.Series(
    {"data_seed": 7, "seed": 2, "run_id": "severe-2", "step_a": 30, "step_b": 31, "step_c": 42}
)
TASKS = (("click", "binary"), ("watch_time", "regression"), ("share", "binary"))


def curves(end, jump):
    """Thirty evaluations: AUC to 0.7, then to `end`; the loss times `jump` after step 30."""
    step = STEPS[1::2]
    auc = np.where(step <= 30, 0.5 + 0.2 * step / 30, 0.7 + (end - 0.7) * (step - 30) / 30)
    return pd.DataFrame(
        {"step": step, "loss": np.where(step > 30, 3.0 * jump, 3.0), "click/auc": auc}
    )


def telemetry(seed=0):
    wave = np.exp(0.3 * np.sin(STEPS * (1 + seed))) * np.where(STEPS == 31, 100, 1)
    rows = {"step": STEPS, "loss": 3 * wave}
    for place, layer in enumerate(dynamics.LAYERS):
        for column, size in {
            "grad_norm": 1,
            "grad_over_weight": 0.1,
            "update_over_weight": 30,
        }.items():
            rows[f"{layer}/{column}"] = size * wave * (place + 1)
        for column, size in {"sigma_gc": 0.5, "sigma_agc": 0.2, "sigma_clippy_eq4": 1e-3}.items():
            rows[f"{layer}/{column}"] = size / wave
        rows[f"{layer}/sigma"] = np.minimum(1, 0.02 * 3.0**place / wave)
    return pd.DataFrame(rows)


def divergences():
    """The study's runs: run seed 2 is the first with all three kinds."""
    labels = {"undisturbed": ["healthy"] * 4, "severe": ["full", "full", "full", "full"]}
    labels |= {"mild": ["healthy", "micro", "micro", "micro"]}
    return pd.DataFrame(
        {
            "data_seed": 7,
            "seed": seed,
            "case": case,
            "label": label,
            "run_id": f"{case}-{seed}",
            "step_a": 30.0,
            "step_b": np.nan if seed == 1 else 31.0,
            "step_c": 42.0,
        }
        for case, column in labels.items()
        for seed, label in enumerate(column)
    )


def table2():
    rows, found = [], {}
    for model in ("small", "large_dcn"):
        for place, method in enumerate(("naive", "gc", "agc", "lamb", "clippy")):
            for rate in (1.0, 2.0):
                for seed in range(3):
                    run_id = f"{model}-{method}-{rate}-{seed}"
                    rows.append((7, model, method, rate, run_id))
                    found[run_id] = curves(0.7 + 0.02 * place - 0.01 * rate + 0.01 * seed, 1)
    names = ["data_seed", "model", "method", "rate_multiple", "run_id"]
    return pd.DataFrame(rows, columns=names), found


def _figure1():
    ends = {"undisturbed": (0.75, 1), "mild": (0.72, 4), "severe": (0.5, 400)}
    runs = {f"{case}-2": curves(*how) for case, how in ends.items()}
    return figure1.draw(figure1.frame(figure1.choose(divergences()), runs))


def _figure2():
    config = ModelConfig(
        name="tiny", paper_width=6, depth=2, paper_cross_layers=1, width_divisor=1, cross_divisor=1,
        embedding_width=2,
    )  # fmt: skip
    sizes = {"dense_features": 4, "categorical_features": 3, "vocabulary_size": 5}
    model = RankingModel(config, TASKS, **sizes, seed=0)
    return figure2.draw(figure2.frame(model, TASKS, 3), {"tiny": "Tiny"})


def _figure5a():
    runs, found = table2()
    methods = ["naive", "gc", "agc", "lamb", "clippy"]
    return figure5.draw_methods(figure5.frame(runs, found, ["large_dcn"], methods))


def _figure5b():
    runs, found = table2()
    return figure5.draw_models(figure5.frame(runs, found, ["small", "large_dcn"], ["gc", "clippy"]))


def clippy_runs():
    return pd.DataFrame({"data_seed": 7, "rate_multiple": 2.0, "run_id": ["0", "1", "2"]})


def _figure6():
    return figure6.draw(
        figure6.frame(clippy_runs(), {str(seed): telemetry(seed) for seed in range(3)}, 5)
    )


def _study(count):
    """The cases of a study; the last has a name that would be a formula."""
    rows, found = [], {}
    for place in range(count):
        case = f"rate=${place}$" if place == count - 1 else f"warmup_days={place}"
        for seed in range(2):
            run_id = f"{place}-{seed}"
            rows.append((7, case, "full" if place == 1 and seed else "healthy", run_id))
            found[run_id] = curves(0.6 + 0.02 * place + 0.01 * seed, 1)
    runs = pd.DataFrame(rows, columns=["data_seed", "case", "label", "run_id"])
    return study.draw(study.frame(runs, found), "Warmup for $0")


DRAWN = {
    "figure1": _figure1,
    "figure2": _figure2,
    "figure3": lambda: figure3.draw(figure3.frame()),
    "figure4a": lambda: figure4.draw_moments(
        figure4.moments_frame(RUN, curves(0.5, 9), telemetry(), 12)
    ),
    "figure4b": lambda: figure4.draw_layer(figure4.layer_frame(RUN, telemetry(), 12, "top_hidden")),
    "figure5a": _figure5a,
    "figure5b": _figure5b,
    "figure6": _figure6,
    "study_few": lambda: _study(3),
    "study_many": lambda: _study(7),
}


def picture(name, folder):
    path = folder / f"{name}.png"
    with style.sheet():
        DRAWN[name]().savefig(path, dpi=BASELINE_DPI, metadata={"Software": None})
    return str(path)


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_looks_as_it_did(name, tmp_path):
    expected = BASELINE / f"{name}.png"
    difference = compare_images(str(expected), picture(name, tmp_path), TOLERANCE)
    assert difference is None, difference


def test_another_colour_is_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(style.METHODS, "clippy", "#0000FF")
    for name in ("figure4b", "figure5a"):
        expected = str(BASELINE / f"{name}.png")
        assert compare_images(expected, picture(name, tmp_path), TOLERANCE) is not None


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_is_cut_off(name):
    with style.sheet():
        figure = DRAWN[name]()
        figure.canvas.draw()
        drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 >= -0.01 and drawn.x1 <= width + 0.01, drawn
    assert drawn.y0 >= -0.01 and drawn.y1 <= height + 0.01, drawn


def test_captions_say_how_many_and_which_interval():
    for name, draw in DRAWN.items():
        text = draw()._supxlabel.get_text().replace("\n", " ")
        assert "n = " in text, name
        assert "interval" in text, name


def test_the_example_is_the_first_seed_with_all_three_kinds():
    found = figure1.choose(divergences())
    assert (found.data_seed, found.seed) == (7, 2)
    assert [run["run_id"] for run in found.runs.values()] == ["undisturbed-2", "mild-2", "severe-2"]
    assert figure1.choose(divergences().assign(label="full")) is None


def test_a_line_has_the_mean_of_its_runs_and_those_that_broke_off_are_at_chance():
    runs, found = table2()
    mine = runs[(runs["method"] == "naive") & (runs["model"] == "small")]
    found["small-naive-1.0-0"] = found["small-naive-1.0-0"].iloc[:20]
    rows = figure5.frame(mine, found, ["small"], ["naive"])
    last = rows[(rows["rate_multiple"] == 1) & (rows["step"] == 60)].iloc[0]
    assert last["mean"] == pytest.approx((0.5 + 0.70 + 0.71) / 3)
    half = 4.302653 * np.std([0.5, 0.70, 0.71], ddof=1) / np.sqrt(3)
    assert last["high"] - last["mean"] == pytest.approx(half, rel=1e-5)
    assert (last["n"], len(rows)) == (3, 60)


def test_factors_are_smoothed_within_a_run_and_raw_beside():
    parts = {str(seed): telemetry(seed) for seed in range(3)}
    rows = figure6.frame(clippy_runs(), parts, 5)
    place = rows[(rows["layer"] == "cross") & (rows["step"] == 20)].iloc[0]
    values = np.array([part["cross/sigma"].to_numpy() for part in parts.values()])
    assert place["raw"] == pytest.approx(values[:, 19].mean())
    smoothed = values[:, 15:20].mean(axis=1)
    assert place[["mean", "low", "high"]].tolist() == pytest.approx(
        [smoothed.mean(), smoothed.min(), smoothed.max()]
    )


def test_the_boxes_are_the_layers_of_the_model():
    config = ModelConfig(
        name="plain", paper_width=6, depth=3, paper_cross_layers=0, width_divisor=1,
        cross_divisor=1, embedding_width=2, tasks=("click",), dense_kept=(0, 2),
    )  # fmt: skip
    sizes = {"dense_features": 4, "categorical_features": 3, "vocabulary_size": 5}
    model = RankingModel(config, TASKS, **sizes, seed=0)
    rows = figure2.frame(model, [TASKS[0]], 3)
    assert rows["text"].tolist() == [
        "2 dense\nfeatures",
        "3 categorical features,\nembedded in 2",
        "concatenation: 8",
        "hidden_0: 8 x 6, relu",
        "hidden_1: 6 x 6, relu",
        "hidden_2: 6 x 6, relu",
        "click",
    ]
    assert rows["level"].tolist() == [0, 0, 1, 2, 3, 4, 5]


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for each in DRAWN:
        picture(each, BASELINE)

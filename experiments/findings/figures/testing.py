"""Made-up records of every figure, for the tests of figures and of the report."""

import itertools
import pathlib
import types

import numpy as np
import pandas as pd

from experiments.findings.dynamics import LAYERS
from experiments.findings.figures import figure1, figure2, study
from experiments.findings.figures.catalogue import FIGURES
from models.config import ModelConfig
from models.ranking import RankingModel

BASELINE = pathlib.Path(__file__).parent / "baseline"  # what the figures of `frames` look like
STEPS = np.arange(1, 61)
METHODS = ["naive", "gc", "agc", "lamb", "clippy"]
TASKS = (("click", "binary"), ("watch_time", "regression"), ("share", "binary"))


def curves(end, jump=1):
    """Thirty evaluations: AUC to 0.7, then to `end`; the loss times `jump` after step 30."""
    step = STEPS[1::2]
    auc = np.where(step <= 30, 0.5 + 0.2 * step / 30, 0.7 + (end - 0.7) * (step - 30) / 30)
    loss = np.where(step > 30, 3.0 * jump, 3.0)
    return pd.DataFrame({"step": step, "loss": loss, "click/auc": auc})


def telemetry(seed=0):
    """Sixty steps of all layers; at step 31 everything jumps."""
    wave = np.exp(0.3 * np.sin(STEPS * (1 + seed))) * np.where(STEPS == 31, 100, 1)
    rows = {"step": STEPS, "loss": 3 * wave}
    measures = {"grad_norm": 1, "grad_over_weight": 0.1, "update_over_weight": 30}
    factors = {"sigma_gc": 0.5, "sigma_agc": 0.2, "sigma_clippy": 1e-2, "sigma_clippy_eq4": 1e-3}
    for place, layer in enumerate(LAYERS):
        rows |= {f"{layer}/{name}": size * wave * (place + 1) for name, size in measures.items()}
        rows |= {f"{layer}/{name}": size / wave for name, size in factors.items()}
        rows[f"{layer}/sigma"] = np.minimum(1, 0.02 * 3.0**place / wave)
    return pd.DataFrame(rows)


def divergences():
    """The study's runs: run seed 2 is the first with all three kinds."""
    labels = {"undisturbed": ["healthy"] * 4, "severe": ["full"] * 4}
    labels |= {"mild": ["healthy", "micro", "micro", "micro"], "clippy": ["healthy"] * 3}
    rows = [(case, *pair) for case, column in labels.items() for pair in enumerate(column)]
    runs = pd.DataFrame(rows, columns=["case", "seed", "label"])
    steps = {"step_a": 30.0, "step_b": np.where(runs["seed"] == 1, np.nan, 31.0), "step_c": 42.0}
    about = {"data_seed": 7, "rate_multiple": 2.0}
    return runs.assign(**about, run_id=runs["case"] + "-" + runs["seed"].astype(str), **steps)


def material(blow=400, models=("small", "large_dcn"), methods=METHODS):
    """What the figures stand on, made up; the loss of the severe run jumps `blow`-fold."""
    rows, found = [], {"undisturbed-2": curves(0.75), "mild-2": curves(0.72, 4)}
    found["severe-2"] = curves(0.5, blow)
    for model, method, rate, seed in itertools.product(models, methods, (1.0, 2.0), range(3)):
        rows.append((7, model, method, rate, f"{model}-{method}-{rate}-{seed}"))
        end = 0.7 + 0.02 * methods.index(method) - 0.01 * rate + 0.01 * seed
        found[rows[-1][-1]] = curves(end)
    names = ["data_seed", "model", "method", "rate_multiple", "run_id"]
    return types.SimpleNamespace(
        example=figure1.choose(divergences()),
        divergences=divergences(),
        repeats=pd.DataFrame(rows, columns=names),
        found=found,
        curves=lambda runs: {run_id: found[run_id] for run_id in runs["run_id"]},
        telemetry=lambda run_id: telemetry(int(run_id[-1]) if run_id.startswith("clippy") else 0),
        trainer=lambda run_id: {"window_days": 2.4, "steps_per_day": 5},
    )


def model(depth=2, cross_layers=1, **fields):
    """A small model of three categorical and four dense features."""
    sizes = {"paper_width": 6, "width_divisor": 1, "cross_divisor": 1, "embedding_width": 2}
    sizes |= {"depth": depth, "paper_cross_layers": cross_layers}
    config = ModelConfig(name="Tiny", **sizes, **fields)
    features = {"dense_features": 4, "categorical_features": 3, "vocabulary_size": 5}
    return RankingModel(config, TASKS, **features, seed=0)


def study_frame(names):
    """Points of a study with cases of these names; the second diverged once."""
    rows, found = [], {}
    for (place, case), seed in itertools.product(enumerate(names), range(2)):
        rows.append((7, case, "full" if place == 1 and seed else "healthy", f"{place}-{seed}"))
        found[f"{place}-{seed}"] = curves(0.6 + 0.02 * place + 0.01 * seed)
    runs = pd.DataFrame(rows, columns=["data_seed", "case", "label", "run_id"])
    return study.frame(runs, found)


def frames():
    """The points of each figure of the paper but Figure 8: dict from name to DataFrame."""
    made = {name: material() for name in FIGURES if not name.startswith("8")}
    made["4a"] = material(blow=9)
    found = {name: FIGURES[name].frame(each) for name, each in made.items() if name != "2"}
    return found | {"2": figure2.frame(model(), TASKS, 3)}

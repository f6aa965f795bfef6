"""Made-up records of every figure, for the tests of figures and of the report."""

import functools
import itertools
import pathlib
import types

import numpy as np
import pandas as pd

from experiments.findings.dynamics import LAYERS
from experiments.findings.figures import figure1, figure2, study
from experiments.findings.figures.catalogue import FIGURES
from experiments.findings.testing import DIVERGENCE
from experiments.training.curvature import BATCHES
from experiments.training.divergence import label
from models.config import ModelConfig
from models.ranking import RankingModel

BASELINE = pathlib.Path(__file__).parent / "baseline"  # what the figures of `frames` look like
STEPS = np.arange(1, 61)
METHODS = ["naive", "gc", "agc", "lamb", "clippy"]
LABELLED = {"healthy": 11, "micro": 3, "damaged": 1, "untrained": 1, "full": 9}  # runs of each
SHOCK = (31, 35)  # steps
TASKS = (("click", "binary"), ("watch_time", "regression"), ("share", "binary"))


def curves(end, jump=1):
    """Thirty evaluations: AUC to 0.7, then to `end`; the loss times `jump` after step 30."""
    step = STEPS[1::2]
    auc = np.where(step <= 30, 0.5 + 0.2 * step / 30, 0.7 + (end - 0.7) * (step - 30) / 30)
    loss = np.where(step > 30, 3.0 * jump, 3.0)
    rows = {"step": step, "loss": loss, "worst_loss": 1.1 * loss, "click/auc": auc}
    return pd.DataFrame(rows)


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


def curves_of(kind):
    """Curves with this label."""
    found = curves(0.5 if kind == "full" else 0.75, 1 if kind == "healthy" else 9)
    if kind == "micro":
        found.loc[found["step"].between(32, 40), "click/auc"] -= 0.08
    if kind == "damaged":
        found.loc[found["step"] >= 32, "click/auc"] = 0.62
    if kind == "untrained":
        found = found.assign(loss=3.0, worst_loss=3.3)
        found["click/auc"] = 0.51 + 0.04 * found["step"] / 60
    return found


def labelled():
    """(Table 2 with runs of every label, their curves by id)."""
    rows, found = [], {}
    for place, (kind, count) in enumerate(LABELLED.items()):
        for seed in range(count):
            method, run_id = METHODS[(place + seed) % len(METHODS)], f"{kind}-{seed}"
            found[run_id] = curves_of(kind)
            about = (7, "large_dcn", method, 2.0, "repeat" if seed else "search", seed)
            rows.append((*about, *label(found[run_id], DIVERGENCE), run_id))
    names = ["data_seed", "model", "method", "rate_multiple", "role", "seed", "label"]
    runs = pd.DataFrame(rows, columns=[*names, "label_step", "run_id"])
    return runs.assign(threshold=np.nan, label_step=runs["label_step"].astype(float)), found


def twins():
    """(Table 3, the study of shocks, their curves by id): run seed 3 falls before its shock."""
    about = {"data_seed": 7, "model": "large_dcn", "method": "naive", "rate_multiple": 0.4}
    about |= {"threshold": np.nan, "seed": range(4)}
    clean = pd.DataFrame(about | {"case": "clean", "label": ["full", "micro", "full", "full"]})
    clean = clean.assign(label_step=[40, 34, 36, 12], run_id=[f"clean-{seed}" for seed in range(4)])
    off = pd.DataFrame(about | {"case": "off", "label": "healthy", "label_step": np.nan})
    off = off.assign(run_id=[f"off-{seed}" for seed in range(4)])
    found = {run_id: curves(0.75) for run_id in off["run_id"]}
    ends = zip(clean["run_id"], (0.5, 0.72, 0.52, 0.54), strict=True)
    found |= {run_id: curves(end, 4) for run_id, end in ends}
    early = found["clean-3"]
    early.loc[early["step"] >= 12, "click/auc"] -= 0.05
    return clean, off, found


def curved():
    """The study of curvature: run seed 1 is the first that diverges and has a healthy control."""
    about = {"data_seed": 7, "model": "large_dcn", "rate_multiple": 0.4, "seed": range(3)}
    about |= {"curvature_b": [np.nan, 31.0, 31.0], "curvature_c": [np.nan, 42.0, 42.0]}
    about |= {f"own/{when}": 1.0 for when in ("usual", "peak")}
    cases = {"shocked": ["healthy", "full", "full"], "undisturbed": ["healthy"] * 3}
    parts = []
    for case, labels in (cases | {"clippy": ["healthy"] * 3, "no_warmup": ["full"] * 3}).items():
        run_id = [f"curved-{case.replace('undisturbed', 'off')}-{seed}" for seed in range(3)]
        parts.append(pd.DataFrame(about | {"case": case, "label": labels, "run_id": run_id}))
    return pd.concat(parts, ignore_index=True)


def map_of_regimes():
    """The study of regimes: the larger the rate, the shock and the loss, the lower the AUC."""
    rows = []
    for loss, shock, rate in itertools.product((0.125, 8), (1, 4), (0.1, 0.4, 2.0)):
        for place, (method, share) in enumerate(itertools.product(METHODS, (1.0, 0.8))):
            regime = f"loss={loss}, shock={shock}, rate_multiple={rate}"
            tuned = method in ("gc", "agc", "lamb")
            auc = 0.5 + share * (0.3 - 0.01 * rate * shock - 0.002 * loss - 0.01 * place)
            about = (7, "large_dcn", f"{regime}, setting={method}_{share}", method)
            rows.append((*about, share / 10 if tuned else np.nan, rate, auc, "healthy"))
    names = ["data_seed", "model", "case", "method", "threshold", "rate_multiple", "auc", "label"]
    return pd.DataFrame(rows, columns=names)


def steepness(run_id):
    """Curvature at the edge; from step 32 on that of a shocked run explodes, and dies at 44."""
    steps = np.array(sorted({*range(4, 61, 4), *range(28, 42)}))
    kind = run_id.split("-")[1]
    after = {"off": 1.0, "clippy": 9.0, "shocked": 10.0 ** np.clip(steps - 31, 0, 8)}[kind]
    value = (2.5 + np.sin(steps)) * np.where(steps > 31, after, 1.0)
    if kind == "shocked":
        value[steps >= 44] = 0.0
        value[steps == 40] = np.nan
    parts = []
    for place, batch in enumerate(BATCHES):
        columns = {"step": steps, "batch": batch, "loss": 3.0, "largest": value / (place + 1)}
        parts.append(pd.DataFrame(columns | {"applied": value / 4}))
    return pd.concat(parts, ignore_index=True)


def translation():
    """(the runs of Figure 7, their curves by id): three optimizers, three repeats each."""
    rows, found, best = [], {}, {"adamw": 0.1, "adagrad": 0.3, "clippy": 3.0}
    for place, (optimizer, rate) in enumerate(best.items()):
        for seed in range(3):
            run_id = f"{optimizer}-{seed}"
            rows.append((optimizer, rate, 0.02, seed, "repeat", run_id))
            error = 0.5 + 0.05 * place + 0.45 * np.exp(-STEPS / 20) + 0.01 * seed
            found[run_id] = pd.DataFrame({"step": STEPS, "translation/error_rate": error})
    names = ["optimizer", "rate", "warmup", "seed", "role", "run_id"]
    return pd.DataFrame(rows, columns=names), found


def material(blow=400, models=("small", "large_dcn"), methods=METHODS):
    """What the figures stand on, made up; the loss of the severe run jumps `blow`-fold."""
    rows, found = [], {"undisturbed-2": curves(0.75), "mild-2": curves(0.72, 4)}
    found["severe-2"] = curves(0.5, blow)
    for model, method, rate, seed in itertools.product(models, methods, (1.0, 2.0), range(3)):
        dead = method == "naive" and rate == 2.0
        run_id = f"{model}-{method}-{rate}-{seed}"
        rows.append((7, model, method, rate, "full" if dead else "healthy", run_id))
        end = 0.7 + 0.02 * methods.index(method) - 0.01 * rate + 0.01 * seed
        found[run_id] = curves(0.5 if dead else end)
    names = ["data_seed", "model", "method", "rate_multiple", "label", "run_id"]
    (table2, labelled_curves), (table3, shocks, twin_curves) = labelled(), twins()
    translated, translated_curves = translation()
    found |= labelled_curves | twin_curves | translated_curves
    recorded = {"table2": table2, "table3": table3, "shocks": shocks}
    recorded["regimes"] = map_of_regimes()
    return types.SimpleNamespace(
        example=figure1.choose(divergences()),
        divergences=divergences(),
        repeats=pd.DataFrame(rows, columns=names),
        translation=translated,
        found=found,
        curves=lambda runs: {run_id: found[run_id] for run_id in runs["run_id"]},
        telemetry=lambda run_id: telemetry(int(run_id[-1]) if run_id.startswith("clippy") else 0),
        trainer=lambda run_id: {"window_days": 2.4, "steps_per_day": 5, "warmup_days": 1},
        recorded=recorded.__getitem__,
        curvature=curved(),
        steepness=steepness,
        config=lambda run_id: {"stream": {"shocks": None if "off" in run_id else {"days": [6]}}},
        shocked=lambda run_id: [] if run_id.startswith(("off", "undisturbed")) else [SHOCK],
        thresholds=DIVERGENCE,
        where="smoke, data seed 7",
    )


def model(depth=2, cross_layers=1, **fields):
    """A small model of three categorical and four dense features."""
    sizes = {"paper_width": 6, "width_divisor": 1, "cross_divisor": 1, "embedding_width": 2}
    sizes |= {"depth": depth, "paper_cross_layers": cross_layers}
    config = ModelConfig(name="Tiny", **sizes, **fields)
    features = {"dense_features": 4, "categorical_features": 3, "vocabulary_size": 5}
    return RankingModel(config, TASKS, **features, seed=0)


def study_frame(names, methods=("gc",), rates=(1.0,)):
    """Points of a study with cases of these names, whose methods and rates go round.

    The second case diverged once.
    """
    rows, found = [], {}
    for (place, case), seed in itertools.product(enumerate(names), range(2)):
        of_case = (methods[place % len(methods)], rates[place % len(rates)])
        label = "full" if place == 1 and seed else "healthy"
        rows.append((7, case, *of_case, label, f"{place}-{seed}"))
        found[f"{place}-{seed}"] = curves(0.6 + 0.02 * place + 0.01 * seed)
    names = ["data_seed", "case", "method", "rate_multiple", "label", "run_id"]
    return study.frame(pd.DataFrame(rows, columns=names), found)


@functools.cache
def frames():
    """The points of each figure but Figure 8: dict from name to DataFrame."""
    made = {name: material() for name in FIGURES if not name.startswith("8")}
    made["4a"] = material(blow=9)
    found = {name: FIGURES[name].frame(each) for name, each in made.items() if name != "2"}
    return found | {"2": figure2.frame(model(), TASKS, 3)}

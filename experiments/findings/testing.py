"""Made-up runs with which every claim holds."""

import numpy as np
import pandas as pd

from experiments.findings.claims.catalogue import CLAIMS
from experiments.findings.claims.scorecard import COLUMNS
from experiments.findings.dynamics import CLASSIFICATION, LAYERS
from experiments.training.curvature import BATCHES
from experiments.training.detector import DetectorConfig
from experiments.training.divergence import DivergenceConfig

SEEDS = 5
MANY = 12  # runs of the cells whose divergence ratios are compared
NOISE = np.array([-0.9, 0.2, 0.8, -0.5, 0.4])  # sums to zero, and to no symmetric pattern

AUC = {  # at 1x, at 2x; the chosen rate is the better one
    "gc": {"small": (0.7100, 0.7150), "large": (0.7150, 0.7200), "large_dcn": (0.7220, 0.7100)},
    "agc": {"small": (0.7130, 0.7000), "large": (0.7170, 0.7050), "large_dcn": (0.7150, 0.7180)},
    "lamb": {"small": (0.7090, 0.7000), "large": (0.7110, 0.7060), "large_dcn": (0.7105, 0.7020)},
    "clippy": {"small": (0.7148, 0.7160), "large": (0.7195, 0.7215), "large_dcn": (0.7225, 0.7240)},
}
STD = {"gc": 3e-4, "agc": 1.5e-3, "lamb": 3e-4, "clippy": 1e-4}


def cell_runs(study, data_seed=1, seeds=SEEDS, **columns):
    """One cell: each column a scalar, or one value a seed."""
    name = "-".join(str(value) for value in columns.values() if isinstance(value, str | float))
    defaults = dict.fromkeys(COLUMNS, np.nan) | {"data_seed": data_seed, "study": study, "case": ""}
    defaults |= {"role": "repeat", "model": "large_dcn", "method": "naive", "rate_multiple": 0.4}
    defaults |= {"chosen": False, "seed": range(seeds), "auc": 0.7, "rmse": 1.0, "early_auc": 0.6}
    defaults |= {"label": "healthy", "window_days": 7}
    defaults["run_id"] = [f"{study}-{data_seed}-{name}-{seed}" for seed in range(seeds)]
    return pd.DataFrame({**defaults, **columns})


def by_case(study, data_seed, n, cases):
    """So many runs of each case of a study; `cases` has the columns of each."""
    return joined(
        cell_runs(study, data_seed, n, case=case, **columns) for case, columns in cases.items()
    )


def labels(dead, n=SEEDS):
    """That many runs fully diverged, the others healthy."""
    return ["full"] * dead + ["healthy"] * (n - dead)


def table2(data_seed=1):
    """Naive dies at both rates; of the others nobody does."""
    naive = {"auc": [0.5, np.nan, 0.51, 0.5, 0.5], "rmse": [1.2, np.nan, 1.3, 1.1, 9.0]}
    cells = [
        cell_runs("table2", data_seed, model=model, rate_multiple=rate, label="full", **naive)
        for model in ("small", "large", "large_dcn")
        for rate in (1.0, 2.0)
    ]
    pairs = [(model, method, AUC[method][model]) for method in AUC for model in AUC[method]]
    for place, (model, method, pair) in enumerate(pairs):
        for rate, mean in zip((1.0, 2.0), pair, strict=True):
            noise = np.roll(NOISE, place + int(rate))
            auc = mean + 0.01 * data_seed + STD[method] * noise
            about = {"model": model, "method": method, "rate_multiple": rate, "auc": auc}
            about |= {"chosen": mean == max(pair), "rmse": 2 - 1.3 * auc + 1e-4 * noise**2}
            early_auc = auc - (0.2 if method == "lamb" else 0.1) + 1e-4 * noise**2
            cells.append(cell_runs("table2", data_seed, early_auc=early_auc, **about))
    return joined(cells)


def joined(frames):
    return pd.concat(frames, ignore_index=True)


# Of MANY runs, by case; even alone a data seed tells each claim.
DEAD = {"clean": 12, "smaller_model": 0, "no_dcn": 6, "fewer_features": 4}
DEAD |= {"one_task_removed": 5, "two_tasks_removed": 0}


def table3(data_seed=1, **dead):
    """Diverged runs by case: DEAD where no other number is given."""
    cases = {case: {"label": labels(count, MANY)} for case, count in (DEAD | dead).items()}
    return by_case("table3", data_seed, MANY, cases)


def warmup(data_seed=1, simple=(11, 6, 1), complex_=(11, 12, 10), models=("small_dcn", "large")):
    """Diverged runs by length of the warmup, of 100, 300 and 1000 days."""
    return joined(
        cell_runs("warmup", data_seed, MANY, model=model, x=days, label=labels(dead, MANY))
        for model, counts in zip(models, (simple, complex_), strict=True)
        for days, dead in zip((100.0, 1000.0, 300.0), np.array(counts)[[0, 2, 1]], strict=True)
    )


def window(data_seed=1, dead=(11, 7, 7, 1)):
    return joined(
        cell_runs("window", data_seed, MANY, x=days, label=labels(count, MANY))
        for days, count in zip((2.0, 4.0, 7.0, 14.0), dead, strict=True)
    )


def shocks(data_seed=1, onsets=(3, 9, 14, 20, 26, 22), shock_days=(2, 8, 13, 19, 25, 5), off=0):
    """Runs with a shock, diverged at their onset (None: not), and as many without a shock."""
    n = len(onsets)
    dead = ["healthy" if onset is None else "full" for onset in onsets]
    days = {"shock_day": np.array(shock_days, float), "onset_day": np.array(onsets, float)}
    on = cell_runs("shocks", data_seed, n, case="on", label=dead, window_days=2, **days)
    return joined([on, cell_runs("shocks", data_seed, n, case="off", label=labels(off, n))])


def objectives(data_seed=1, one=1, six=8):
    dead = {"one_task": one, "six_tasks": six}
    cases = {case: {"label": labels(count, MANY)} for case, count in dead.items()}
    return by_case("objectives", data_seed, MANY, cases)


def adam(data_seed=1):
    """Adam dies at the highest rate, and with seed 3 at the lowest; Clippy on it does not."""
    cells = []
    for place, (rate, auc) in enumerate({0.002: 0.71, 0.02: 0.73, 0.5: 0.60}.items()):
        value = auc + 1e-4 * np.roll(NOISE, place)
        dead = labels(SEEDS if rate == 0.5 else 0)
        if rate == 0.002:
            dead[3] = "full"
        plain = np.where([label == "full" for label in dead], np.nan, value)
        where = {"case": f"{rate:g}", "rate_multiple": rate}
        cells += [
            cell_runs("adam", data_seed, method="adam", auc=plain, label=dead, **where),
            cell_runs("adam", data_seed, method="clippy_adam", auc=value + 1e-3, **where),
        ]
    return joined(cells)


def divergences(data_seed=1, n=6):
    """Divergences as in Figures 4 and 8, their milder pairs, Clippy's factors as in Figure 6."""
    wiggle = np.resize(1 + 0.1 * NOISE, n)
    norms = {"grad_norm_b": 10, "grad_norm_c": 0.05, "grad_norm_after_c": 0.04}
    rises = {"grad_norm": 5.0, "grad_over_weight": 6.0, "update_over_weight": 40.0}
    severe = {"healthy_at_a": 1, "auc_falls_at_b": 1, "chance_from_c": 1, "step_b": 241}
    for layer in LAYERS:
        severe[f"{layer}/sigma_mean"] = 1
        severe |= {f"{layer}/{name}": norm * wiggle for name, norm in norms.items()}
        severe |= {f"{layer}/{name}_rise": rise * wiggle**2 for name, rise in rises.items()}
        clipped = (1, 1, 0.1) if layer == CLASSIFICATION else (0.02, 0.01, 1e-4)
        for method, factor in zip(("gc", "agc", "clippy_eq4"), clipped, strict=True):
            severe[f"{layer}/sigma_{method}_b"] = factor * (wiggle if factor < 1 else 1)
    clippy = {
        f"{layer}/sigma_mean": 0.1 * (place + 1) * wiggle for place, layer in enumerate(LAYERS[1:])
    }
    clippy["cross/sigma_mean"] = 0.05 * wiggle
    cases = {
        "undisturbed": {"auc": 0.715 + 0.01 * wiggle, "days_at_chance": 0},
        "mild": {"auc": 0.71, "label": "micro", "days_at_chance": 3},
        "severe": {"auc": 0.5, "label": "full", "days_at_chance": 20} | severe,
        "clippy": {"method": "clippy", "rate_multiple": 2.0, "days_at_chance": 0} | clippy,
    }
    return by_case("divergences", data_seed, n, cases)


def curvature(data_seed=1, n=4):
    """Divergences above the edge up to b, and the same runs undisturbed, below it."""
    wiggle = np.resize(1 + 0.1 * NOISE, n)
    cases = {}
    for case, label, peaks in (("shocked", "full", (5, 4)), ("undisturbed", "healthy", (1.5, 1))):
        columns = {"label": label, "curvature_b": 145.0, "curvature_c": 156.0}
        for name, peak in zip(BATCHES, peaks, strict=True):
            sizes = {"usual": 0.8, "peak": 1.0, "struck": 0.95, "at_b": 0.9}
            sizes |= {"after": 100.0, "applied": 100.0}
            columns |= {f"{name}/{when}": peak * size * wiggle for when, size in sizes.items()}
        cases[case] = columns
    return by_case("curvature", data_seed, n, cases)


def everything(*data_seeds):
    """Every study, on each data seed."""
    studies = (table2, table3, warmup, window, shocks, objectives, divergences, adam, curvature)
    return joined(study(seed) for seed in data_seeds for study in studies)


def where(runs, **columns):
    """Mask of the rows with these values."""
    mask = runs[list(columns)].eq(pd.Series(columns)).all(axis=1)
    assert mask.any(), columns
    return mask


def changed(runs, values, **columns):
    """A copy in which the rows with these columns have other values: scalars, or one a row."""
    runs = runs.copy()
    mask = where(runs, **columns)
    for column, value in values.items():
        runs.loc[mask, column] = value
    return runs


def shifted(runs, metric, by, **columns):
    """A copy in which a metric of these rows is larger by an amount: a scalar, or one a row."""
    return changed(runs, {metric: runs.loc[where(runs, **columns), metric] + by}, **columns)


def decide(claim, runs):
    """The outcome of the rule of one claim, straight."""
    return CLAIMS[claim].rule(runs)


DIVERGENCE = DivergenceConfig(
    lift_lost=0.5, least_lift=0.08, blow_up=4.0, loss_jump=2.0, auc_drop=0.02, median_rows=5
)
DETECTOR = DetectorConfig(
    median_steps=24,
    loss_jump=1.5,
    gradient_jump=30.0,
    large_step=0.1,
    dead_units=0.6,
    calm=1.03,
    calm_steps=12,
    patience_steps=96,
    gradient_lost=1e-3,
    dead_steps=12,
)

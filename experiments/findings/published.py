"""The paper's own figures, to stand beside ours. Nothing is computed from them."""

from typing import NamedTuple

MODELS = ("small", "large", "large_dcn")  # simplest first
WITHOUT_DCN = MODELS[:2]
TREATED = ("gc", "agc", "lamb", "clippy")
RATES = (1.0, 2.0)  # in multiples of 1x

# Table 2, by (model, metric): mean and standard deviation, in the order of TREATED. AUC in percent.
TABLE2 = {
    ("small", "auc"): ((71.68, 0.13), (71.73, 0.00), (71.56, 0.01), (71.79, 0.00)),
    ("small", "rmse"): ((1.058, 0.002), (1.059, 0.003), (1.063, 0.001), (1.056, 0.000)),
    ("large", "auc"): ((72.07, 0.05), (72.09, 0.02), (72.01, 0.09), (72.16, 0.02)),
    ("large", "rmse"): ((1.053, 0.003), (1.051, 0.001), (1.054, 0.002), (1.051, 0.000)),
    ("large_dcn", "auc"): ((72.27, 0.03), (72.06, 0.08), (72.05, 0.11), (72.37, 0.01)),
    ("large_dcn", "rmse"): ((1.049, 0.001), (1.051, 0.001), (1.057, 0.001), (1.047, 0.001)),
}
# Table 2, "best learning rate", by model, in the order of TREATED.
TABLE2_RATES = {"small": (2, 1, 1, 2), "large": (2, 1, 1, 2), "large_dcn": (1, 2, 1, 2)}

# Table 1: non-embedding parameters, shared bottom.
TABLE1 = {
    "small": (7.5e6, "FFN: 512 x 2"),
    "large": (57.0e6, "FFN: 4096 x 4"),
    "large_dcn": (68.0e6, "DCN + LN -> 4096 x 4"),
}


class Change(NamedTuple):
    """One row of the paper's Table 3; without counts if the paper has no such row."""

    direction: str
    change: str
    diverged: int | None
    tried: int | None


TABLE3 = {
    "clean": Change("N/a", "Clean", 5, 5),
    "smaller_model": Change("Model size", "Smaller model size", 1, 3),
    "no_dcn": Change("Model complexity", "Remove DCN", 2, 3),
    "fewer_features": Change("Input features", "Remove subset of input features", 2, 3),
    "one_task_removed": Change("Output tasks", "Remove one task", 2, 3),
    "two_tasks_removed": Change("Output tasks", "Remove two tasks", 0, 3),
}


def table2_cell(model, method, metric):
    """The paper's mean and deviation; None where it says "diverged" or has no such cell."""
    cells = zip(TREATED, TABLE2.get((model, metric), ()), strict=False)
    return dict(cells).get(method, (None, None))


def table2_rate(model, method):
    """The paper's best rate multiple, or None."""
    return dict(zip(TREATED, TABLE2_RATES.get(model, ()), strict=False)).get(method)


class Translation(NamedTuple):
    """What section A.2 says of one optimizer; a place is (0 for the shorter warmup or 1, rate)."""

    error: float  # validation error rate of the best run, percent
    best: tuple
    diverged: tuple  # places
    all_others_survive: bool = False


FIGURE7_STEPS = 500_000
FIGURE7 = {
    "adamw": Translation(31.6, (1, 0.1), ((0, 0.1), (1, 1.0))),
    "adagrad": Translation(36.9, (0, 0.1), ((0, 0.3), (1, 0.3))),
    "clippy": Translation(33.4, (0, 3.0), (), all_others_survive=True),
}

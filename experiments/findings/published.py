"""The paper's own figures, to stand beside ours. Nothing is computed from them."""

from typing import NamedTuple


class Cell(NamedTuple):
    """One cell of the paper's Table 2: mean, standard deviation; None where it says "diverged"."""

    mean: float | None
    std: float | None


MODELS = ("small", "large", "large_dcn")  # simplest first
METHODS = ("naive", "gc", "agc", "lamb", "clippy")
TREATED = METHODS[1:]
RATES = (1.0, 2.0)  # in multiples of 1x

# Table 2, by (model, metric), in the order of METHODS. AUC in percent.
_DIVERGED = Cell(None, None)
TABLE2 = {
    ("small", "auc"): (
        _DIVERGED, Cell(71.68, 0.13), Cell(71.73, 0.00), Cell(71.56, 0.01), Cell(71.79, 0.00),
    ),
    ("small", "rmse"): (
        _DIVERGED, Cell(1.058, 0.002), Cell(1.059, 0.003), Cell(1.063, 0.001), Cell(1.056, 0.000),
    ),
    ("large", "auc"): (
        _DIVERGED, Cell(72.07, 0.05), Cell(72.09, 0.02), Cell(72.01, 0.09), Cell(72.16, 0.02),
    ),
    ("large", "rmse"): (
        _DIVERGED, Cell(1.053, 0.003), Cell(1.051, 0.001), Cell(1.054, 0.002), Cell(1.051, 0.000),
    ),
    ("large_dcn", "auc"): (
        _DIVERGED, Cell(72.27, 0.03), Cell(72.06, 0.08), Cell(72.05, 0.11), Cell(72.37, 0.01),
    ),
    ("large_dcn", "rmse"): (
        _DIVERGED, Cell(1.049, 0.001), Cell(1.051, 0.001), Cell(1.057, 0.001), Cell(1.047, 0.001),
    ),
}  # fmt: skip

# Table 2, "best learning rate", by model, in the order of METHODS; None for naive.
TABLE2_RATES = {
    "small": (None, 2, 1, 1, 2),
    "large": (None, 2, 1, 1, 2),
    "large_dcn": (None, 1, 2, 1, 2),
}

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


def table3_row(case):
    """The paper's row of a case of Table 3; one that it does not have is called by its own name."""
    return TABLE3.get(case, Change("-", case, None, None))


def table2_cell(model, method, metric):
    """The paper's cell, or an empty one for a model or method it does not have."""
    if method not in METHODS or (model, metric) not in TABLE2:
        return _DIVERGED
    return TABLE2[model, metric][METHODS.index(method)]


def table2_rate(model, method):
    """The paper's best rate multiple, or None."""
    if method not in METHODS or model not in TABLE2_RATES:
        return None
    return TABLE2_RATES[model][METHODS.index(method)]

"""The tables of Figure 7: which rates diverge at which warmup, and what the best rates end with."""

import pandas as pd

from experiments.findings.names import Names, markdown_table
from experiments.findings.published import FIGURE7, FIGURE7_STEPS
from experiments.findings.statistics import described
from experiments.studies.figure7 import TITLE, at_edge
from experiments.studies.known import figure7_config

OPTIMIZERS = Names(
    adamw="AdamW",
    adagrad="Adagrad",
    clippy="Adagrad with Clippy",
    clippy_section_5="Clippy, rel 0.5, abs 0.01",
    clippy_plain_embeddings="Clippy, plain embeddings",
    adagrad_above="Adagrad, rates above A.2",
)
PERCENT = 100.0
EDGE = "*"  # after a best rate that is the lowest or the highest of its grid
NOTE = (
    "Error rate: percent of the validation tokens that are wrong when those before are given, the "
    "mean of the runs that did not diverge. A rate with {edge} is at the edge of its grid, and a "
    "better one may lie beyond. Rates are those of A.2 and some of ours, in the schedule of "
    "init2winit: the rate at the peak of the warmup is this one divided by the root of the steps "
    "of the warmup, so that a run of {steps} steps has {factor:.3g} times the peak of the paper's "
    "run of {paper_steps:,} with the same rate. Clippy has "
    "the absolute threshold {absolute:g} and the relative one {relative:g}, and {embeddings}. The "
    "best constant answer has an error rate of {constant:.1f} %."
)
EMBEDDINGS = {"treated": "treats embeddings", "plain": "leaves embeddings out"}


def table_frame(runs):
    """One row an optimizer, warmup and rate of the grid of `run_figure7`, and of the repeats.

    Columns: role, optimizer, warmup, rate; n, diverged (full divergences), untrained; error_mean,
    error_low, error_high (percent; 95 %, Student's t over run seeds) over the runs that did not
    fully diverge, NaN without one, and best_error_mean, that of their best evaluations; at_edge,
    whether the rate is the lowest or the highest of the optimizer's; the same of the paper where
    it says so: paper_diverged (1 or 0, NaN where it does not say) and paper_error (percent).
    """
    rows = []
    rates = runs[runs["role"] == "search"].groupby("optimizer")["rate"].unique()
    setting = ["role", "optimizer", "warmup", "rate"]
    for (_, optimizer, warmup, rate), cell in runs.groupby(setting, sort=False):
        alive = cell[cell["label"] != "full"]
        found = described(alive["error_rate"] * PERCENT)
        row = cell[setting].iloc[0].to_dict() | {
            "n": len(cell),
            "diverged": int((cell["label"] == "full").sum()),
            "untrained": int((cell["label"] == "untrained").sum()),
            "error_mean": found.mean,
            "error_low": found.low,
            "error_high": found.high,
            "best_error_mean": alive["best_error_rate"].mean() * PERCENT,
            "at_edge": at_edge(rate, rates[optimizer]),
        }
        rows.append(row | _paper(optimizer, warmup, rate, runs))
    return pd.DataFrame(rows)


def _paper(optimizer, warmup, rate, runs):
    """What the paper says of a cell; its warmups are the shorter and the longer one of ours."""
    which = sorted(runs["warmup"].unique()).index(warmup)
    said = FIGURE7.get(optimizer)
    nothing = {"paper_diverged": float("nan"), "paper_error": float("nan")}
    if said is None:
        return nothing
    if (which, rate) == said.best:
        return {"paper_diverged": 0.0, "paper_error": said.error}
    if (which, rate) in said.diverged:
        return nothing | {"paper_diverged": 1.0}
    return nothing | ({"paper_diverged": 0.0} if said.all_others_survive else {})


def markdown(frame, runs):
    """The tables for people: `table_frame` and the runs that it is of."""
    grid, repeats = shown(frame)
    steps = int(runs["steps"].max())
    values = figure7_config().optimizers["clippy"].values  # Clippy as the study has it
    note = NOTE.format(
        edge=EDGE,
        constant=runs["constant_error_rate"].iloc[0] * PERCENT,
        steps=steps,
        paper_steps=FIGURE7_STEPS,
        factor=(FIGURE7_STEPS / steps) ** 0.5,
        absolute=values["ABSOLUTE"],
        relative=values["RELATIVE"],
        embeddings=EMBEDDINGS[values.get("MethodConfig.embeddings", "plain")],
    )
    return (
        f"## {TITLE}\n\n"
        "Divergence by rate and warmup, with the error rate at the end; in brackets what the paper "
        f"says:\n\n{markdown_table(*grid)}\n"
        "The best rate of each optimizer on fresh seeds, with 95 % intervals over them:\n\n"
        f"{markdown_table(*repeats)}\n{note}\n"
    )


def shown(frame):
    """(header, rows of texts) of the grid, and of the repeats, of a `table_frame`."""
    grid, repeats = (frame[frame["role"] == role] for role in ("search", "repeat"))
    return _grid(grid), _repeats(repeats)


def _grid(rows):
    rates = sorted(rows["rate"].unique())
    lines = []
    for (optimizer, warmup), cells in rows.groupby(["optimizer", "warmup"], sort=False):
        by_rate = {row.rate: row for row in cells.itertuples()}
        shown = [_cell(by_rate[rate]) if rate in by_rate else "-" for rate in rates]
        lines.append([OPTIMIZERS[optimizer], f"{warmup:.0%}", *shown])
    return ["Optimizer", "Warmup", *(f"{rate:g}" for rate in rates)], lines


def _cell(row):
    ours = "diverges" if row.diverged else f"{row.error_mean:.1f}"
    ours += " (untrained)" if row.untrained else ""
    if row.paper_diverged == 1:
        return f"{ours} [diverges]"
    return ours if pd.isna(row.paper_error) else f"{ours} [{row.paper_error:.1f}]"


def _repeats(rows):
    lines = []
    for row in rows.itertuples():
        said = FIGURE7.get(row.optimizer)
        interval = f"{row.error_low:.1f} to {row.error_high:.1f}"
        cells = [
            OPTIMIZERS[row.optimizer],
            f"{row.rate:g}{EDGE if row.at_edge else ''}",
            f"{row.warmup:.0%}",
            "-" if pd.isna(row.error_mean) else f"{row.error_mean:.1f}",
            "-" if pd.isna(row.error_low) else interval,
            f"{row.diverged}/{row.n}",
            "-" if said is None else f"{said.error:.1f} at {said.best[1]:g}",
        ]
        lines.append(cells)
    header = ["Optimizer", "Rate", "Warmup", "Error rate", "95 % interval", "Diverged", "Paper"]
    return header, lines

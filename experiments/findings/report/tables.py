"""The scorecard and the tables of the page: texts by row, the paper's figures beside ours."""

from collections import Counter
from typing import NamedTuple

import pandas as pd

from experiments.findings import budgets, cases, detection, figure7, onsets, table1, table2, table3
from experiments.findings.claims.outcome import NOT_RUN, VERDICTS
from experiments.findings.claims.table import statistic_lines
from experiments.findings.names import METRIC_NAMES, MODEL_NAMES, SCALE, number
from experiments.findings.report.summary import why
from experiments.studies.rows import METRICS, reported_of

COLUMNS = {  # of <name>.csv, those that are read
    "table1": "model nonembedding_parameters paper_parameters shared_bottom",
    "table2": "model method metric mean std n diverged micro_diverged damaged untrained "
    "rate_multiple threshold paper_mean paper_std",
    "table2_budgets": "model budget",
    "table2_onsets": "model rate_multiple n at_start at_shock survived",
    "table2_runs": "model method threshold rate_multiple role seed auc rmse label run_id",
    "table3": "direction change diverged tried ratio low high paper_diverged paper_tried",
    "detector": "source label said delay",
    "figure7": "role optimizer warmup rate n diverged untrained error_mean error_low error_high "
    "at_edge paper_diverged paper_error",
}
CASE_COLUMNS = (
    "case model method rate_multiple diverged micro_diverged damaged untrained tried low high "
    "auc_mean auc_std rmse_mean rmse_std against auc_gap rmse_gap"
)
ENDINGS = ("csv", "md", "tex")
SMALL_STUDIES = {  # of sections 3.2, 4.1 and 4.3.3: the claims of the paper that each decides
    "warmup": ("C29",),
    "window": ("C30",),
    "shocks": ("C31",),
    "objectives": ("C32",),
    "adam": ("C34",),
    "divergences": tuple(f"C{number}" for number in range(20, 28)),
}
PLAIN = {  # the module of a table, how many columns are headers, and its caption if it has none
    "table1": (table1, 1, "Table 1: parameters at the paper's size"),
    "table3": (table3, 2, "Table 3: what lowers the divergence ratio at the edge of instability"),
    "detector": (detection, 2, None),
}
CLAIMS = SMALL_STUDIES | {"table3": ("C16", "C17", "C18", "C19"), "figure7": ("C35",)}
MISSING = {"verdict": NOT_RUN, "n": 0, "statistic": None, "interval": None}  # claims
MISSING |= {"reason": "not in the scorecard of this data seed"}


class Cell(NamedTuple):
    """Our figure with the paper's below it; `best` marks the best of its row."""

    ours: str
    paper: str
    best: bool


class Table(NamedTuple):
    """A table with a caption."""

    id: str  # of the element
    caption: str
    header: list  # texts
    rows: list  # lists of texts or Cells
    heads: int = 1  # how many columns of the left are headers of their row
    notes: str = ""  # sentences below it
    files: list = []  # paths of the same table on disk
    claims: tuple = ()  # ids of the claims that its runs decide


def scorecard(material):
    """The scorecard of a Material, or None without one.

    Returns: dict of pooled (whether the verdicts are over all data seeds), seeds, counts (by
      verdict) and rows: the claims, each with its statistic as `lines` of text, with `why`, words
      for its verdict, and under `each` the same claim in the scorecard of each data seed, which may
      not have it.
    """
    shown = material.pooled or material.claims.get(material.data_seed)
    if not shown:
        return None
    rows = [claim | {"lines": statistic_lines(claim), "each": []} for claim in shown]
    for data_seed, claims in sorted(material.claims.items()):
        found = {claim["id"]: claim for claim in claims}
        for row in rows:
            claim = found.get(row["id"], MISSING)
            lines = statistic_lines(claim)
            row["each"].append(claim | {"data_seed": data_seed, "lines": lines})
    for row in rows:
        row["why"] = why(row, row["each"], bool(material.pooled))
    verdicts = Counter(claim["verdict"] for claim in shown)
    return {
        "pooled": bool(material.pooled),
        "seeds": sorted(material.claims),
        "counts": {verdict: verdicts[verdict] for verdict in VERDICTS},
        "rows": rows,
    }


def paper_tables(material):
    """Tables 1 to 3, of Figure 7, of the detector: dict from name to Tables, empty without csv."""
    found = {"table1": [], "table2": [], "table3": [], "figure7": [], "detector": []}
    for name in found.keys() & material.tables.keys():
        frame = material.tables[name]
        if name == "table2":
            found[name] = _table2(material, frame)
        elif name == "figure7":
            found[name] = _figure7(material, frame)
        else:
            module, heads, caption = PLAIN[name]
            caption = caption or words(material.texts.get(name, ""))[0] or name
            rows = module.shown(frame)
            found[name] = [_table(material, name, caption, module.HEADER, rows, heads)]
    return found


def studies(material):
    """The studies of cases on disk, those of SMALL_STUDIES first: list of Table."""
    tables = material.tables
    known = [name for name in SMALL_STUDIES if name in tables]
    others = [name for name in sorted(tables) if columns_of(name, tables) == CASE_COLUMNS.split()]
    found = []
    for name in dict.fromkeys(known + others):
        caption = f"{name}: {words(material.texts.get(name, ''))[0]}"
        shown = cases.shown(tables[name].fillna({"against": ""}))
        found.append(_table(material, name, caption, *shown))
    return found


def columns_of(name, tables):
    """The columns that <name>.csv must have; `tables` are the names of all that are there."""
    default = CASE_COLUMNS if f"{name}_runs" in tables else ""
    return COLUMNS.get(name, default).split()


def words(text):
    """(title, notes) of a table's Markdown page: its first heading, and what is not the table."""
    lines = text.splitlines()
    title = next((line.lstrip("# ") for line in lines if line.startswith("#")), "")
    notes = [line for line in lines if line and line[0] not in "|#" and not line.endswith(":")]
    return title, " ".join(notes).replace("`", "")


def _table(material, name, caption, header, rows, heads=1):
    """A Table with the notes of its Markdown page and links to its files."""
    _, notes = words(material.texts.get(name, ""))
    files = material.links(name, ENDINGS) + material.links(f"{name}_runs", ("csv",))
    claims = CLAIMS.get(name, ())
    return Table(f"table-{name}", caption, header, rows, heads, notes, files, claims)


def _table2(material, frame):
    methods, optimal, rows = list(frame["method"].unique()), _optimal(material), []
    for model, cells in frame.groupby("model", sort=False):
        shown = MODEL_NAMES[model]
        for metric, name in METRIC_NAMES.items():
            rows.append([shown, name, *_cells(cells, methods, metric), optimal[metric]])
        rates = table2.chosen_rates(cells, methods, model)
        rows.append([shown, "Best learning rate, threshold [paper]", *rates, "-"])
    caption = "Table 2: methods and models, the paper's figures in brackets"
    found = [_table(material, "table2", caption, table2.header(frame), rows, heads=2)]
    if "table2_runs" in material.tables:
        rates = table2.rates_frame(material.tables["table2_runs"])
        rows = [table2.rates_cells(row) for row in rates.itertuples()]
        caption = "Table 2, both rates, each with its best threshold"
        found.append(Table("table-table2-rates", caption, table2.RATES_HEADER, rows, heads=3))
    if (frame := material.tables.get("table2_budgets")) is not None:
        caption = "Table 2, equal budgets: AUC by the number of settings that a search may try"
        shown = budgets.header(frame), budgets.shown(frame)
        found.append(_table(material, "table2_budgets", caption, *shown, heads=2))
    if (frame := material.tables.get("table2_onsets")) is not None:
        caption = "Table 2, when untreated runs diverge"
        shown = onsets.HEADER, onsets.shown(frame)
        found.append(_table(material, "table2_onsets", caption, *shown, heads=2))
    return found


def _figure7(material, frame):
    grid, repeats = figure7.shown(frame)
    caption = "Figure 7: error rate by rate and warmup, what the paper says in brackets"
    best = "Figure 7: the best rates on fresh seeds"
    return [
        _table(material, "figure7", caption, *grid, heads=2),
        Table("table-figure7-best", best, *repeats),
    ]


def _cells(rows, methods, metric):
    """One Cell a method."""
    cells = []
    for row, is_best in table2.by_method(rows, methods, metric):
        ours = number(row["mean"], row["std"], metric) + table2.outcomes(row)
        cells.append(Cell(ours, table2.theirs(row, metric), is_best))
    return cells


def _optimal(material):
    """The Bayes-optimal value of each metric, from a record of Table 2, as text."""
    runs = material.tables.get("table2_runs", pd.DataFrame(columns=["run_id"]))
    known = (material.runs[run_id] for run_id in runs["run_id"] if run_id in material.runs)
    if (run := next(known, None)) is None:
        return dict.fromkeys(METRICS, "-")
    optimal = reported_of(run.record.optimal, run.record.config)
    return {
        name: "-" if value is None else number(value * SCALE[name], None, name)
        for name, value in optimal.items()
    }

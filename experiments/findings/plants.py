"""What the doctor says of planted faults: rows in, a table of confusion out."""

import pandas as pd

from experiments.findings.doctor import CULPRITS, diagnose
from experiments.findings.names import markdown_table, share_interval
from experiments.findings.statistics import proportion
from experiments.studies.plants import CONTROL, KINDS

COLUMNS = ("number", "data_seed", "kind", "name", "day", "factor", "label", "said", "said_name")


def row(number, plant, planted, divergence, detector):
    """What the doctor says of one planted.Planted: dict with COLUMNS.

    Its rows of the day are those that were fed. `label` is that of the curves.
    """
    rows = planted.days.day(plant.day)
    found = diagnose(
        plant.config, planted.telemetry, planted.curves, planted.days.day, divergence, detector
    )
    label = found.lines[0].rpartition(" ")[2]
    values = (number, plant.config.data_seed, plant.kind, plant.name(rows), plant.day, plant.factor)
    return dict(zip(COLUMNS, (*values, label, found.culprit, found.name), strict=True))


def judged(rows, count):
    """The rows up to the plant that is the `count`-th to do harm: DataFrame, or None if too few."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    harm = harmful(frame).index
    return frame.loc[: harm[count - 1]] if len(harm) >= count else None


def harmful(rows):
    """Those faults that did harm: the curves show it, or the telemetry does."""
    seen = (rows["label"] != "healthy") | (rows["said"] != "none")
    return rows[seen & (rows["kind"] != CONTROL)]


def right(rows):
    """Whether kind and name are right, of each of the rows; of a rate there is no name."""
    return (rows["said"] == rows["kind"]) & (rows["said_name"] == rows["name"])


def markdown(rows):
    """The table of confusion as a person reads it; `rows` are a DataFrame with COLUMNS."""
    control = rows["kind"] == CONTROL
    controls, judged = rows[control], harmful(rows)
    accused = (controls["said"] != "none").sum()
    judged = judged.assign(right=right(judged))
    said = [name for name in CULPRITS if name in (*KINDS, *judged["said"])]
    table = pd.crosstab(judged["kind"], judged["said"])
    table = table.reindex(index=list(KINDS), columns=said, fill_value=0)
    by_kind = judged.groupby("kind")["right"].sum().reindex(list(KINDS), fill_value=0)
    lines = [[kind, *table.loc[kind], by_kind[kind]] for kind in KINDS]
    share = proportion(int(by_kind.sum()), len(judged))
    factors = judged.loc[~judged["kind"].isin(["layer", "rate"]), "factor"]
    ends, unknown = share_interval(share), (judged["said"] == "unknown").sum()
    return f"""# The doctor on planted faults

Each run is healthy but for one fault, drawn at random (`configs/plants.gin`). Rows: what was
planted. Columns: what the doctor named, and how often kind and name are both right. "unknown"
is an answer: the doctor found no culprit. Inputs, labels, the rows of an id and batches are
{factors.min():.3g} to {factors.max():.3g} times too large.

{markdown_table(["Planted", *said, "right"], lines)}
Right: {by_kind.sum()} of {len(judged)}, {share.value:.0%} (95 %, Wilson: {ends}). Of the others
{unknown} are "unknown" and {len(judged) - by_kind.sum() - unknown} wrong.
{(~control).sum() - len(judged)} further plants did no harm, and the doctor found none. In
{accused} of {len(controls)} runs without a fault it says that something is wrong.
"""

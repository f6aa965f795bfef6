"""When untreated runs diverge: at the start of a stream, or when a shock has struck."""

import pandas as pd

from experiments.findings.names import MODEL_NAMES, markdown_table

HEADER = ("Model", "Rate", "At the start", "At a shock", "Survived")


def table_frame(runs, untreated):
    """The repeats of the method `untreated` among the runs of Table 2, by when they diverged.

    Returns: DataFrame with model, rate_multiple, n, at_start (full divergences that show before
      the day of the first shock, or at any time without shocks), at_shock (from that day on),
      survived (the other labels).
    """
    repeats = runs[(runs["role"] == "repeat") & (runs["method"] == untreated)]
    rows = []
    for (model, multiple), cell in repeats.groupby(["model", "rate_multiple"], sort=False):
        full = cell["label"] == "full"
        shocked = full & (cell["onset_day"] >= cell["shock_day"])
        row = {"model": model, "rate_multiple": multiple, "n": len(cell)}
        row |= {"at_start": int((full & ~shocked).sum()), "at_shock": int(shocked.sum())}
        rows.append(row | {"survived": int((~full).sum())})
    return pd.DataFrame(rows)


def markdown(frame, untreated):
    """The table for people, and what it says."""
    return (
        f"\nWhen {untreated} runs diverge:\n\n"
        f"{markdown_table(HEADER, shown(frame))}\n"
        f"Onsets of {untreated} runs: a full divergence is at the start if the first evaluation "
        "that shows it is before the day of the first shock, and at a shock from that day on; "
        "every other run survived.\n"
    )


def shown(frame):
    """The cells of the table as text, in the order of HEADER."""
    return [
        [MODEL_NAMES[row.model], f"{row.rate_multiple:g}x"]
        + [f"{count}/{row.n}" for count in (row.at_start, row.at_shock, row.survived)]
        for row in frame.itertuples()
    ]

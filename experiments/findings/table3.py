"""Table 3: what lowers the divergence ratio of naive Large+DCN at the edge of instability."""

import pandas as pd

from experiments.findings import cases
from experiments.findings.names import MODEL_NAMES, latex_table, markdown_table, share_interval
from experiments.findings.published import table3_row

HEADER = ("Direction", "Change", "Fully diverged", "Ratio", "95 % interval", "Paper")


def table_frame(runs):
    """Table 3, one row a change, from the runs of Session.run_cases.

    Returns: DataFrame with the columns of table3.csv: direction, change, diverged, tried, ratio,
      low, high (Wilson, 95 %), paper_diverged, paper_tried; the last two are empty for a case that
      the paper does not have.
    """
    found = cases.table_frame(runs)
    theirs = pd.DataFrame([table3_row(case) for case in found["case"]])
    counts = theirs[["diverged", "tried"]].astype("Int64").add_prefix("paper_")
    ours = found[["diverged", "tried", "ratio", "low", "high"]]
    return pd.concat([theirs[["direction", "change"]], ours, counts], axis=1)


def markdown(frame, found):
    """The table for people, the paper's counts beside ours; `found` is the Calibration."""
    return (
        f"{markdown_table(HEADER, map(cells, frame.itertuples()))}\n"
        f"Naive {MODEL_NAMES[found.model]} at {found.edge:g}, called {found.edge_multiple:g}x. "
        "The intervals are Wilson's.\n"
    )


def latex(frame):
    """The same in LaTeX."""
    return latex_table("llcccc", HEADER, [map(cells, frame.itertuples())])


def cells(row):
    """One row of table_frame as text, in the order of HEADER."""
    paper = "-" if pd.isna(row.paper_tried) else f"{row.paper_diverged:.0f}/{row.paper_tried:.0f}"
    ours = f"{row.diverged}/{row.tried}", f"{row.ratio:.0%}", share_interval(row)
    return [row.direction, row.change, *ours, paper]

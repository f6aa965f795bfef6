"""Table 3: what lowers the divergence ratio of naive Large+DCN at the edge of instability."""

import pandas as pd

from experiments.findings import cases
from experiments.findings.names import MODEL_NAMES, latex_table, markdown_table, share_interval
from experiments.findings.published import TABLE3, Change

HEADER = ("Direction", "Change", "Fully diverged", "Ratio", "95 % interval", "Paper")


def table_frame(runs):
    """Table 3, one row a change, from the runs of Session.run_cases.

    Returns: DataFrame with the columns of table3.csv: direction, change, diverged, tried, ratio,
      low, high (Wilson, 95 %), paper_diverged, paper_tried; the last two are empty for a case that
      the paper does not have.
    """
    found = cases.table_frame(runs)
    theirs = [TABLE3.get(case, Change("-", case, None, None)) for case in found["case"]]
    theirs = pd.DataFrame(theirs)
    counts = theirs[["diverged", "tried"]].astype("Int64").add_prefix("paper_")
    ours = found[["diverged", "tried", "ratio", "low", "high"]]
    return pd.concat([theirs[["direction", "change"]], ours, counts], axis=1)


def markdown(frame, found):
    """The table for people, the paper's counts beside ours; `found` is the Calibration."""
    return (
        f"{markdown_table(HEADER, shown(frame))}\n"
        f"Naive {MODEL_NAMES[found.model]} at {found.edge:g}, called {found.edge_multiple:g}x. "
        "The intervals are Wilson's.\n"
    )


def latex(frame):
    """The same in LaTeX."""
    return latex_table("llcccc", HEADER, [shown(frame)])


def shown(frame):
    """Yields the cells of one row a change, as text, in the order of HEADER."""
    for row in frame.itertuples():
        tried = row.paper_tried
        paper = "-" if pd.isna(tried) else f"{row.paper_diverged:.0f}/{tried:.0f}"
        ours = f"{row.diverged}/{row.tried}", f"{row.ratio:.0%}", share_interval(row)
        yield [row.direction, row.change, *ours, paper]

"""Table 3: what lowers the divergence ratio of naive Large+DCN at the edge of instability."""

import pandas as pd

from experiments.findings import cases
from experiments.findings import published as paper
from experiments.findings.names import MODEL_NAMES, markdown_row

HEADER = ("Direction", "Change", "Fully diverged", "Ratio", "95 % interval", "Paper")


def table_frame(runs):
    """Table 3, one row a change.

    Args:
      runs: from CasesProtocol.run.
    Returns: DataFrame with the columns of table3.csv: direction, change, diverged, tried, ratio,
      low, high (Wilson, 95 %), paper_diverged, paper_tried.
    """
    found = cases.table_frame(runs)
    rows = []
    for row in found.itertuples():
        theirs = paper.TABLE3[row.case]
        rows.append(
            {
                "direction": theirs.direction,
                "change": theirs.change,
                "diverged": row.diverged,
                "tried": row.tried,
                "ratio": row.ratio,
                "low": row.low,
                "high": row.high,
                "paper_diverged": theirs.diverged,
                "paper_tried": theirs.tried,
            }
        )
    return pd.DataFrame(rows)


def markdown(frame, found):
    """The table for people, the paper's counts beside ours.

    Args:
      frame: from table_frame.
      found: calibration.Calibration.
    """
    lines = [markdown_row(HEADER), markdown_row(["---"] * len(HEADER))]
    for row in frame.itertuples():
        lines.append(markdown_row(cells(row)))
    lines += [
        "",
        f"Naive {MODEL_NAMES.get(found.model, found.model)} at {found.edge:g}, called "
        f"{found.edge_multiple:g}x. The intervals are Wilson's.",
    ]
    return "\n".join(lines) + "\n"


def latex(frame):
    """The same as a LaTeX tabular, without packages."""
    lines = [
        r"\begin{tabular}{llcccc}",
        r"\hline",
        r"Direction & Change & Fully diverged & Ratio & 95 \% interval & Paper \\",
        r"\hline",
    ]
    for row in frame.itertuples():
        lines.append(" & ".join(cell.replace("%", r"\%") for cell in cells(row)) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def cells(row):
    """One row of table_frame as text, in the order of HEADER."""
    return [
        row.direction,
        row.change,
        f"{row.diverged}/{row.tried}",
        f"{row.ratio:.0%}",
        f"{row.low:.0%} to {row.high:.0%}",
        f"{row.paper_diverged}/{row.paper_tried}",
    ]

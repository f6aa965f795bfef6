"""How often a diverged run lives under Clippy: in its replay, and in the recorded Clippy run."""

import pandas as pd

from experiments.findings.names import METHOD_NAMES, MODEL_NAMES, markdown_table, share_interval
from experiments.findings.statistics import proportion

RESCUER = "clippy"
ALIVE = ("healthy", "micro")  # labels of runs that a method has kept alive
CELL = ["model", "rate_multiple", "seed"]
COLUMNS = ["data_seed", "method", *CELL, "run_id", "label", "snapshot", "onset", "replayed"]
COLUMNS += ["recorded_id", "recorded"]


def pairs(runs):
    """The fully diverged runs of Table 2, each with the run of RESCUER of its model, rate, seed.

    The runs of the search for thresholds count: they have run seeds of their own.

    Args:
      runs: rows of Table 2, one a run.
    Returns: DataFrame with those of COLUMNS that the records give, in the order of `runs`.
    """
    treated = runs[runs["method"] == RESCUER][[*CELL, "run_id", "label"]]
    treated = treated.rename(columns={"run_id": "recorded_id", "label": "recorded"})
    dead = runs[(runs["label"] == "full") & (runs["method"] != RESCUER)]
    found = dead.merge(treated, on=CELL, how="inner", validate="many_to_one")
    return found[[name for name in COLUMNS if name in found]]


def agreement(rows):
    """Whether the replay and the recorded run both live or both do not, for each row."""
    return rows["replayed"].isin(ALIVE) == rows["recorded"].isin(ALIVE)


def markdown(rows):
    """What a person reads of `rows`, a DataFrame with COLUMNS."""
    lines, by = [], ["method", "model", "rate_multiple"]
    for (method, model, multiple), cell in rows.groupby(by, sort=False):
        begun, lives = cell["snapshot"] > 0, cell["replayed"].isin(ALIVE)
        numbers = [len(cell), begun.sum(), (begun & lives).sum(), (~begun & lives).sum()]
        numbers += [cell["recorded"].isin(ALIVE).sum(), agreement(cell).sum()]
        lines.append([METHOD_NAMES[method], MODEL_NAMES[model], f"{multiple:g}x", *numbers])
    header = ["Method", "Model", "Rate", "Diverged", "With a snapshot", "Live from it"]
    header += ["Live from step 0", "Recorded lives", "Agree"]
    begun = rows[rows["snapshot"] > 0]
    lives = begun["replayed"].isin(ALIVE)
    share = proportion(int(lives.sum()), len(begun))
    rescuer = METHOD_NAMES[RESCUER]
    return f"""# Would {rescuer} have saved it?

Each fully diverged run of Table 2 and of its search is replayed under {rescuer} from the snapshot
before its onset to the end. Where no snapshot is of a living network the replay starts at step 0,
and is the recorded {rescuer} run once more. Beside it stands the recorded run that had {rescuer}
from its first step, of the same model, rate and seed. A run lives if its label is healthy or
micro.

{markdown_table(header, lines)}
From a snapshot {lives.sum()} of {len(begun)} replays live, {share.value:.0%} (Wilson, 95 %:
{share_interval(share)}).
All replays and the recorded runs agree in {agreement(rows).sum()} of {len(rows)}; the recorded
runs live in {rows["recorded"].isin(ALIVE).sum()}.
"""


def frame(found):
    """The rows of all replays as a DataFrame with COLUMNS."""
    rows = pd.DataFrame(found, columns=COLUMNS)
    return rows.astype({"onset": "Int64"})

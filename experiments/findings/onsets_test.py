"""When untreated runs diverge, on hand-made runs."""

import math

import pandas as pd

from experiments.findings import onsets
from experiments.studies.testing import table2_row

NAN = math.nan
RUNS = [  # model, rate, label, day of the onset, day of the first shock
    ("small", 1, "full", 3.0, 4.0),
    ("small", 1, "full", 4.0, 4.0),  # on the day of the shock
    ("small", 1, "full", 11.0, 4.0),
    ("small", 1, "full", 2.0, 1.0),  # each run against its own stream
    ("small", 1, "micro", NAN, 4.0),
    ("small", 1, "damaged", NAN, 4.0),
    ("small", 2, "full", 0.0, 4.0),
    ("large", 1, "healthy", NAN, 4.0),
    ("large", 1, "full", 20.0, NAN),  # a stream without shocks
]


def test_full_divergences_are_cut_at_the_day_of_the_first_shock():
    rows = [
        table2_row(model, "naive", rate, 0.5, seed, label=label, onset_day=onset, shock_day=shock)
        for seed, (model, rate, label, onset, shock) in enumerate(RUNS)
    ]
    other = {"label": "full", "onset_day": 9.0, "shock_day": 4.0}
    rows += [table2_row("small", "gc", 1, 0.5, **other)]
    rows += [table2_row("small", "naive", 1, 0.5, role="search", **other)]
    frame = onsets.table_frame(pd.DataFrame(rows), "naive")
    assert frame.to_dict("list") == {
        "model": ["small", "small", "large"],
        "rate_multiple": [1.0, 2.0, 1.0],
        "n": [6, 1, 2],
        "at_start": [1, 1, 1],
        "at_shock": [3, 0, 0],
        "survived": [2, 0, 1],
    }
    text = onsets.markdown(frame, "naive")
    assert text.startswith("\nWhen naive runs diverge:\n\n| Model | Rate | At the start |")
    assert "| Small | 1x | 1/6 | 3/6 | 2/6 |\n" in text

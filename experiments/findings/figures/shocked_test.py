"""The steps of shocks against what the stream does on each day."""

import io

import numpy as np
import pandas as pd
import pytest

from data import drift
from experiments.findings.figures import shocked
from experiments.studies.testing import smoke

DAYS = 8  # of the smoke profile, which has 6 steps a day


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"Shocks.days": (2,), "LabelShocks.days": (3, 6)},
        {"Shocks.days": (0,), "Shocks.duration_days": 2, "LabelShocks.days": (1, 7)},
        {"Shocks.duration_days": None, "StreamConfig.label_shocks": None},
        {"StreamConfig.shocks": None, "LabelShocks.days": (5,), "LabelShocks.duration_days": 9},
        {"StreamConfig.drift": False},
    ],
)
def test_the_steps_are_those_of_the_days_that_the_stream_changes(values):
    config = smoke(values=values)
    stream = config.stream
    hit = (drift.label_scales(stream) != 1).any(axis=1)
    if stream.shocks is not None:
        hit |= (drift._shock_path(stream, seed=3) != 0).any(axis=1)
    days = np.flatnonzero(hit[: DAYS - 1])  # the last one is not trained on
    expected = {6 * day + place for day in days for place in range(1, 7)}
    found = shocked.steps(config)
    assert {step for first, last in found for step in range(first, last + 1)} == expected
    ends = [end for pair in found for end in pair]
    assert ends == sorted(ends)
    assert all(first > last + 1 for (_, last), (first, _) in zip(found, found[1:], strict=False))


@pytest.mark.parametrize("stretches", [[], [(49, 60)], [(49, 60), (109, 120)]])
def test_a_column_keeps_them(stretches):
    frame = pd.DataFrame({"shocked": [shocked.text(stretches)], "step": [1]})
    file = io.StringIO(frame.to_csv(index=False))
    back = pd.read_csv(file, keep_default_na=False, na_values=[""])
    assert shocked.stretches(back["shocked"].iloc[0]) == stretches

"""The days of flights, against what is worked out by hand from the table of the test."""

import datetime

import numpy as np
import pandas as pd
import pytest

from scripts.fetch import flights
from scripts.fetch.testing import FLOWN, bound, flown

LABELS = ["dep_time", "dep_delay", "arr_delay"]


@pytest.fixture
def days():
    return flights.prepared(*flown())


def test_days_are_those_of_the_schedule_in_their_order(days):
    expected = sorted({datetime.date(2013, row[0], row[1]) for row in FLOWN})
    assert list(days) == [day.isoformat() for day in expected]
    assert [len(rows) for rows in days.values()] == [3, 1, 1, 1]
    assert days["2013-02-28"]["flight"].tolist() == ["AA1", "AA1", "UA3"]  # one never left


def test_a_label_is_missing_where_there_is_none(days):
    rows = days["2013-02-28"][list(bound("flights")["tasks"])]
    none = np.nan
    expected = [
        [1, none, none, none, none],  # cancelled
        [0, 0, none, 15 / 60, none],  # 15 minutes are not over 15; it landed elsewhere
        [0, 1, 0, 16 / 60, 15 / 60],
    ]
    np.testing.assert_array_equal(rows.to_numpy(), expected)


def test_no_feature_knows_a_label(days):
    """Neither its day's nor another's: with all labels changed the features are the same."""
    table, weather = flown()
    rest = [name for name in table if name not in LABELS]
    changed = table[rest].assign(dep_time=1.0, dep_delay=[500.0, 1, 2, 3, 4, 5], arr_delay=-9.0)
    after = flights.prepared(changed, weather)
    labels = list(bound("flights")["tasks"])
    for day, rows in days.items():
        pd.testing.assert_frame_equal(rows.drop(columns=labels), after[day].drop(columns=labels))
        assert not rows[labels].equals(after[day][labels])


def test_features_are_those_of_the_schedule_and_of_the_hour_before(days):
    cancelled, first, second = days["2013-02-28"].to_dict("records")
    assert (cancelled["weekday"], cancelled["month"]) == ("Thursday", "February")
    assert [row["scheduled_hour"] for row in (cancelled, first, second)] == [6.25, 18.25, 18.5]
    assert [row["flights_in_hour"] for row in (cancelled, first, second)] == [1, 2, 2]
    assert [row["temperature"] for row in (cancelled, first, second)] == [20, 30, 30]
    assert [row["wind_gust"] for row in (cancelled, first, second)] == [25, 5, 5]
    rain = [row["precipitation"] for row in (cancelled, first, second)]
    np.testing.assert_allclose(rain, [np.log(5), 0, 0])
    assert days["2013-03-02"]["temperature"].isna().all()

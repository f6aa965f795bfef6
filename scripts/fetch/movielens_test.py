"""The spans of MovieLens, against loops over the ratings in the table of the test."""

import math

import numpy as np
import pandas as pd
import pytest

from scripts.fetch import movielens
from scripts.fetch.testing import RATED, bound, rated

ROWS = 3  # of a span


@pytest.fixture
def days():
    return movielens.prepared(*rated(), ROWS)


def spans():
    """The ratings of each span, by hand: it takes whole seconds until it has reached ROWS."""
    made, passed = {}, 0
    for second in sorted({row[3] for row in RATED}):
        rows = sorted(row for row in RATED if row[3] == second)
        made.setdefault(passed // ROWS, []).extend(rows)
        passed += len(rows)
    return list(made.values())


def test_spans_are_equal_and_in_the_order_of_time(days):
    expected = [[row[:2] for row in span] for span in spans()]
    found = [list(zip(rows["user"], rows["item"], strict=True)) for rows in days.values()]
    assert found == expected
    assert [len(rows) for rows in found] == [4, 3, 2, 3]
    names = ["span-00-1970-01-01", "span-01-1970-01-01", "span-02-1970-01-01", "span-03-1970-01-02"]
    assert list(days) == names


def test_history_is_that_of_earlier_seconds_and_spans(days):
    for number, (rows, span) in enumerate(zip(days.values(), spans(), strict=True)):
        past = [row for earlier in spans()[:number] for row in earlier]
        for made, row in zip(rows.to_dict("records"), span, strict=True):
            for place, name in enumerate(("user", "item")):
                count = sum(other[place] == row[place] and other[3] < row[3] for other in RATED)
                assert made[f"{name}_ratings"] == pytest.approx(math.log(1 + count))
                stars = [other[2] for other in past if other[place] == row[place]]
                mean = np.mean(stars) if stars else math.nan
                assert made[f"{name}_mean"] == pytest.approx(mean, nan_ok=True)


@pytest.mark.parametrize("number", range(4))
def test_no_feature_knows_a_label_of_its_own_span_or_a_later_one(days, number):
    ratings, users, items = rated()
    later = [row for span in spans()[number:] for row in span]
    changed = [6 - row[2] if row in later else row[2] for row in RATED]
    ratings["rating:float"] = [str(stars) for stars in changed]
    after = movielens.prepared(ratings, users, items, ROWS)
    labels = list(bound("movielens")["tasks"])
    for day in list(days)[: number + 1]:
        before, now = (made[day].drop(columns=labels) for made in (days, after))
        pd.testing.assert_frame_equal(before, now)
    assert not days[list(days)[number]][labels].equals(after[list(days)[number]][labels])
    if number < 3:  # what is later does know
        assert not list(days.values())[-1].equals(list(after.values())[-1])


def test_labels_and_what_is_known_of_person_and_film(days):
    first = next(iter(days.values())).to_dict("records")
    labels = [(row["liked"], row["top"], row["rating"]) for row in first]
    assert labels == [(1, 1, 1.5), (0, 0, -0.5), (0, 0, -1.5), (0, 0, -2.5)]
    assert [row["zip_region"] for row in first] == ["5", "V", "5", "0"]
    assert [row["age"] for row in first] == [24, 61, 24, 33]
    years = [row["release_year"] for row in first]
    np.testing.assert_array_equal(years, [1995, 1995, 1940, math.nan])  # a word and no year
    assert first[0]["genres"] == "Drama War"
    assert (first[0]["weekday"], first[0]["hour"]) == ("Thursday", 1 / 60)

"""MovieLens-100K: 100,000 ratings of films by 943 persons, September 1997 to April 1998.

The package recbole has its tables. The terms of GroupLens allow research and no redistribution.

Calendar days have between 0 and 3,550 ratings, so the ratings in the order of time are cut into
equal spans, which stand for days. A span begins with a new second: a person rates up to dozens of
films in one.
"""

import numpy as np
import pandas as pd

from scripts.fetch.archives import Package, table

PACKAGE = Package(
    "recbole", "1.2.1", "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
)
DISTURBED = {"rating": 6.0}  # ours: spans in which a few persons rate most
FILE = "recbole/dataset_example/ml-100k/ml-100k"
RATINGS = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
USERS = ["user_id:token", "age:token", "gender:token", "occupation:token", "zip_code:token"]
ITEMS = ["item_id:token", "release_year:token", "class:token_seq"]
SPAN_ROWS = 2_000  # ours: 50 spans, with an AUC of the last that is sure to 0.013
MIDDLE = 3.5  # near the mean of all ratings, 3.53, and known before them


def days(archive):
    """The spans of the stream in their order: dict from name, with the first date, to DataFrame."""
    files = {"inter": RATINGS, "user": USERS, "item": ITEMS}
    tables = [table(archive, f"{FILE}.{end}", names, "\t", str) for end, names in files.items()]
    return prepared(*tables)


def prepared(ratings, users, items, span_rows=SPAN_ROWS):
    """`days` of DataFrames of text with the columns RATINGS, USERS and ITEMS."""
    rows = ratings.merge(users, how="left").merge(items, how="left")
    rows = rows.rename(columns=lambda name: name.split(":")[0])
    numbers = ["rating", "timestamp", "age", "release_year"]
    # Two films have no year but a word.
    rows[numbers] = rows[numbers].apply(pd.to_numeric, errors="coerce")
    rows = rows.sort_values(["timestamp", "user_id", "item_id"], ignore_index=True)
    span = (_earlier(rows["timestamp"]) // span_rows).astype(int)
    time = pd.to_datetime(rows["timestamp"], unit="s")
    made = _features(rows, time).join(_history(rows, span)).join(_labels(rows["rating"]))
    first = time.groupby(span).min()
    return {f"span-{n:02d}-{date:%Y-%m-%d}": made[span == n] for n, date in first.items()}


def _features(rows, time):
    """What is known of the person, the film and the moment."""
    return pd.DataFrame(
        {
            "user": rows["user_id"],
            "item": rows["item_id"],
            "occupation": rows["occupation"],
            "gender": rows["gender"],
            "zip_region": rows["zip_code"].str[0],  # a group of states, or a letter outside
            "genres": rows["class"],
            "weekday": time.dt.day_name(),
            "age": rows["age"],
            "release_year": rows["release_year"],
            "hour": time.dt.hour + time.dt.minute / 60,  # UTC
        }
    )


def _history(rows, span):
    """What is known of earlier ratings of the person and of the film.

    The number of ratings is that of earlier seconds, and the mean that of earlier spans: a label
    is known when its span is over. The mean is NaN where there is none.
    """
    made = {}
    for name in ("user", "item"):
        key = rows[f"{name}_id"]
        made[f"{name}_ratings"] = np.log1p(_earlier(rows["timestamp"].groupby(key)))
        totals = rows["rating"].groupby([key, span]).agg(["sum", "count"])
        before = totals.groupby(level=0).cumsum().groupby(level=0).shift()
        mean = before["sum"] / before["count"]
        made[f"{name}_mean"] = mean.loc[zip(key, span, strict=True)].to_numpy()
    return pd.DataFrame(made)


def _earlier(times):
    """How many of `times`, or of those of its group, are before each."""
    return times.rank(method="min") - 1


def _labels(rating):
    return pd.DataFrame(
        {
            "liked": (rating >= 4).astype(float),
            "top": (rating == 5).astype(float),
            "rating": rating - MIDDLE,
        }
    )

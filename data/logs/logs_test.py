"""A day of a log has its rows, encoded as the config says; what is wrong is said in one line."""

import gzip
import zlib

import numpy as np
import pandas as pd
import pytest

from data import LogStream, open_days
from data.logs import files, stream
from data.logs.testing import CATEGORICAL, DAYS, TASKS, config, day_frame, write_days

NAMES = list(TASKS)


def opened(path, cache, **changes):
    return LogStream(config(path, **changes), cache)


def joined(days):
    return pd.concat([day_frame(day) for day in days], ignore_index=True)


@pytest.fixture(params=[1_000_000, 50])
def chunked(request, monkeypatch):
    """Whole days in one chunk, and days in several."""
    monkeypatch.setattr(files, "CHUNK_ROWS", request.param)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_day_has_its_rows(tmp_path, chunked, ending):
    log = opened(write_days(tmp_path / "log", ending=ending), tmp_path / "cache")
    first = joined([0, 1])  # over which the dense columns are standardised
    for day in (3, 0, 4):
        frame, rows = day_frame(day), log.day(day)
        assert len(rows) == len(frame) == log.rows(day)
        for column, name in enumerate(["age", "price"]):
            mean, deviation = first[name].mean(), first[name].std(ddof=0)
            expected = ((frame[name] - mean) / deviation).fillna(0)
            np.testing.assert_allclose(rows["dense"][:, column], expected, rtol=2e-5, atol=1e-5)
        np.testing.assert_allclose(rows["labels"], frame[NAMES].to_numpy(), rtol=1e-6)


def test_categories_are_indexed_by_frequency_or_hashed(tmp_path, chunked):
    log = opened(write_days(tmp_path / "log"), tmp_path / "cache")
    # On the training days: de, fr, se, then a missing value, then it; three have ids of their own.
    counts = joined(range(DAYS - 1))["country"].fillna("missing").value_counts()
    known = {value: rank for rank, value in enumerate(counts.index[:3], 1)}
    assert list(known) == ["de", "fr", "se"]
    frame, ids = day_frame(4), log.day(4)["categorical"]
    np.testing.assert_array_equal(ids[:, 0], frame["country"].map(known).fillna(0))
    assert set(ids[:, 1]) == {1, 2}
    expected = [zlib.crc32(f"item={item}".encode()) % 4 for item in frame["item"]]
    np.testing.assert_array_equal(ids[:, 2], expected)


def test_a_missing_category_is_one_of_its_own(tmp_path):
    log = opened(write_days(tmp_path / "log"), tmp_path / "cache", vocabulary_size=9)
    missing = day_frame(2)["country"].isna().to_numpy()
    ids = log.day(2)["categorical"][:, 0]
    assert len(set(ids[missing])) == 1 and not set(ids[missing]) & set(ids[~missing]) - {0}


def test_what_only_the_last_day_has_is_unseen(tmp_path):
    folder = write_days(tmp_path / "log")
    last = day_frame(4).assign(country="no", age=1e9)
    last.to_csv(folder / "day-5.csv", index=False)
    rows = opened(folder, tmp_path / "cache").day(4)
    assert not rows["categorical"][:, 0].any()
    assert rows["dense"][:, 0].max() > 1e6  # the mean is that of the first days


def test_files_are_in_natural_order_and_a_day_may_be_a_folder(tmp_path):
    plain, log = write_days(tmp_path / "plain", days=11), tmp_path / "log"
    for day in range(11):
        frame = day_frame(day)
        (log / f"{day + 1}").mkdir(parents=True)
        for part, rows in enumerate((frame[:20], frame[20:])):
            rows.to_csv(log / f"{day + 1}" / f"part-{part}.csv", index=False)
    (log / "_SUCCESS").write_text("")
    one, other = (opened(path, tmp_path / "cache", days=11) for path in (plain, log))
    for day in (1, 9, 10):
        assert one.day(day).tobytes() == other.day(day).tobytes()


def test_days_may_be_left_out(tmp_path):
    folder = write_days(tmp_path / "log")
    log = opened(folder, tmp_path / "cache", days=3, left_out=("day-2", "day-4"))
    assert [log.rows(day) for day in range(3)] == [len(day_frame(day)) for day in (0, 2, 4)]
    table = pd.concat([day_frame(day).assign(date=f"day-{day + 1}") for day in range(DAYS)])
    table.to_csv(tmp_path / "log.csv", index=False)
    cut = {"days": 3, "left_out": ("day-2", "day-4"), "day_column": "date"}
    other = opened(tmp_path / "log.csv", tmp_path / "cache", **cut)
    assert all(log.day(day).tobytes() == other.day(day).tobytes() for day in range(3))
    with pytest.raises(
        ValueError, match="LogsConfig.left_out = 'day-7': expected a day of the log"
    ):
        opened(folder, tmp_path / "cache", days=3, left_out=("day-7",))


def test_several_days_may_be_evaluated_on(tmp_path):
    folder = write_days(tmp_path / "log")
    log = opened(folder, tmp_path / "cache", days=4, evaluation_days=2)
    apart = opened(folder, tmp_path / "cache", days=4)  # the fifth day is not used
    assert [log.rows(day) for day in range(4)] == [60, 67, 74, 81 + 88]
    assert log.day(3)[:81].tobytes() == apart.day(3).tobytes()
    np.testing.assert_allclose(log.day(3)["labels"][81:], day_frame(4)[NAMES], rtol=1e-6)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_log_with_a_day_column_is_cut(tmp_path, chunked, ending):
    dates = pd.date_range("2013-09-28", periods=DAYS + 1).strftime("%Y-%m-%d")
    log = pd.concat([day_frame(day).assign(date=dates[day]) for day in range(DAYS + 1)])
    path = tmp_path / f"log{ending}"
    log.to_csv(path, index=False) if ending == ".csv" else log.to_parquet(path)
    one = opened(path, tmp_path / "cache", day_column="date")
    other = opened(write_days(tmp_path / "days"), tmp_path / "cache")
    for day in range(DAYS):  # the sixth day is not used
        assert one.day(day).tobytes() == other.day(day).tobytes()


def test_the_cache_keeps_days_and_encoding(tmp_path, monkeypatch):
    folder, cache = write_days(tmp_path / "log"), tmp_path / "cache"
    asked = config(folder)
    first = [open_days(cache, asked, None).day(day).tobytes() for day in range(DAYS)]
    # Neither the log nor a second reading of it is needed from here on.
    for path in folder.iterdir():
        path.unlink()
    monkeypatch.setattr(stream, "fitted", None)
    again = open_days(cache, asked, None)
    assert [again.day(day).tobytes() for day in range(DAYS)] == first
    (encoding,) = cache.glob("log-*/encoding.json")
    encoding.write_text(encoding.read_text().replace('"mean": [4', '"mean": [5'))
    with pytest.raises(ValueError, match="no files"):  # one that was changed is not taken
        open_days(cache, asked, None)


def test_days_are_made_as_one_learns_of_the_same_log_elsewhere(tmp_path):
    one, other = (config(write_days(tmp_path / name)) for name in ("one", "other"))
    streams = [LogStream(asked, tmp_path / "cache") for asked in (one, other)]
    assert one.digest == other.digest and streams[0].identity == streams[1].identity
    day_frame(0, seed=1).to_csv(tmp_path / "other" / "day-1.csv", index=False)
    assert config(tmp_path / "other").digest != one.digest


def test_a_log_that_changed_is_refused(tmp_path):
    folder = write_days(tmp_path / "log")
    asked, late = config(folder), config(folder, vocabulary_size=5)
    log = LogStream(asked, tmp_path / "cache")
    day_frame(2, seed=1).to_csv(folder / "day-3.csv", index=False)
    assert len(log.day(1)) == 67  # another day of it is as it was
    with pytest.raises(ValueError, match=r"day-3\.csv: day day-3\.csv has changed"):
        log.day(2)
    with pytest.raises(ValueError, match=r"log: the files have changed: expected the log"):
        LogStream(late, tmp_path / "cache")


def without(name):
    return lambda frame: frame.drop(columns=name)


def with_value(row, name, value):
    def changed(frame):
        frame = frame.astype({name: object})
        frame.loc[row, name] = value
        return frame

    return changed


LINES = {
    "a missing dense column": (without("age"), "no column 'age': expected one of price, country"),
    "a missing category": (without("item"), "no column 'item'"),
    "a missing label": (without("click"), "no column 'click'"),
    "text in a number": (with_value(4, "age", "old"), "row 5: age = old: expected a finite number"),
    "infinity": (with_value(0, "price", "inf"), "row 1: price = inf: expected a finite number"),
    "text in a label": (with_value(9, "watch_time", "long"), "row 10: watch_time = long"),
    "a label of 2": (with_value(7, "click", 2), "row 8: click = 2: expected 0 or 1"),
    "half a label": (with_value(7, "click", 0.5), "row 8: click = 0.5: expected 0 or 1"),
    "an empty day": (lambda frame: frame[:0], "day day-4.csv has no rows"),
}


@pytest.mark.parametrize("change, said", LINES.values(), ids=LINES)
def test_a_bad_row_is_refused_with_its_place(tmp_path, chunked, change, said):
    folder = write_days(tmp_path / "log")
    change(day_frame(3)).to_csv(folder / "day-4.csv", index=False)
    with pytest.raises(ValueError) as caught:
        opened(folder, tmp_path / "cache")
    line = str(caught.value)
    assert line.startswith(f"{folder / 'day-4.csv'}: {said}") and "\n" not in line


@pytest.mark.parametrize(
    "ending, content, said",
    [
        ("csv", b"", "cannot be read: No columns to parse from file"),
        ("csv", b"age;price\n1;2\n", "no column 'country': expected one of age;price"),
        (
            "csv",
            ",".join([*day_frame(0)]).encode() + b"\n" + b"1,2\n" + 9 * b"1,",
            "cannot be read: ",
        ),
        ("csv", b"\xff\xfe\0\0age", "cannot be read: expected text in UTF-8"),
        ("csv.gz", b"age", "cannot be read: Not a gzipped file"),
        ("parquet", b"PAR1 nothing", "cannot be read: "),
    ],
)
def test_a_bad_file_is_refused(tmp_path, ending, content, said):
    folder = write_days(tmp_path / "log")
    (folder / "day-2.csv").unlink()
    path = folder / f"day-2.{ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        opened(folder, tmp_path / "cache")
    assert str(caught.value).startswith(f"{path}: {said}") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "last, days, said",
    [
        (lambda frame: frame.assign(click=0), 5, "click has 1 of its two classes on the last day"),
        (lambda frame: frame, 6, "5 days: expected at least 6"),
    ],
)
def test_a_bad_log_is_refused(tmp_path, last, days, said):
    folder = write_days(tmp_path / "log")
    last(day_frame(4)).to_csv(folder / "day-5.csv", index=False)
    with pytest.raises(ValueError, match=rf"^{folder}: {said}"):
        opened(folder, tmp_path / "cache", days=days)


@pytest.mark.parametrize(
    "dates, said",
    [
        (["2", "1", "3", "4", "5"], "row 61: date = 1 after 2: expected days in order"),
        (["9", "10", "9", "11", "12"], "row 128: date = 9 after 10: expected days in order"),
        (["1", "2", None, "3", "4"], "row 128: no date: expected the day of every row"),
    ],
)
def test_days_out_of_order_are_refused(tmp_path, dates, said):
    log = pd.concat([day_frame(day).assign(date=dates[day]) for day in range(DAYS)])
    log.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(ValueError, match=rf"log\.csv: {said}$"):
        opened(tmp_path / "log.csv", tmp_path / "cache", day_column="date")


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"path": "nowhere"}, "LogsConfig.path = 'nowhere': expected a file or folder that exists"),
        ({"dense": "age"}, "LogsConfig.dense = 'age': expected a list of names"),
        (
            {"categorical": {"item": "binned"}},
            "LogsConfig.categorical = .*'indexed' or 'hashed', not",
        ),
        ({"categorical": {}}, "LogsConfig.categorical = .* not empty"),
        ({"dense": ("age", "item")}, "LogsConfig = 'item': expected a column to be one thing"),
        ({"standardised_days": 5}, "LogsConfig.standardised_days = 5: .* at most 4"),
        ({"tasks": {"click": "count"}}, "LogsConfig.tasks = .*'binary' or 'regression'"),
    ],
)
def test_a_bad_parameter_is_refused(tmp_path, changes, said):
    folder = write_days(tmp_path / "log")
    with pytest.raises(ValueError, match=f"^{said}"):
        config(**{"path": folder} | changes)


def test_other_files_are_refused(tmp_path):
    folder = write_days(tmp_path / "log")
    (folder / "notes.txt").write_text("days of last week")
    with pytest.raises(ValueError, match=r"notes\.txt: expected a file in \.csv"):
        config(folder)
    with gzip.open(folder / "day-6.csv.gz", "wt") as file:
        file.write("age\n1\n")
    (folder / "notes.txt").rename(folder / ".notes.txt")
    assert config(folder).days == DAYS and CATEGORICAL["item"] == "hashed"

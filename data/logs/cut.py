"""A log whose files hold many days is cut into one file a day."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data import checks
from data.logs.rows import checked


def cut(config, paths, folder):
    """Writes the first days of a log, each into a Parquet file of its own.

    The rows are checked as they are read. Memory does not grow with the log.

    Args:
      config: LogsConfig with a day column.
      paths: files of the log in their order.
      folder: where the days go, `day-<t>.parquet`.
    Returns: list of (the value of the day column, [path]), one a day, at most `config.log_days`.
    Raises: ValueError as `checked`, or if a row has no day or one before that of an earlier row.
    """
    schema, days, writer, seen = _schema(config), [], None, []
    try:
        for day, frame in _pieces(config, paths):
            if day not in seen[-1:]:
                if writer is not None:
                    writer = writer.close()
                if len(days) == config.log_days:
                    break
                seen.append(day)
                if day not in config.left_out:
                    path = folder / f"day-{len(days):05d}.parquet"
                    writer = pq.ParquetWriter(path, schema)
                    days.append((day, [path]))
            if writer is not None:
                writer.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False))
    finally:
        if writer is not None:
            writer.close()
    check_left_out(config, seen)
    return days


def check_left_out(config, names):
    """Raises: ValueError if a day that is left out is none of the names of a log's days."""
    for name in config.left_out:
        if name not in names:
            checks.fail("LogsConfig.left_out", name, "a day of the log")


def _pieces(config, paths):
    """Yields (day, rows) for the rows of files that are of one day and stand together."""
    newest = None
    for file, row, frame in checked(config, paths, config.day_column):
        days = frame.pop(config.day_column)
        starts = (days != days.shift()).to_numpy().nonzero()[0].tolist()
        for start, stop in zip(starts, [*starts[1:], len(frame)], strict=False):
            day = days.iloc[start]
            if day != newest or pd.isna(day):
                _check_order(config, day, newest, f"{file}: row {row + start}")
            newest = day
            yield day, frame.iloc[start:stop]


def _check_order(config, day, before, where):
    name = config.day_column
    if pd.isna(day):
        raise ValueError(f"{where}: no {name}: expected the day of every row")
    if before is not None and _order(day) <= _order(before):
        raise ValueError(f"{where}: {name} = {day} after {before}: expected days in order")


def _order(day):
    """What days are ordered by: numbers by their value, text as text, so write ISO dates."""
    try:
        return 0, float(day), ""
    except ValueError:
        return 1, 0.0, day


def _schema(config):
    kinds = dict.fromkeys(config.encodings, pa.string())
    kinds |= dict.fromkeys([*config.dense, *dict(config.tasks)], pa.float64())
    return pa.schema(list(kinds.items()))

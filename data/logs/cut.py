"""A log whose files hold many days is cut into one file a day."""

import pyarrow as pa
import pyarrow.parquet as pq

from data.logs.rows import checked


def cut(config, paths, folder):
    """Writes the first days of a log, each into a Parquet file of its own.

    The rows are checked as they are read. Memory does not grow with the log.

    Args:
      config: LogsConfig with a day column.
      paths: files of the log in their order.
      folder: where the days go, `day-<t>.parquet`.
    Returns: list of (the value of the day column, [path]), one a day, at most `config.days`.
    Raises: ValueError as `checked`, or if a row has no day or one before that of an earlier row.
    """
    days, writer, newest = [], None, None
    try:
        for file, row, frame in checked(config, paths, config.day_column):
            values = frame[config.day_column]
            starts = (values != values.shift()).to_numpy().nonzero()[0].tolist()
            for start, stop in zip(starts, [*starts[1:], len(frame)], strict=True):
                day = values.iloc[start]
                if day != newest:
                    _check_order(config, day, newest, f"{file}: row {row + start}")
                    if writer is not None:
                        writer.close()
                        writer = None
                    if len(days) == config.days:
                        return days
                    newest = day
                    days.append((day, [folder / f"day-{len(days):05d}.parquet"]))
                table = _table(config, frame.iloc[start:stop])
                writer = writer or pq.ParquetWriter(days[-1][1][0], table.schema)
                writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
    return days


def _check_order(config, day, before, where):
    name = config.day_column
    if day is None:
        raise ValueError(f"{where}: no {name}: expected the day of every row")
    if before is not None and _order(day) <= _order(before):
        raise ValueError(f"{where}: {name} = {day} after {before}: expected days in order")


def _order(day):
    """What days are ordered by: numbers by their value, text as text, so write ISO dates."""
    try:
        return 0, float(day), ""
    except ValueError:
        return 1, 0.0, day


def _table(config, frame):
    kinds = dict.fromkeys(config.encodings, pa.string())
    kinds |= dict.fromkeys([*config.dense, *dict(config.tasks)], pa.float64())
    schema = pa.schema(list(kinds.items()))
    return pa.Table.from_pandas(frame[list(kinds)], schema, preserve_index=False)

"""Checked rows of a log: numbers are numbers, labels are labels, the rest is text."""

import numpy as np
import pandas as pd
from pandas.api import types

from data.logs import files


def checked(config, paths, *text):
    """Yields the rows of files in chunks, as `files.chunks`, with their columns in order.

    Args:
      config: LogsConfig.
      paths: files.
      text: names of further columns to read as text.
    Yields: (file, row, DataFrame): categorical columns are str, or None for a missing value; dense
      columns and labels are float64, NaN for a missing value.
    Raises: ValueError, which names file, row and column, for text in the place of a number, an
      infinite number, or a binary label other than 0 and 1.
    """
    kinds = dict.fromkeys(config.dense, "dense") | dict(config.tasks)
    for file, row, frame in files.chunks(paths, [*config.encodings, *text], kinds):
        for name, kind in kinds.items():
            frame[name] = _numbers(frame[name], kind, file, row)
        for name in (*config.encodings, *text):
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
        yield file, row, frame


def _numbers(column, kind, file, row):
    """A column as float64 numbers."""
    values = np.full(len(column), np.nan)
    if not types.is_datetime64_any_dtype(column.dtype):
        values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~np.isfinite(values) & column.notna().to_numpy()
    expected = "a finite number"
    if kind == "binary":
        wrong |= ~np.isnan(values) & (values != 0) & (values != 1)
        expected = "0 or 1"
    if wrong.any():
        first = int(wrong.argmax())
        said = f"{column.name} = {column.iloc[first]!s}: expected {expected}"
        raise ValueError(f"{file}: row {row + first}: {said}")
    return values

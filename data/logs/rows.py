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
    Yields: (file, row, DataFrame): text columns are str, None or NaN for a missing value; dense
      columns and labels are float64, NaN for a missing value.
    Raises: ValueError, which names file, row and column, for text in the place of a number, an
      infinite number, or a binary label other than 0 and 1.
    """
    kinds = dict.fromkeys(config.dense, "dense") | dict(config.tasks)
    texts = [*config.encodings, *text]
    for file, row, frame in files.chunks(paths, texts, kinds):
        numbers = {name: _numbers(frame[name], kind, file, row) for name, kind in kinds.items()}
        yield file, row, pd.DataFrame({name: frame[name] for name in texts} | numbers, copy=False)


def _numbers(column, kind, file, row):
    """A column as float64 numbers."""
    values = np.full(len(column), np.nan)
    if not types.is_datetime64_any_dtype(column.dtype):
        values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    finite = np.isfinite(values)
    wrong, expected = ~finite, "a finite number"
    if wrong.any():
        wrong &= column.notna().to_numpy()
    if kind == "binary":
        wrong |= finite & (values != 0) & (values != 1)
        expected = "0 or 1"
    if wrong.any():
        first = int(wrong.argmax())
        said = f"{column.name} = {column.iloc[first]!s}: expected {expected}"
        raise ValueError(f"{file}: row {row + first}: {said}")
    return values

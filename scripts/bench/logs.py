"""A stream as a log, so that a log is measured with days of the size of a profile."""

import pandas as pd

from data import LogsConfig


def written(stream, folder, days):
    """Writes days of a synthetic stream as Parquet files; the LogsConfig that reads them.

    Args:
      stream: data.Stream.
      folder: where the files go, one a day.
      days: how many of them.
    """
    config = stream.config
    folder.mkdir(parents=True)
    dense = config.dense_names
    categorical = [f"category_{index}" for index in range(config.categorical_features)]
    for day in range(days):
        rows = stream.day(day)
        columns = dict(zip(dense, rows["dense"].T, strict=True))
        columns |= dict(zip(categorical, rows["categorical"].T, strict=True))
        columns |= dict(zip(dict(config.tasks), rows["labels"].T, strict=True))
        pd.DataFrame(columns).to_parquet(folder / f"day-{day}.parquet")
    return LogsConfig(
        path=str(folder),
        days=days,
        dense=dense,
        categorical=dict.fromkeys(categorical, "indexed"),
        vocabulary_size=config.vocabulary_size,
        standardised_days=1,
        tasks=config.tasks,
    )

"""A small log for tests: five columns, two tasks, days of uneven size, missing values."""

import numpy as np
import pandas as pd

from data import LogsConfig

DAYS = 5
TASKS = {"click": "binary", "watch_time": "regression"}
CATEGORICAL = {"country": "indexed", "device": "indexed", "item": "hashed"}


def day_frame(day, seed=0):
    """The rows of one day, some of their values missing."""
    rng = np.random.default_rng([seed, day])
    rows = 60 + 7 * day
    frame = pd.DataFrame(
        {
            "age": rng.normal(40 + day, 12, rows).round(2),
            "price": rng.lognormal(1 + 0.1 * day, 1, rows).round(4),
            "country": rng.choice(["de", "fr", "se", "it"], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "device": rng.choice(["phone", "tablet"], rows),
            "item": rng.integers(1_000, 9_999, rows),
            "click": rng.integers(0, 2, rows),
            "watch_time": rng.exponential(2.0, rows).round(3),
        }
    )
    frame.loc[frame.index % 11 == 3, "age"] = np.nan
    frame.loc[frame.index % 13 == 5, "country"] = None
    frame.loc[frame.index % 17 == 2, "watch_time"] = np.nan
    return frame


def write_days(folder, days=DAYS, ending=".csv"):
    """Writes a file a day, `day-1` to `day-<days>`, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(days):
        path, frame = folder / f"day-{day + 1}{ending}", day_frame(day)
        if ending == ".parquet":
            frame.astype({"device": "category"}).to_parquet(path)
        else:
            frame.to_csv(path, index=False)
    return folder


def config(path, **changes):
    """The LogsConfig of such a log."""
    given = {
        "path": str(path),
        "days": DAYS,
        "dense": ("age", "price"),
        "categorical": CATEGORICAL,
        "vocabulary_size": 4,
        "standardised_days": 2,
        "tasks": TASKS,
    }
    return LogsConfig(**given | changes)

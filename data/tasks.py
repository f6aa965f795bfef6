"""The six tasks of the stream (paper, section 5.2, which shows the first of each kind)."""

from typing import Literal, NamedTuple

import numpy as np


class Task(NamedTuple):
    """One label column: its name, and whether the label is a class or a number."""

    name: str
    kind: Literal["binary", "regression"]


# The names are ours; the paper names none of its tasks. The order is the order of the columns.
TASKS = (
    Task("click", "binary"),
    Task("like", "binary"),
    Task("share", "binary"),
    Task("watch_time", "regression"),
    Task("completion", "regression"),
    Task("rating", "regression"),
)

BINARY = np.array([task.kind == "binary" for task in TASKS])

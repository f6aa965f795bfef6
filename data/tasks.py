"""Tasks: the label columns of a stream, and which two of them tables show."""

import dataclasses
from typing import Literal, NamedTuple, get_args

import numpy as np

from data import checks

Kind = Literal["binary", "regression"]


class Task(NamedTuple):
    """One label column: its name, and whether the label is a class or a number."""

    name: str
    kind: Kind


# The six tasks of the synthetic stream. The names are ours; the paper names none of its tasks.
TASKS = (
    Task("click", "binary"),
    Task("like", "binary"),
    Task("share", "binary"),
    Task("watch_time", "regression"),
    Task("completion", "regression"),
    Task("rating", "regression"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Labelled(checks.Checked):
    """What every stream says of its labels.

    Args:
      tasks: the label columns in their order: a dict from name to kind, "binary" (labels 0 and 1)
        or "regression", or pairs of these.
      reported: the tasks that tables show, at most one of each kind: the AUC of the binary one and
        the RMSE of the other (section 5.2 shows two of its six tasks). None for the first of each
        kind.
    """

    tasks: tuple[Task, ...] = TASKS
    reported: tuple[str, ...] | None = None

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "tasks", _tasks(self._name("tasks"), self.tasks))
        if self.reported is not None:
            object.__setattr__(self, "reported", self._reported())

    @property
    def binary(self):
        """Which label columns are binary: bool array (tasks,)."""
        return np.array([task.kind == "binary" for task in self.tasks])

    def shown(self, kind):
        """The name of the reported task of a kind, or None where there is none."""
        names = [task.name for task in self.tasks if task.kind == kind]
        if self.reported is not None:
            names = [name for name in names if name in self.reported]
        return next(iter(names), None)

    def _reported(self):
        kinds, reported = dict(self.tasks), self.reported
        known = isinstance(reported, (tuple, list)) and all(
            isinstance(name, str) and name in kinds for name in reported
        )
        if not known or len({kinds[name] for name in reported}) < len(reported):
            expected = f"names of {', '.join(kinds)}, at most one of each kind"
            checks.fail(self._name("reported"), reported, expected)
        return tuple(reported)

    def _name(self, field):
        return f"{type(self).__name__}.{field}"


def _tasks(name, value):
    """Tasks from a dict or from pairs; ValueError, which calls the parameter `name`, for others."""
    pairs = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, (tuple, list)) or not pairs:
        checks.fail(name, value, "a dict from the name of a task to its kind, not empty")
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or pair[1] not in get_args(Kind):
            expected = f"tasks of kind {' or '.join(map(repr, get_args(Kind)))}"
            checks.fail(name, value, expected)
        if not isinstance(pair[0], str) or not pair[0].isidentifier():
            checks.fail(name, value, "names of letters, digits and underscores")
    names = [one for one, _ in pairs]
    if len(set(names)) < len(names):
        checks.fail(name, value, "every task once")
    return tuple(Task(*pair) for pair in pairs)

"""Which log is a stream, and what its columns mean."""

import dataclasses
import functools
from typing import Annotated

from data import checks
from data.checks import Count
from data.logs import files
from data.tasks import Labelled, Task

ENCODINGS = ("indexed", "hashed")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogsConfig(Labelled):
    """A stream of days read from CSV or Parquet files.

    Args:
      path: a folder with one file or one folder of files a day, in the natural order of their names
        (day-2 before day-10); or, with `day_column`, a file or a folder of files that hold all
        days one after the other. Relative to the present folder, else to that of the project.
      days: N, days of the stream; day N-1 is the evaluation day.
      evaluation_days: how many days of the log make up the evaluation day, where one has few rows.
        The first N - 1 + evaluation_days days of the log are used.
      dense: names of the columns that are numbers. They are standardised, and a missing value is
        the mean.
      categorical: dict from the name of a column to how its values become ids: "indexed" by the
        frequency of the value on the training days, id 0 for all others; or "hashed". A missing
        value is a value of its own.
      vocabulary_size: ids of each categorical column.
      standardised_days: the first days, over which mean and standard deviation of a dense column
        are taken, as those of the first window.
      tasks, reported: as of Labelled; the name of a task is that of its column. A row with a
        missing label counts neither in the loss nor in the metrics of that task.
      left_out: names of days that are not used, which then do not count: those of files or folders
        without their endings, or values of the day column.
      day_column: the column that tells one day from the next, or None for a file or folder a day.
      digest: of what is in the files, which makes it part of the identity of a run. None to read
        them now.
    """

    path: str
    days: Annotated[int, functools.partial(checks.whole, least=2)]
    dense: tuple[str, ...]
    categorical: tuple[tuple[str, str], ...]
    vocabulary_size: Annotated[int, functools.partial(checks.whole, least=2)]
    standardised_days: Count
    tasks: tuple[Task, ...] = dataclasses.field()
    evaluation_days: Count = 1
    left_out: tuple[str, ...] = ()
    day_column: str | None = None
    digest: str | None = None

    gaps = True  # a label may be missing
    heavy = None  # which dense columns have heavy tails is not known
    known_shocks = {}

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.path, str) or not self.path:
            checks.fail("LogsConfig.path", self.path, "the path of a file or folder")
        checks.whole("LogsConfig.standardised_days", self.standardised_days, 1, self.days - 1)
        if self.day_column is not None and not isinstance(self.day_column, str):
            checks.fail("LogsConfig.day_column", self.day_column, "the name of a column or None")
        for field in ("dense", "left_out"):
            object.__setattr__(self, field, self._names(field))
        object.__setattr__(self, "categorical", self._categorical())
        names = [*self.dense, *self.encodings, *dict(self.tasks)]
        if len(set(names)) < len(names) or self.day_column in names:
            twice = next(name for name in names if names.count(name) > 1 or name == self.day_column)
            checks.fail("LogsConfig", twice, "a column to be one thing: dense, categorical or task")
        if self.digest is None:
            object.__setattr__(self, "digest", files.digest(self.path))

    def _names(self, field):
        names = getattr(self, field)
        if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
            checks.fail(self._name(field), names, "a list of names")
        return tuple(names)

    def _categorical(self):
        given = self.categorical
        pairs = list(given.items()) if isinstance(given, dict) else given
        right = isinstance(pairs, (tuple, list)) and bool(pairs)
        right = right and all(
            isinstance(pair, (tuple, list))
            and len(pair) == 2
            and isinstance(pair[0], str)
            and pair[1] in ENCODINGS
            for pair in pairs
        )
        if not right:
            expected = "a dict from the name of a column to 'indexed' or 'hashed', not empty"
            checks.fail("LogsConfig.categorical", given, expected)
        return tuple(map(tuple, pairs))

    @property
    def encodings(self):
        """How each categorical column becomes ids: dict from its name, in their order."""
        return dict(self.categorical)

    @property
    def log_days(self):
        """How many days of the log are used."""
        return self.days - 1 + self.evaluation_days

    @property
    def dense_names(self):
        """What the dense features are called: list of text."""
        return list(self.dense)

    @property
    def dense_features(self):
        """Number of dense features."""
        return len(self.dense)

    @property
    def categorical_names(self):
        """What the categorical features are called: list of text."""
        return [name for name, _ in self.categorical]

    @property
    def categorical_features(self):
        """Number of categorical features."""
        return len(self.categorical)

    @property
    def examples_per_day(self):
        """Rows of a day, roughly, from the size of the files, for the cost of a run."""
        columns = len(self.dense) + len(self.categorical) + len(self.tasks)
        return max(1, round(files.size(self.path) / (BYTES_PER_VALUE * columns * self.log_days)))


BYTES_PER_VALUE = 3  # ours: CSV has more, compressed Parquet less

"""Streams of days, synthetic, of logs or of a corpus; the batches of a run; days on disk."""

from data.cache import FROM_FILES, DayCache, open_days
from data.config import (
    FeatureWalk,
    LabelNoise,
    LabelShocks,
    Shocks,
    StreamConfig,
    Teacher,
    TeacherDrift,
    VocabularyChurn,
)
from data.logs import LogsConfig, LogStream
from data.stream import Stream
from data.tasks import TASKS, Task
from data.translation import CorpusConfig, Epochs, PairStream
from data.window import Window

__all__ = [
    "FROM_FILES",
    "TASKS",
    "CorpusConfig",
    "DayCache",
    "Epochs",
    "FeatureWalk",
    "LabelNoise",
    "LabelShocks",
    "LogStream",
    "LogsConfig",
    "PairStream",
    "Shocks",
    "Stream",
    "StreamConfig",
    "Task",
    "Teacher",
    "TeacherDrift",
    "VocabularyChurn",
    "Window",
    "open_days",
]

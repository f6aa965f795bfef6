"""Streams of days, synthetic or of logs, the moving window over them, their cache on disk."""

from data.cache import DayCache, open_days
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
from data.window import Window

__all__ = [
    "TASKS",
    "DayCache",
    "FeatureWalk",
    "LabelNoise",
    "LabelShocks",
    "LogStream",
    "LogsConfig",
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

"""The drifting multitask stream, the moving window over it, and its cache on disk."""

from data.cache import DayCache
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
from data.stream import Stream
from data.tasks import TASKS, Task
from data.window import Window

__all__ = [
    "TASKS",
    "DayCache",
    "FeatureWalk",
    "LabelNoise",
    "LabelShocks",
    "Shocks",
    "Stream",
    "StreamConfig",
    "Task",
    "Teacher",
    "TeacherDrift",
    "VocabularyChurn",
    "Window",
]

"""The flight recorder: snapshots of a run's state, the one before an onset kept on disk."""

import dataclasses

from data import checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecorderConfig:
    """Which snapshots of a run are held in memory.

    Args:
      every_steps: steps from one snapshot to the next.
      snapshots: how many of the last ones are held.
    """

    every_steps: int
    snapshots: int

    def __post_init__(self):
        for field in ("every_steps", "snapshots"):
            checks.whole(f"RecorderConfig.{field}", getattr(self, field), 1)

"""How a translation run goes through its corpus: passes, and the schedule of section A.2."""

import dataclasses

from data import checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScheduleConfig(checks.Checked):
    """Steps, batches and learning rates of a translation run.

    The rate of step s, counted from 1, is `learning_rate * min(1, s / w) / sqrt(max(s, w))` with
    w = `warmup_steps`: the linear warmup and inverse square root decay of init2winit, which is the
    default of its translation model. `stretch` counts each step as so many, so that a short run
    passes the rates of a long one at the same share of its way.

    Args:
      steps: training steps of the run.
      batch_size: pairs of a batch.
      evaluate_every_steps: steps between two evaluations on the validation pairs.
      warmup_share: share of the steps in which the rate rises.
      stretch: steps of the schedule that go by in a step of the run.
    """

    steps: checks.Count
    batch_size: checks.Count
    evaluate_every_steps: checks.Count
    warmup_share: checks.Share
    stretch: checks.Positive

    def steps_of(self, stream):
        """Training steps of a run, whatever its corpus."""
        del stream
        return self.steps

    def rate_at(self, learning_rate, step):
        """The learning rate of `step` (from 0)."""
        warmup = max(1.0, self.warmup_share * self.steps) * self.stretch
        now = (step + 1) * self.stretch
        return learning_rate * min(1.0, now / warmup) / max(now, warmup) ** 0.5

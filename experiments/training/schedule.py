"""How a translation run goes through its corpus: passes, and the schedule of section A.2."""

import dataclasses

from data import checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScheduleConfig(checks.Checked):
    """Steps, batches and learning rates of a translation run.

    The rate of step s, counted from 1, is `learning_rate * min(1, s / w) / sqrt(max(s, w))` with w
    the steps of the warmup: "constant * linear_warmup * rsqrt_decay" of init2winit, the default of
    its translation model. Its peak is `learning_rate / sqrt(w)`, at step w.

    Args:
      steps: training steps of the run.
      batch_size: pairs of a batch.
      evaluate_every_steps: steps between two evaluations on the validation pairs.
      warmup_share: share of the steps in which the rate rises, one step at least.
    """

    steps: checks.Count
    batch_size: checks.Count
    evaluate_every_steps: checks.Count
    warmup_share: checks.Share

    def steps_of(self, stream):
        """Training steps of a run, whatever its corpus."""
        del stream
        return self.steps

    def rate_at(self, learning_rate, step):
        """The learning rate of `step` (from 0)."""
        warmup, now = max(1.0, self.warmup_share * self.steps), step + 1
        return learning_rate * min(1.0, now / warmup) / max(now, warmup) ** 0.5

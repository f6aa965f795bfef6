"""What looks over a run's shoulder, step by step, and changes nothing of it."""

from experiments.run.detector import Detector
from experiments.run.telemetry import Ledger

GRADIENT = "top_hidden/grad_norm"  # Fig. 4b: large at step-b, tiny at step-c


class Watch:
    """Keeps the telemetry of one run and hands it to the detector.

    Args:
      config: TelemetryConfig.
    """

    def __init__(self, config):
        self._ledger, self._detector = Ledger(config), Detector(config.detector)
        self.events = []

    def before(self, step, program):
        """Called before each step (steps count from 0)."""

    def after(self, step, day, rate, loss, measures):
        """Called after each step.

        Args:
          step: from 0.
          day: newest day in the window.
          rate: learning rate of the step.
          loss: training loss.
          measures: dict, as Program.measures.
        """
        row = {"step": step + 1, "day": day, "learning_rate": rate, "loss": loss, **measures}
        event = self._detector.see(step + 1, loss, measures.get(GRADIENT))
        if event is not None:
            self.events.append(event._asdict())
        self._ledger.add(row, event is not None)

    def frame(self):
        """The telemetry of the run so far: DataFrame."""
        return self._ledger.frame()

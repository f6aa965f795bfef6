"""What looks over a run's shoulder, step by step, and changes nothing of it."""

from experiments.training.detector import Detector, see_row
from experiments.training.recorder import Recorder
from experiments.training.telemetry import Ledger


class Watch:
    """Keeps the telemetry of one run, and hands it to the detector, and that to the recorder.

    Args:
      config: TelemetryConfig.
      save: function (snapshot, event) that writes a snapshot, or None for no snapshots.
    """

    def __init__(self, config, save=None):
        self._ledger, self._detector = Ledger(config), Detector(config.detector)
        recorded = save is not None and config.recorder is not None
        self._recorder = Recorder(config.recorder, save) if recorded else None
        self.events = []

    def before(self, step, program):
        """Called before each step (steps count from 0)."""
        if self._recorder is not None:
            self._recorder.before(step, program)

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
        event = see_row(self._detector, row)
        if event is not None:
            self.events.append(event._asdict())
            if self._recorder is not None:
                self._recorder.fired(event)
        self._ledger.add(row, event is not None)

    def frame(self):
        """The telemetry of the run so far: DataFrame."""
        return self._ledger.frame()

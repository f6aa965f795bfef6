"""Observers of a run, which are told of its beginning and of every step."""


class Observer:
    """What the trainer tells of a run; a subclass overrides what it wants to hear.

    Each method is given the trainer.Run as it is at that moment.
    """

    def begins(self, run):
        """Called once, before the first step; may resume the run or bring its end nearer."""

    def before(self, run):
        """Called before each step; `run.step` counts the steps taken, 0 before the first."""

    def after(self, run):
        """Called after each step, and after the evaluation where one is due."""


class OnRow(Observer):
    """Calls `show` with each row of the curves once, those of a resumed run at its beginning."""

    def __init__(self, show):
        self._show, self._shown = show, 0

    def begins(self, run):
        self.after(run)

    def after(self, run):
        for row in run.rows[self._shown :]:
            self._show(row)
        self._shown = len(run.rows)


class FirstLosses(Observer):
    """Keeps the training losses of the first steps: `losses`, empty for a run that was resumed."""

    STEPS = 5  # ours: chaos has not yet had the time to blow up what is rounded otherwise

    def __init__(self):
        self.losses = []

    def after(self, run):
        """Keeps the loss of this step."""
        if run.step == len(self.losses) + 1 <= self.STEPS:
            self.losses.append(float(run.loss))


class Excerpt(Observer):
    """Has a run take at most `steps` of its steps, from a Snapshot or, if None, from the first."""

    def __init__(self, steps, snapshot=None):
        self._steps, self._snapshot = steps, snapshot

    def begins(self, run):
        if self._snapshot is not None:
            run.resume(self._snapshot)
        run.last = min(run.last, run.step + self._steps)

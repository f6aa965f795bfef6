"""The sequential moving-window trainer: days 0 to N-2 in order, evaluation on day N-1."""

import dataclasses
import time

import numpy as np
import pandas as pd
from scipy.special import logit

from data import Epochs, Window
from experiments.training import metrics
from experiments.training.program import FIELDS, Program, tensors

# Probabilities nearer to 0 or 1 than these are 0 or 1 in float32, and their logits are not finite.
ROUNDED = (2.0**-150, 1 - 2.0**-25)


class Evaluation:
    """The rows of the last day of a stream, predicted `chunk_size` at once.

    Its metrics begin with those of the reported tasks, so that the first AUC of a run is theirs;
    without any they are in the order of the tasks.
    """

    def __init__(self, rows, stream, chunk_size):
        self._rows, self._chunk_size = rows, chunk_size
        self._labels = np.array(rows["labels"])
        columns, first = enumerate(stream.tasks), stream.reported or ()
        self._columns = sorted(
            ((column, *task) for column, task in columns), key=lambda task: task[1] not in first
        )

    def __call__(self, program):
        """Metrics of a program's predictions by `<task>/<metric>`, NaN where undefined."""
        return self._metrics(program.predict(self._chunks()))

    def _chunks(self):
        # Inputs become tensors chunk by chunk: a day of the paper's size has gigabytes of them.
        for start in range(0, len(self._rows), self._chunk_size):
            yield tensors(self._rows[start : start + self._chunk_size], FIELDS[:2])

    def optimal(self):
        """Metrics of the Bayes-optimal prediction for every task, or {} where it is not known."""
        if "optimal" not in self._rows.dtype.names:
            return {}
        known = np.array(self._rows["optimal"], np.float64)
        sure = np.clip(known, *ROUNDED)
        best = {
            name: logit(sure[:, column]) if kind == "binary" else known[:, column]
            for column, name, kind in self._columns
        }
        return self._metrics(best)

    def _metrics(self, predictions):
        """All metrics of logits of binary tasks and values of regressions, each (rows,)."""
        found = {}
        for column, name, kind in self._columns:
            labels = self._labels[:, column]
            given = ~np.isnan(labels)
            for metric, measure in metrics.BY_KIND[kind].items() if name in predictions else ():
                found[f"{name}/{metric}"] = measure(labels[given], predictions[name][given])
        return found


def seeds_of(run_seed):
    """Seeds of the initial weights and of the order of the data, spawned from one run seed."""
    weights, order = np.random.SeedSequence(run_seed).spawn(2)
    return int(weights.generate_state(1)[0]), int(order.generate_state(1)[0])


def window_of(config, days):
    """The moving window of a run over its DayCache or its stream; Epochs for a translation run."""
    seed = seeds_of(config.run_seed)[1]
    if config.translates:
        batch_size = config.trainer.batch_size
        return Epochs(rows=days.day(0), steps=config.steps, batch_size=batch_size, seed=seed)
    rows = tuple(days.rows(day) for day in range(config.stream.days))
    return Window(
        days=config.stream.days,
        examples_per_day=rows[0] if len(set(rows)) == 1 else rows,
        window_days=config.trainer.window_days,
        steps_per_day=config.trainer.steps_per_day,
        batch_size=config.trainer.batch_size,
        seed=seed,
    )


@dataclasses.dataclass
class Run:
    """A run under way, as its observers see it between two steps, and what it has come to.

    program: Program that takes its steps.
    last: steps after which the run ends.
    step: steps taken.
    day, rate, loss: newest day in the window (or the pass over a corpus), learning rate and
      training loss of the latest step; before a step, day and rate are those of the step to come.
    rows: rows of the curves so far, dicts.
    losses: training losses since the last row.
    step_s: seconds spent inside the compiled step.
    first_bad_step: first step (from 0) whose loss was not finite or after which the predictions
      were not, or None; the run ends with it.
    optimal: metrics of the Bayes-optimal prediction, once the run has ended.
    """

    program: Program
    last: int
    step: int = 0
    day: int = 0
    rate: float | None = None
    loss: float | None = None
    rows: list = dataclasses.field(default_factory=list)
    losses: list = dataclasses.field(default_factory=list)
    step_s: float = 0.0
    first_bad_step: int | None = None
    optimal: dict[str, float] | None = None

    @property
    def curves(self):
        """DataFrame, one row an evaluation.

        Columns are step (steps taken), day (newest in the window), learning_rate, loss (mean
        training loss since the last row), worst_loss (its largest value), and `<task>/<metric>` on
        the last day; NaN where undefined.
        """
        return pd.DataFrame(self.rows)

    def resume(self, snapshot, rows=(), losses=(), step_s=0.0):
        """Goes on from a Snapshot, with what had been noted of the run until then."""
        self.program.restore(snapshot)
        self.step, self.step_s = snapshot.step, step_s
        self.rows, self.losses = list(rows), list(losses)

    def take_step(self, batch):
        """Takes the next step on a batch of tensors."""
        begun = time.perf_counter()
        self.loss = self.program.step(batch, self.rate)
        self.step_s += time.perf_counter() - begun
        self.step += 1
        self.losses.append(self.loss)

    def add_row(self, found):
        """Adds the metrics of an evaluation to the curves; one that is not finite ends the run."""
        about = {"step": self.step, "day": self.day, "learning_rate": self.rate}
        # np.max is NaN if any loss is.
        about |= {"loss": float(np.mean(self.losses)), "worst_loss": float(np.max(self.losses))}
        self.rows.append(about | found)
        self.losses = []
        # An AUC is undefined where a class is missing, too.
        judged = [value for name, value in found.items() if not name.endswith("/auc")]
        if not np.isfinite([self.loss, *judged]).all():
            self.first_bad_step = self.step - 1


def train(config, program, days, evaluation, observers=()):
    """Trains one run from its first step to its last, or to the first number that is not finite.

    Args:
      program: Program with the trace key of `config`.
      days: DayCache of the stream, or the stream itself.
      evaluation: Evaluation of the last day.
      observers: Observers, told in this order.
    Returns: Run, ended.
    """
    window, every_steps = window_of(config, days), config.trainer.evaluate_every_steps
    program.start(config, seeds_of(config.run_seed)[0])
    run = Run(program, last=window.steps)
    for observer in observers:
        observer.begins(run)
    while run.step < run.last and run.first_bad_step is None:
        batch = program.tensors(window.batch(run.step, days.day, **program.share))
        run.day, run.rate = window.day_of(run.step), config.rate_at(run.step)
        for observer in observers:
            observer.before(run)
        run.take_step(batch)
        if run.step % every_steps == 0 or run.step == run.last or not np.isfinite(run.loss):
            run.add_row(evaluation(program))
        for observer in observers:
            observer.after(run)
    run.optimal = evaluation.optimal()
    return run

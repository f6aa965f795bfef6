"""The sequential moving-window trainer: days 0 to N-2 in order, evaluation on day N-1."""

import time
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logit

from data import TASKS, Window
from experiments.training import metrics
from experiments.training.program import FIELDS, tensors


class Outcome(NamedTuple):
    """What a run came to.

    curves: DataFrame, one row an evaluation: step (steps taken), day (newest in the window),
      learning_rate, loss (mean training loss since the last row), worst_loss (its largest value),
      and `<task>/<metric>` on the last day; NaN where undefined.
    first_bad_step: first step (from 0) whose loss was not finite or after which the predictions
      were not, or None.
    optimal: metrics of the Bayes-optimal prediction.
    step_s: seconds spent inside the compiled step.
    """

    curves: pd.DataFrame
    first_bad_step: int | None
    optimal: dict[str, float]
    step_s: float


class Evaluation:
    """The last day of the stream, ready to be predicted.

    Args:
      rows: rows of the last day.
      chunk_size: rows predicted at once.
    """

    def __init__(self, rows, chunk_size):
        self._rows, self._chunk_size = rows, chunk_size
        self._labels = np.array(rows["labels"])
        self._optimal = np.array(rows["optimal"], np.float64)

    def __call__(self, program):
        """Metrics of a program's predictions by `<task>/<metric>`."""
        return self._metrics(program.tasks, program.predict(self._chunks()))

    def _chunks(self):
        # Inputs become tensors chunk by chunk: a day of the paper's size has gigabytes of them.
        for start in range(0, len(self._rows), self._chunk_size):
            yield tensors(self._rows[start : start + self._chunk_size], FIELDS[:2])

    def optimal(self):
        """Metrics of the Bayes-optimal prediction, for every task."""
        best = {
            task.name: logit(self._optimal[:, column])
            if task.kind == "binary"
            else self._optimal[:, column]
            for column, task in enumerate(TASKS)
        }
        return self._metrics(TASKS, best)

    def _metrics(self, tasks, predictions):
        columns = [TASKS.index(task) for task in tasks]
        return metrics.by_task(tasks, columns, self._labels, predictions)


def seeds_of(run_seed):
    """Seeds of the initial weights and of the order of the data, spawned from one run seed."""
    weights, order = np.random.SeedSequence(run_seed).spawn(2)
    return int(weights.generate_state(1)[0]), int(order.generate_state(1)[0])


def window_of(config):
    """The moving window of a run."""
    return Window(
        days=config.stream.days,
        examples_per_day=config.stream.examples_per_day,
        window_days=config.trainer.window_days,
        steps_per_day=config.trainer.steps_per_day,
        batch_size=config.trainer.batch_size,
        seed=seeds_of(config.run_seed)[1],
    )


def train(
    config,
    program,
    day_rows,
    evaluation,
    on_row=lambda row: None,
    watch=None,
    snapshot=None,
    steps=None,
    keeper=None,
):
    """Trains one run from its first step to its last, or to the first number that is not finite.

    Args:
      config: RunConfig.
      program: Program with the config's trace key.
      day_rows: function from a day to its rows.
      evaluation: Evaluation of the last day.
      on_row: called with each row of the curves as it is made.
      watch: Watch, told of every step, or None.
      snapshot: recorder.Snapshot to begin with in place of the first step, or None.
      steps: steps to take at most, or None.
      keeper: checkpoint.Keeper, which may know where to go on and is offered each state, or None.
    Returns: Outcome.
    """
    trainer, window = config.trainer, window_of(config)
    program.start(config, seeds_of(config.run_seed)[0])
    rows, losses, step_s, bad = [], [], 0.0, None
    kept = keeper and keeper.resume()
    if kept:
        snapshot, rows, losses, step_s, _ = kept
    for row in rows:
        on_row(row)
    if snapshot is not None:
        program.restore(snapshot)
    first = 0 if snapshot is None else snapshot.step
    last = window.steps if steps is None else min(window.steps, first + steps)
    for step in range(first, last):
        batch = tensors(window.batch(step, day_rows, **program.share))
        rate = trainer.rate_at(step, config.learning_rate)
        if watch is not None:
            watch.before(step, program)
        before = time.perf_counter()
        losses.append(program.step(batch, rate))
        step_s += time.perf_counter() - before
        if watch is not None:
            watch.after(step, window.day_of(step), rate, losses[-1], program.measures)
        due = (step + 1) % trainer.evaluate_every_steps == 0 or step + 1 == last
        if due or not np.isfinite(losses[-1]):
            found = evaluation(program)
            rows.append(_row(step, window.day_of(step), rate, losses, found))
            on_row(rows[-1])
            if not (np.isfinite(losses[-1]) and _predicted(found)):
                bad = step
                break
            losses = []
        if keeper is not None:
            keeper.offer(step + 1, program, rows, losses, step_s)
    return Outcome(pd.DataFrame(rows), bad, evaluation.optimal(), step_s)


def _predicted(found):
    """Whether the predictions were finite; an AUC is undefined where a class is missing, too."""
    return all(np.isfinite(value) for name, value in found.items() if not name.endswith("/auc"))


def _row(step, day, rate, losses, found):
    return {
        "step": step + 1,
        "day": day,
        "learning_rate": rate,
        "loss": float(np.mean(losses)),
        "worst_loss": float(np.max(losses)),  # NaN if any is
        **found,
    }

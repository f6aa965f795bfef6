"""What a person sees while a study runs: a live display in a terminal, plain lines elsewhere."""

import json

import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from experiments.run.cost import seconds_of
from experiments.run.divergence import label


class Display:
    """Progress of one study; used as a context manager around its runs.

    Args:
      divergence: DivergenceConfig.
      workers: runs done at the same time.
      console: rich Console, by default one on standard error.
    """

    def __init__(self, divergence, workers, console=None):
        self._divergence, self._workers = divergence, workers
        self._console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")
        )
        self._task = self._bar.add_task("", total=0)
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        self._done = self._total = 0
        self._predicted_s = 0.0  # of the runs still to be done
        self._spent_s = self._spent_predicted_s = 0.0  # of the runs done here

    def __enter__(self):
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind, error, trace):
        self._live.stop()

    def begin(self, title, total, done, predicted_s):
        """Says what is about to happen.

        Args:
          title: name of the study or of a part of it.
          total: its runs, those done included.
          done: those that have a record already.
          predicted_s: predicted seconds of the others, one worker.
        """
        self._total, self._done, self._predicted_s = total, done, predicted_s
        self._console.print(
            f"{title}: {total} runs, {done} done, {self._workers} workers, "
            f"about {_duration(self._remaining_s())} to go",
            highlight=False,
            soft_wrap=True,
        )

    def finished(self, config, record, curves):
        """One run has ended and is recorded."""
        wall_s = record.provenance["wall_s"]
        self._spent_s += wall_s
        self._spent_predicted_s += seconds_of(config)
        self._one_less(config)
        found = label(curves, self._divergence)
        self._line(record.run_id, found.kind, mean_auc(record.metrics), wall_s)

    def crashed(self, config):
        """One run has crashed; the study goes on."""
        self._one_less(config)
        self._line(config.run_id, "crashed", None, 0.0)

    def _one_less(self, config):
        self._done += 1
        self._predicted_s = max(0.0, self._predicted_s - seconds_of(config))

    def running(self, folder):
        """Shows the runs under way, from the files that the workers keep in `folder`."""
        if not self._console.is_terminal:
            return
        states = []
        for path in sorted(folder.glob("*.json")):
            try:
                states.append(json.loads(path.read_text()))
            except (OSError, ValueError):  # it has just ended, or is just being replaced
                continue
        lines = [self._state(state) for state in states]
        left = _duration(self._remaining_s())
        self._bar.update(
            self._task, completed=self._done, total=self._total, description=f"about {left} to go"
        )
        self._live.update(Group(*lines, self._bar))

    def _state(self, state):
        rows = state["rows"]
        found = label(pd.DataFrame(rows), self._divergence)
        text = Text(f"  {state['run_id']}  step {rows[-1]['step']}/{state['steps']}  ")
        text.append(f"{found.kind:<8}", style=color_of(found.kind))
        return text.append(f" {shown_auc(mean_auc(rows[-1]))}")

    def _line(self, run_id, kind, auc, wall_s):
        width = len(str(self._total))
        text = Text(f"[{self._done:>{width}}/{self._total}] {run_id}  ")
        text.append(f"{kind:<8}", style=color_of(kind))
        text.append(f" {shown_auc(auc)}  {wall_s:.0f} s")
        self._console.print(text, soft_wrap=True)

    def _remaining_s(self):
        measured = self._spent_s / self._spent_predicted_s if self._spent_s else 1.0
        return self._predicted_s / self._workers * measured


def mean_auc(metrics):
    """Mean AUC over the binary tasks, or None where one is undefined."""
    found = [value for name, value in metrics.items() if name.endswith("/auc")]
    return None if not found or None in found else sum(found) / len(found)


def color_of(kind):
    """Colour of a label."""
    return {"healthy": "green", "micro": "yellow"}.get(kind, "red")


def shown_auc(value):
    """An AUC as a person reads it; None is one that is undefined."""
    return "AUC   -  " if value is None else f"AUC {value:.4f}"


def _duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"

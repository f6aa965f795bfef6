"""What a person sees while a study runs: a live display in a terminal, plain lines elsewhere."""

import collections
import datetime
import math
import time
from typing import NamedTuple

import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.table import Column, Table
from rich.text import Text

from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.workers.worker import states
from experiments.training.divergence import CHANCE, label

HEARTBEAT_S = 300  # ours: between two plain lines of a study whose runs are long
LEAST_TOP = 0.6  # ours: upper end of a sparkline's scale, so that noise about chance stays low
CURVE_LETTERS = 24  # ours: of a sparkline where there is room
NARROW = 72  # ours: letters of a terminal in which a whole run id leaves no room for a curve
EARLY = 0.25  # ours: share of its steps before which a run at chance is not yet called diverged
BARS = "▁▂▃▄▅▆▇█"
UNDEFINED = "×"


class Display:
    """Progress of one study; used as a context manager around its runs.

    Args:
      divergence: DivergenceConfig.
      workers: number of runs done at the same time.
      console: rich Console, by default one on standard error.
      clock: function that gives the time in seconds.
    """

    def __init__(self, divergence, workers, console=None, clock=time.time):
        self._divergence, self._workers, self._clock = divergence, workers, clock
        self._console = console or Console(stderr=True)
        self._is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._is_narrow = self._is_live and self._console.width < NARROW
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        columns = "runs", BarColumn(None, table_column=Column(ratio=1)), MofNCompleteColumn()
        self._bar = Progress(*columns, console=self._console, expand=True)
        self._bar.add_task("runs", total=0)
        (self._runs,) = self._bar.tasks
        self._predicted_s = 0.0  # of the runs still to be done
        self._spent_s = self._spent_predicted_s = 0.0  # of the runs done here
        self._kinds = collections.Counter()  # of the runs done here
        self._held = set()  # ids of runs that another process was seen to be on
        self._began = self._said = clock()

    def __enter__(self):
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, kind, error, trace):
        self._live.stop()
        if self._kinds:
            took = duration(self._clock() - self._began)
            self._print(self._counts().append(f" in {took}"))

    def begin(self, title, total, done, predicted_s):
        """Announces a study or a part of it.

        Args:
          title: its name.
          total: number of its runs, those done included.
          done: number of those that have a record already.
          predicted_s: predicted seconds of the others on one worker.
        """
        self._bar.reset(self._runs.id, total=total, completed=done)
        self._predicted_s = predicted_s
        left = self._left(predicted_s / self._workers * self._pace())
        self._print(Text(f"{title}: {total} runs, {done} done, {self._workers} workers, {left}"))

    def finished(self, config, record, curves):
        """Shows a run that has ended and is recorded."""
        wall_s = record.provenance["wall_s"]
        self._spent_s += wall_s
        self._spent_predicted_s += seconds_of(config)
        found = label(curves, self._divergence)
        self._ended(config, found.kind, mean_auc(record.metrics), wall_s)

    def crashed(self, config):
        """Shows a run that has crashed; the study goes on."""
        self._ended(config, "crashed", None, 0.0)

    def held(self, config):
        """Says, once a run, that another process is on it."""
        if config.run_id not in self._held:
            self._held.add(config.run_id)
            self._print(Text(f"{config.run_id}: another process is on it; looked at again later"))

    def note(self, text):
        """Says something that a person should know, in lines of its own."""
        self._print(Text(text))

    def running(self, root, waiting=(), study=None):
        """Shows the runs under way.

        Args:
          root: results folder, in which the workers keep their progress files.
          waiting: RunConfigs that have not ended, those under way among them.
          study: name that the files of this study's own runs give; others are said to be so.
        """
        if not self._is_live and self._clock() - self._said < HEARTBEAT_S:
            return
        found = list(states(root))
        own = sum(state.get("study") == study for state in found)
        elsewhere = f", {len(found) - own} elsewhere" if own < len(found) else ""
        left = self._left(self._remaining_s(found, waiting))
        count = f"{own} running{elsewhere}"
        if not self._is_live:
            self._print(Text(f"{self._place()} {count}, {left}"))
            return
        columns = [Column(no_wrap=True) for _ in range(3)] + [Column(ratio=1, no_wrap=True)]
        runs = Table.grid(*columns, padding=(0, 1 if self._is_narrow else 2), expand=True)
        for state in found:
            runs.add_row(*self._row(state, study))
        # The runs come last: where the terminal is too low for all, rich leaves out the end.
        counts = Text(count).append("; " if self._kinds else "").append(self._counts())
        self._live.update(Group(self._bar, Text(left), counts, runs))

    def _row(self, state, study):
        """The cells of a run under way: id, steps, AUC, and the AUC so far as a curve."""
        rows, steps = state["rows"], state["steps"]
        step = rows[-1]["step"] if rows else 0
        aucs = [mean_auc(row) for row in rows]
        kind = self._kind(rows, steps)
        said = Text("" if state.get("study") == study else "elsewhere ", style="bright_black")
        said.append("" if kind == "healthy" else f"{kind} ", style=color_of(kind))
        return (
            self._shown_id(state["run_id"]),
            f"{step / steps:4.0%}" if self._is_narrow else f"step {step}/{steps}",
            shown_auc(aucs[-1]) if rows else "starting",
            _Curve(said, aucs, color_of(kind)),
        )

    def _kind(self, rows, steps):
        """The label of a run under way; one that has not left chance yet is given a while."""
        if not rows:
            return "healthy"
        found = label(pd.DataFrame(rows), self._divergence)
        early = rows[-1]["step"] < EARLY * steps
        return "healthy" if early and found.step == rows[0]["step"] else found.kind

    def _counts(self):
        """How the runs done here ended, as text; empty if there are none."""
        text = Text(f"{sum(self._kinds.values())} runs done:" if self._kinds else "")
        for place, (kind, count) in enumerate(self._kinds.most_common()):
            text.append("," * (place > 0)).append(f" {count} {kind}", style=color_of(kind))
        return text

    def _ended(self, config, kind, auc, wall_s):
        self._bar.advance(self._runs.id)
        self._predicted_s = max(0.0, self._predicted_s - seconds_of(config))
        self._kinds[kind] += 1
        gap, letters = (" ", 7) if self._is_narrow else ("  ", 9)
        text = Text(f"{self._place()} {self._shown_id(config.run_id)}{gap}")
        text.append(f"{kind:<{letters}}", style=color_of(kind))
        self._print(text.append(f" {shown_auc(auc)}{gap}{wall_s:.0f} s"))

    def _place(self):
        total = self._runs.total
        return f"[{self._runs.completed:>{len(str(total))}}/{total}]"

    def _shown_id(self, run_id):
        """A run's id, or in a narrow terminal the first letters of its hash."""
        return run_id.rpartition("-")[2][:7] if self._is_narrow else run_id

    def _print(self, text):
        self._said = self._clock()
        self._console.print(text, soft_wrap=not self._is_live, highlight=False)

    def _pace(self):
        """Seconds that a predicted second took."""
        return self._spent_s / self._spent_predicted_s if self._spent_s else 1.0

    def _remaining_s(self, states, waiting):
        """Seconds to the end: of all work shared out, or of the run that will end last."""
        shares = {s["run_id"]: s["rows"][-1]["step"] / s["steps"] for s in states if s["rows"]}
        predicted = {config.run_id: seconds_of(config) for config in waiting}
        part = {run_id: shares.get(run_id, 0.0) * s for run_id, s in predicted.items()}
        longest = max((s - part[run_id] for run_id, s in predicted.items()), default=0.0)
        shared = (self._predicted_s - sum(part.values())) / self._workers
        return max(shared, longest, 0.0) * self._pace()

    def _left(self, seconds):
        """How long it still takes and when it will be done, as text."""
        now_s = self._clock()
        now, end = map(datetime.datetime.fromtimestamp, (now_s, now_s + seconds))
        day = "" if end.date() == now.date() else f"{end:%a} "
        return f"about {duration(seconds)} to go, done at {day}{end:%H:%M}"


class _Curve(NamedTuple):
    """Words and a curve in the room that the terminal leaves them."""

    said: Text
    aucs: list[float | None]
    style: str

    def __rich_console__(self, console, options):
        letters = min(CURVE_LETTERS, max(1, options.max_width - len(self.said)))
        top = max([LEAST_TOP, *(auc for auc in self.aucs if auc is not None)])
        yield self.said + Text(sparkline(self.aucs, letters, CHANCE, top), style=self.style)


def sparkline(values, width, low, high):
    """Numbers as bars of eight heights, in one word.

    Args:
      values: numbers in order; None or one that is not finite is shown as ×.
      width: letters at most, at least 1. Of more values each letter shows the last of its share, so
        that the last letter is the last value.
      low, high: ends of the scale, beyond which bars are cut off.
    Returns: text of at most `width` letters, "" without values. Bars are low if high <= low.
    """
    letters = min(len(values), width)
    shown = [values[(k + 1) * len(values) // letters - 1] for k in range(letters)]
    return "".join(_letter(value, low, high) for value in shown)


def _letter(value, low, high):
    if value is None or not math.isfinite(value):
        return UNDEFINED
    share = (value - low) / (high - low) if high > low else 0.0
    return BARS[min(max(int(share * len(BARS)), 0), len(BARS) - 1)]


def mean_auc(metrics):
    """Mean AUC over the binary tasks, or None where one is undefined, None or NaN."""
    found = [value for name, value in metrics.items() if name.endswith("/auc")]
    if not found or any(value is None or math.isnan(value) for value in found):
        return None
    return sum(found) / len(found)


def color_of(kind):
    """Colour of a label."""
    return {"healthy": "green", "micro": "yellow"}.get(kind, "red")


def shown_auc(value):
    """An AUC as a person reads it; None is one that is undefined."""
    return "AUC   -  " if value is None else f"AUC {value:.4f}"


def duration(seconds):
    """Seconds as hours and minutes, or as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"

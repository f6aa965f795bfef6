"""What a person sees while a study runs: a live display in a terminal, plain lines elsewhere."""

import collections
import datetime
import json
import math
import time

import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from experiments.machinery.cost.cost import seconds_of
from experiments.machinery.workers.sparkline import BARS, sparkline
from experiments.training.divergence import CHANCE, label

HEARTBEAT_S = 300  # ours: between two plain lines of a study whose runs are long
LEAST_TOP = 0.6  # ours: upper end of a sparkline's scale, so that noise about chance stays low
CURVE_LETTERS = 24  # ours: of a sparkline where there is room
TERSE_BELOW = 72  # ours: letters of a terminal in which a whole run id leaves no room for a curve
EARLY = 0.25  # ours: share of its steps after which a run at chance is one that has diverged
LINES_BESIDE = 6  # ours: of a terminal's height, what is left to lines that are not runs


class Display:
    """Progress of one study; used as a context manager around its runs.

    Args:
      divergence: DivergenceConfig.
      workers: runs done at the same time.
      console: rich Console, by default one on standard error.
      clock: function that gives the time in seconds.
    """

    def __init__(self, divergence, workers, console=None, clock=time.time):
        self._divergence, self._workers, self._clock = divergence, workers, clock
        self._console = console or Console(stderr=True)
        self._is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        self._done = self._total = 0
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
            self._print(Text(f"{self._counts()} in {took}"))

    def begin(self, title, total, done, predicted_s):
        """Says what is about to happen.

        Args:
          title: name of the study or of a part of it.
          total: its runs, those done included.
          done: those that have a record already.
          predicted_s: predicted seconds of the others, one worker.
        """
        self._total, self._done, self._predicted_s = total, done, predicted_s
        left = self._left(self._predicted_s / self._workers * self._pace())
        self._print(Text(f"{title}: {total} runs, {done} done, {self._workers} workers, {left}"))

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

    def held(self, config):
        """Another process is on a run; it is looked at again later. Said once."""
        if config.run_id not in self._held:
            self._held.add(config.run_id)
            self._print(Text(f"{config.run_id}: another process is on it; looked at again later"))

    def note(self, text):
        """Says something that a person should know, in lines of its own."""
        self._print(Text(text))

    def running(self, folder, waiting=(), study=None):
        """Shows the runs under way, from the files that the workers keep in `folder`.

        Args:
          folder: of the progress files, see worker.py.
          waiting: RunConfigs that have not ended, those under way among them.
          study: name that the files of this study's own runs give; others are said to be so.
        """
        if not self._is_live and self._clock() - self._said < HEARTBEAT_S:
            return
        states = list(_states(folder))
        predicted = {config.run_id: seconds_of(config) for config in waiting}
        left = self._left(self._remaining_s(states, predicted))
        if not self._is_live:
            own = sum(state.get("study") == study for state in states)
            elsewhere = f", {len(states) - own} elsewhere" if own < len(states) else ""
            self._print(Text(f"[{self._done}/{self._total}] {own} running{elsewhere}, {left}"))
            return
        room = max(1, self._console.height - LINES_BESIDE)
        lines = [self._state(state, study) for state in states[:room]]
        if len(states) > room:
            lines.append(Text(f"  and {len(states) - room} more"))
        lines.append(self._bar())
        lines.append(Text(left))
        if self._kinds:
            lines.append(self._counts())
        for line in lines:
            line.truncate(self._console.width, overflow="ellipsis")
        self._live.update(Group(*lines))

    def _one_less(self, config):
        self._done += 1
        self._predicted_s = max(0.0, self._predicted_s - seconds_of(config))

    def _state(self, state, study):
        """A run under way as a line: its id, how far it is, its AUC so far as a curve."""
        rows, run_id = state["rows"], state["run_id"]
        step = rows[-1]["step"] if rows else 0
        terse = self._console.width < TERSE_BELOW
        kind = self._kind(rows, state["steps"])
        aucs = [mean_auc(row) for row in rows]
        if terse:
            text = Text(f" {run_id.rpartition('-')[2][:7]} {100 * step // state['steps']:>3} % ")
        else:
            text = Text(f"  {run_id}  step {step}/{state['steps']}  ")
        text.append("starting" if not rows else shown_auc(aucs[-1])[4 * terse :])
        text.append(" " if terse else "  ")
        if state.get("study") != study:
            text.append("elsewhere ", style="bright_black")
        text.append("" if kind == "healthy" else f"{kind} ", style=color_of(kind))
        top = max([LEAST_TOP, *(auc for auc in aucs if auc is not None)])
        letters = min(CURVE_LETTERS, max(1, self._console.width - len(text)))
        return text.append(sparkline(aucs, letters, CHANCE, top), style=color_of(kind))

    def _kind(self, rows, steps):
        """The label of a run under way; one that has not left chance yet is given a while."""
        if not rows:
            return "healthy"
        found = label(pd.DataFrame(rows), self._divergence)
        early = rows[-1]["step"] < EARLY * steps
        return "healthy" if early and found.step == rows[0]["step"] else found.kind

    def _bar(self):
        counted = f" {self._done}/{self._total}"
        width = max(1, min(40, self._console.width - len(counted) - 6))
        filled = width * self._done // max(1, self._total)
        text = Text("runs ").append(BARS[-1] * filled, style="green")
        return text.append("░" * (width - filled), style="bright_black").append(counted)

    def _counts(self):
        """How the runs done here ended, as text."""
        text = Text(f"{sum(self._kinds.values())} runs done:")
        for place, (kind, count) in enumerate(self._kinds.most_common()):
            text.append("," * (place > 0)).append(f" {count} {kind}", style=color_of(kind))
        return text

    def _line(self, run_id, kind, auc, wall_s):
        self._kinds[kind] += 1
        width = len(str(self._total))
        terse = self._is_live and self._console.width < TERSE_BELOW
        shown_id = run_id.rpartition("-")[2][:7] if terse else f"{run_id} "
        text = Text(f"[{self._done:>{width}}/{self._total}] {shown_id} ")
        text.append(f"{kind:<{9 * (not terse)}}", style=color_of(kind))
        self._print(text.append(f" {shown_auc(auc)[4 * terse :]}  {wall_s:.0f} s"))

    def _print(self, text):
        self._said = self._clock()
        self._console.print(text, soft_wrap=not self._is_live, highlight=False)

    def _pace(self):
        """Seconds that a predicted second took."""
        return self._spent_s / self._spent_predicted_s if self._spent_s else 1.0

    def _remaining_s(self, states, predicted):
        """Seconds to the end: of all work shared out, or of the run that will end last."""
        shares = {s["run_id"]: s["rows"][-1]["step"] / s["steps"] for s in states if s["rows"]}
        part = {run_id: shares.get(run_id, 0.0) * s for run_id, s in predicted.items()}
        longest = max((s - part[run_id] for run_id, s in predicted.items()), default=0.0)
        shared = (self._predicted_s - sum(part.values())) / self._workers
        return max(shared, longest, 0.0) * self._pace()

    def _left(self, seconds):
        """How long it still takes and when it will be done, as text."""
        end = datetime.datetime.fromtimestamp(self._clock() + seconds)
        now = datetime.datetime.fromtimestamp(self._clock())
        day = "" if end.date() == now.date() else f"{end:%a} "
        return f"about {duration(seconds)} to go, done at {day}{end:%H:%M}"


def _states(folder):
    """What the progress files say of the runs under way."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield json.loads(path.read_text())
        except (OSError, ValueError):  # it has just ended, or is just being replaced
            continue


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

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
from experiments.training.divergence import CHANCE, label, reported, reported_auc

HEARTBEAT_S = 300  # ours: between two plain lines of a study whose runs are long
LEAST_TOP = 0.6  # ours: upper end of a sparkline's scale, so that noise about chance stays low
CURVE_LETTERS = 24  # ours: of a sparkline where there is room
WIDE = 100  # ours: letters of a terminal in which a whole id and setting leave room for a curve
NARROW = 72  # ours: the same of model and method
EARLY = 0.25  # ours: share of its steps before which a run at chance is not yet called diverged
BARS = "▁▂▃▄▅▆▇█"
UNDEFINED = "×"


class Display:
    """Progress of one study, a context manager around its runs, `workers` of them at a time.

    `base_rate` is the rate called 1x, once it is known.
    """

    base_rate = None
    _how = None  # how the runs still to be done are measured

    def __init__(self, divergence, workers, console=None, clock=time.time):
        self._divergence, self._workers, self._clock = divergence, workers, clock
        self._console = console or Console(stderr=True)
        self._is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._is_wide = not self._is_live or self._console.width >= WIDE
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
            self._print(self._counts().append(f" in {duration(self._clock() - self._began)}"))

    def begin(self, title, total, done, predicted_s, how=None):
        """Announces a study or a part of it, whose runs are measured as `how` says.

        Of its `total` runs `done` have a record already; `predicted_s` are the predicted seconds of
        the others on one worker.
        """
        self._how = how
        self._bar.reset(self._runs.id, total=total, completed=done)
        self._predicted_s = predicted_s
        left = self._left(predicted_s / self._workers)
        self._print(Text(f"{title}: {total} runs, {done} done, {self._workers} workers, {left}"))

    def finished(self, config, record, curves):
        """Shows a run that has ended and is recorded."""
        wall_s = record.provenance["wall_s"]
        self._spent_s += wall_s
        self._spent_predicted_s += seconds_of(config)
        found = label(curves, self._divergence)
        self._ended(config, found.kind, shown_quality(curves.iloc[-1]), wall_s)

    def crashed(self, config):
        """Shows a run that has crashed; the study goes on."""
        self._ended(config, "crashed", shown_auc(None), 0.0)

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

        `root` is the results folder, with the progress files; `waiting` are the RunConfigs that
        have not ended; runs whose file does not name `study` are elsewhere.
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
        columns = [Column(no_wrap=True) for _ in range(4)] + [Column(ratio=1, no_wrap=True)]
        runs = Table.grid(*columns, padding=(0, len(self._gap)), expand=True)
        for state in found:
            runs.add_row(*self._row(state, study))
        # The runs come last: where the terminal is too low for all, rich leaves out the end.
        counts = Text(count).append("; " if self._kinds else "").append(self._counts())
        self._live.update(Group(self._bar, Text(left), counts, runs))

    def _row(self, state, study):
        """The cells of a run under way: id, setting, steps, AUC, and the AUC so far as a curve."""
        rows, steps = state["rows"], state["steps"]
        step = rows[-1]["step"] if rows else 0
        aucs = [reported_auc(row) for row in rows]
        kind = "healthy"
        if rows:
            found = label(pd.DataFrame(rows), self._divergence)
            # A run that has not left chance yet is given a while.
            early = step < EARLY * steps and found.step == rows[0]["step"]
            kind = "healthy" if early else found.kind
        said = Text("" if state.get("study") == study else "elsewhere ", style="bright_black")
        said.append("" if kind == "healthy" else f"{kind} ", style=color_of(kind))
        return (
            self._shown_id(state["run_id"]),
            self._setting(state.get("learning_rate"), state.get("thresholds")),
            f"step {step}/{steps}" if self._is_wide else f"{step / steps:4.0%}",
            shown_quality(rows[-1]) if rows else "starting",
            _Curve(said, aucs, color_of(kind)),
        )

    def _counts(self):
        """How the runs done here ended, as text; empty if there are none."""
        text = Text(f"{sum(self._kinds.values())} runs done:" if self._kinds else "")
        for place, (kind, count) in enumerate(self._kinds.most_common()):
            text.append("," * (place > 0)).append(f" {count} {kind}", style=color_of(kind))
        return text

    def _ended(self, config, kind, quality, wall_s):
        self._bar.advance(self._runs.id)
        self._predicted_s = max(0.0, self._predicted_s - seconds_of(config, self._how))
        self._kinds[kind] += 1
        setting = self._setting(config.learning_rate, config.method.thresholds)
        parts = f"{self._place()} {self._shown_id(config.run_id)}", setting
        text = Text(self._gap.join([*parts, ""]))
        text.append(f"{kind:<{9 if self._is_wide else 7}}", style=color_of(kind))
        self._print(text.append(f" {quality}{self._gap}{wall_s:.0f} s"))

    def _place(self):
        total = self._runs.total
        return f"[{self._runs.completed:>{len(str(total))}}/{total}]"

    @property
    def _gap(self):
        return "  " if self._is_wide else " "

    def _shown_id(self, run_id):
        """A run's id, with the first letters of its hash, or these alone, where room is short."""
        if self._is_wide:
            return run_id
        about, dash, digest = run_id.rpartition("-")
        return digest[:7] if self._is_narrow else f"{about}{dash}{digest[:7]}"

    def _setting(self, rate, thresholds):
        """`setting_text`, in fewer letters where room is short; "" if the rate is not known."""
        if rate is None:  # the progress file of an earlier version
            return ""
        if self._is_wide:
            return setting_text(rate, thresholds, self.base_rate)
        short = f"{rate / self.base_rate:.3g}x" if self.base_rate else f"rate {rate:.3g}"
        text = thresholds_text(thresholds)
        if self._is_narrow:
            text = ",".join(f"{value:g}" for _, value in sorted(thresholds.items()))
        return " ".join(filter(None, (short, text)))

    def _print(self, text):
        self._said = self._clock()
        self._console.print(text, soft_wrap=not self._is_live, highlight=False)

    def _remaining_s(self, states, waiting):
        """Predicted seconds to the end: of all work shared out, or of the run that ends last."""
        shares = {s["run_id"]: s["rows"][-1]["step"] / s["steps"] for s in states if s["rows"]}
        pairs = [
            (seconds_of(config, self._how), shares.get(config.run_id, 0.0)) for config in waiting
        ]
        done_s = sum(share * predicted_s for predicted_s, share in pairs)
        left_s = [predicted_s - share * predicted_s for predicted_s, share in pairs]
        shared_s = (self._predicted_s - done_s) / self._workers
        return max(shared_s, *left_s, 0.0)

    def _left(self, predicted_s):
        """How long it still takes, at the pace of the runs so far, and when it will be done."""
        pace = self._spent_s / self._spent_predicted_s if self._spent_s else 1.0
        now_s, seconds = self._clock(), predicted_s * pace
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

    None or a number that is not finite is shown as ×. Of more values than `width`, at least 1, each
    letter shows the last of its share, so that the last letter is the last value. Bars are cut off
    beyond the ends of the scale, and low if high <= low.
    """
    letters = min(len(values), width)
    text = ""
    for k in range(letters):
        value = values[(k + 1) * len(values) // letters - 1]
        if value is None or not math.isfinite(value):
            text += UNDEFINED
        else:
            share = (value - low) / (high - low) if high > low else 0.0
            text += BARS[min(max(int(share * len(BARS)), 0), len(BARS) - 1)]
    return text


def setting_text(rate, thresholds, base_rate=None):
    """A learning rate, as a multiple too if `base_rate` is known, and a method's thresholds."""
    text = f"rate {rate:.6g}" + (f" ({rate / base_rate:.3g}x)" if base_rate else "")
    if thresholds:
        text += f", {'threshold ' * (len(thresholds) == 1)}{thresholds_text(thresholds)}"
    return text


def thresholds_text(thresholds):
    """The thresholds of a method as text, or None."""
    if len(thresholds) == 1:
        return f"{next(iter(thresholds.values())):g}"
    return " ".join(f"{name}={value:g}" for name, value in sorted(thresholds.items())) or None


def step_text(row, steps):
    """One row of the curves of a run of `steps` steps, as a line for a person who waits for it."""
    where = f"step {row['step']:>6}/{steps}  day {row['day']:>3}"
    return f"{where}  loss {row['loss']:.4f}  {shown_quality(row)}"


def color_of(kind):
    """Colour of a label."""
    return {"healthy": "green", "micro": "yellow"}.get(kind, "red")


def shown_quality(row):
    """The AUC in a row of curves as a person reads it, or the error rate of a translation run."""
    wrong = reported(row.keys(), "error_rate")
    return shown_auc(reported_auc(row)) if wrong is None else f"err {row[wrong]:.4f}"


def shown_auc(value):
    """An AUC as a person reads it; None is one that is undefined."""
    return "AUC   -  " if value is None else f"AUC {value:.4f}"


def duration(seconds):
    """Seconds as hours and minutes, or as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"

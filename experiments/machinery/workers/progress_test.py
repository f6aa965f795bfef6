"""The live display and the plain lines."""

import io
import json
import math
import re

import pandas as pd
import pytest
from rich.console import Console

from experiments.machinery.workers import progress
from experiments.machinery.workers.progress import BARS, Display, duration, sparkline
from experiments.machinery.workers.testing import leave_run
from experiments.studies.testing import DIVERGENCE, smoke_run

NOON = 1_700_000_000.0


def rows(aucs):
    losses = {"loss": 1.0, "worst_loss": 1.1}
    return [{"step": 36 * i, "click/auc": auc} | losses for i, auc in enumerate(aucs, 1)]


class Shown:
    """A display on a terminal or a file of some width, and a folder of progress files."""

    def __init__(self, folder, *, terminal=True, **changes):
        self.text, self.folder, self.now_s = io.StringIO(), folder / "progress", NOON
        self.folder.mkdir()
        size = {"width": 100, "height": 24, "color_system": None} | changes
        console = Console(file=self.text, force_terminal=terminal, **size)
        self.display = Display(DIVERGENCE, 2, console, clock=lambda: self.now_s)

    def under_way(self, run_id, aucs, steps=468, study="here-1", **about):
        state = {"run_id": run_id, "steps": steps, "rows": rows(aucs), "study": study}
        state |= {"learning_rate": 0.4, "thresholds": {}} | about
        (self.folder / f"{run_id}.json").write_text(json.dumps(state))

    def frame(self, waiting=()):
        """The lines that the live display shows now, without colours."""
        with self.display:
            before = self.text.tell()
            self.display.running(self.folder.parent, waiting, "here-1")
            self.display._live.refresh()
            return self.lines(before)

    def lines(self, since=0):
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.text.getvalue()[since:])
        return [line.rstrip() for line in text.split("\n")]


def line_with(lines, part):
    (found,) = [line for line in lines if part in line]
    return found


def test_a_terminal_shows_the_runs_under_way_with_their_curves(tmp_path):
    shown = Shown(tmp_path)
    shown.under_way("large-gc-abc", [0.7, 0.8, 0.5])
    shown.under_way("large-gc-def", [])
    shown.under_way("large-gc-ghi", [0.7], study="there-9")
    for run_id, steps in {"early": 433, "later": 432}.items():  # all shown are at chance
        shown.under_way(run_id, [0.5, 0.5, 0.5], steps)
    (shown.folder / "2.json").write_text("{")  # being replaced just now
    shown.display.begin("Table 2", 5, 3, 600.0)
    lines = shown.frame()
    assert line_with(lines, "abc") == "large-gc-abc  rate 0.4  step 108/468  AUC 0.5000  full ▆█▁"
    assert line_with(lines, "def") == "large-gc-def  rate 0.4  step 0/468    starting"
    assert (
        line_with(lines, "ghi") == "large-gc-ghi  rate 0.4  step 36/468   AUC 0.7000  elsewhere █"
    )
    assert line_with(lines, "runs ━").endswith(" 3/5")
    assert "about 5 min 00 s to go, done at " in "\n".join(lines)
    assert "4 running, 1 elsewhere" in lines
    assert "full" not in line_with(lines, "early")
    assert "full" in line_with(lines, "later")


@pytest.mark.parametrize("no_color", [False, True])
def test_a_run_that_diverged_is_red_and_without_colours_it_is_not(tmp_path, no_color):
    shown = Shown(tmp_path, color_system="standard", no_color=no_color)
    shown.under_way("large-gc-abc", [0.7, 0.8, 0.5])
    shown.frame()
    assert ("\x1b[31m▆█▁" in shown.text.getvalue()) != no_color
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", shown.text.getvalue())) != no_color


def test_a_narrow_window_has_short_ids_and_no_line_that_is_wider(tmp_path):
    shown = Shown(tmp_path, width=40)
    shown.display.base_rate = 0.1
    shown.under_way("large_dcn-clippy-0123456789ab", [0.5 + k / 100 for k in range(30)], steps=2000)
    shown.under_way("large-gc-diverged0", [0.9, 0.9, 0.5])
    shown.display.begin("Table 2: search and repeats", 5, 3, 600_000.0)
    shown.display.crashed(smoke_run(0))
    printed, lines = shown.lines(), shown.frame()
    assert max(map(len, printed + lines)) <= 40
    assert f"[4/5] {smoke_run(0).run_id[-12:-5]} 1x crashed AUC   -   0 s" in printed
    assert line_with(lines, "0123456") == "0123456 4x  54% AUC 0.7900 ▁▁▂▃▃▄▅▅▆▇▇██"
    assert "full" in line_with(lines, "diverge")


def test_of_more_runs_than_lines_the_last_are_left_out(tmp_path):
    shown = Shown(tmp_path, height=10)
    for k in range(9):
        shown.under_way(f"large-gc-{k}", [0.6])
    lines = shown.frame()
    assert sum("step 36" in line for line in lines) == 6
    assert "9 running" in lines


def test_the_remaining_time_counts_the_steps_done_and_the_longest_run(tmp_path, monkeypatch):
    monkeypatch.setattr(
        progress, "seconds_of", lambda run, how=None: (how or 1) * (100.0, 40.0)[run.run_seed]
    )
    shown = Shown(tmp_path)
    shown.display.begin("Table 2", 2, 0, 140.0)
    waiting = [smoke_run(0), smoke_run(1)]
    assert "about 1 min 40 s to go" in "\n".join(shown.frame(waiting))  # not 140 / 2
    shown.under_way(smoke_run(0).run_id, [0.6], steps=60)
    assert "about 40 s to go" in "\n".join(shown.frame(waiting))
    shown.display.begin("Table 2", 9, 0, 340.0)
    assert "about 2 min 20 s to go" in "\n".join(shown.frame(waiting))  # (340 - 60) / 2
    shown.display.begin("Table 2: curvature", 9, 0, 680.0, 2)  # which takes twice as long
    assert "about 4 min 40 s to go" in "\n".join(shown.frame(waiting))


def test_elsewhere_there_are_plain_lines_alone(tmp_path):
    shown = Shown(tmp_path, terminal=False, width=40)
    for run_id, study in {"1": "here-1", "2": "there-9", "3": "there-9"}.items():
        shown.under_way(run_id, [0.7], study=study)
    record, curves = leave_run(tmp_path, smoke_run(1), aucs=[0.7]), pd.DataFrame(rows([0.7]))
    with shown.display:
        shown.display.begin("Table 2", 5, 3, 600.0)
        for _ in range(9):
            shown.display.running(tmp_path)
            shown.display.held(smoke_run(2))
        shown.display.crashed(smoke_run(0))
        shown.display.finished(smoke_run(1), record, curves)
        shown.now_s += progress.HEARTBEAT_S + 1
        for _ in range(2):
            shown.display.running(tmp_path, study="here-1")
    assert "\x1b" not in shown.text.getvalue()
    lines = shown.text.getvalue().splitlines()
    assert lines[0].startswith("Table 2: 5 runs, 3 done, 2 workers, about 5 min 00 s to go, done")
    assert lines[1] == f"{smoke_run(2).run_id}: another process is on it; looked at again later"
    assert lines[2] == f"[4/5] {smoke_run(0).run_id}  rate 0.1  crashed   AUC   -    0 s"
    assert lines[3] == f"[5/5] {smoke_run(1).run_id}  rate 0.1  healthy   AUC 0.7000  8 s"
    assert lines[4].startswith("[5/5] 1 running, 2 elsewhere, about ")
    assert lines[5:] == ["2 runs done: 1 crashed, 1 healthy in 5 min 01 s"]


@pytest.mark.parametrize(
    "width, said",
    [
        (120, "large-clippy-0123456789ab  rate 0.4 (2x), abs_=0.01 rel=0.5  step 72/468  AUC 0.8"),
        (80, "large-clippy-0123456 2x abs_=0.01 rel=0.5  15% AUC 0.8"),
        (40, "0123456 2x 0.01,0.5  15% AUC 0.8"),
    ],
)
def test_a_line_names_rate_and_thresholds_in_the_room_there_is(tmp_path, width, said):
    shown = Shown(tmp_path, width=width)
    shown.display.base_rate = 0.2
    thresholds = {"rel": 0.5, "abs_": 0.01}
    shown.under_way("large-clippy-0123456789ab", [0.7, 0.8], thresholds=thresholds)
    assert line_with(shown.frame(), "0123456").startswith(said)


def test_a_setting_is_said_in_words():
    assert progress.setting_text(0.05, {}) == "rate 0.05"
    assert progress.setting_text(0.05, {"lam": 0.01}, 0.1) == "rate 0.05 (0.5x), threshold 0.01"


def test_the_auc_of_a_step_is_that_of_the_reported_task():
    row = {"step": 36, "day": 1, "loss": 0.5, "like/auc": 0.7, "click/auc": 0.9}
    assert progress.step_text(row, 468) == "step     36/468  day   1  loss 0.5000  AUC 0.7000"


def test_durations():
    said = ["0 s", "1 min 01 s", "1 h 00 min", "2 h 05 min"]
    assert [duration(seconds) for seconds in (0.4, 61, 3599.6, 7500)] == said


@pytest.mark.parametrize(
    "values, width, low, high, said",
    [
        ([3, 4, 5, 6, 7, 8, 9, 10], 8, 3, 10, BARS),
        ([9, 1, 9, 2, 9, 9, 3], 3, 1, 3, "▁▅█"),  # the last of each share
        ([-9, 0.5, 0.75, 99], 8, 0.5, 1.0, "▁▁▅█"),  # cut off beyond the scale
        ([1, None, math.nan, math.inf, 2], 8, 1, 2, "▁×××█"),
        ([], 8, 0, 1, ""),
        ([4, 4, 4], 8, 4, 4, "▁▁▁"),
    ],
)
def test_a_curve_is_a_word_of_bars(values, width, low, high, said):
    assert sparkline(values, width, low, high) == said
